// The editor of one field: a JSON value, which is stored as programs store it.

// The choices of a type that has few values.
function choices(schema) {
  if (schema?.kind === 'enum') return schema.variants.map(({ name }) => JSON.stringify(name));
  return schema?.kind === 'primitive' && schema.primitive === 'bool' ? ['false', 'true'] : null;
}

// Makes the row of an editor. `close()` is called when it is not wanted any more.
function editor(segment, row, close) {
  const id = `value-of-${row.path}`;
  const now = json(row.value);
  const few = choices(row.schema);
  const options = few?.map((choice) =>
    element('option', { value: choice, selected: choice === now }, JSON.parse(choice)),
  );
  const input = few
    ? element('select', { id }, ...options.map((option) => option))
    : element('input', { id, type: 'text', value: now, autocomplete: 'off', spellcheck: 'false' });
  const version = row.part && row.version !== undefined ? row.version : null;
  const same = element('input', { type: 'checkbox', id: `${id}-same` });
  const said = element('p', { class: 'said', role: 'status' });
  const store = element('button', { type: 'submit', class: 'main' }, 'Store');
  const form = element(
    'form',
    { class: 'editor' },
    element('label', { for: id }, 'New value of ', element('code', {}, row.path), ', as JSON'),
    element('div', { class: 'line' }, input, store, element('button', { type: 'button', onclick: close }, 'Cancel')),
    version === null
      ? null
      : element('label', { class: 'same', for: same.id }, same, ` Only if the version is still ${version}`),
    said,
  );
  const tell = (text, isBad) => {
    say(said, text);
    mark(said, 'class', isBad ? 'said bad' : 'said');
    mark(input, 'aria-invalid', isBad ? 'true' : null);
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (store.disabled) return;
    try {
      JSON.parse(input.value);
    } catch {
      tell('This is not JSON. Write a number, a "text", true, false, a [list] or a {"struct": …}.', true);
      return;
    }
    store.disabled = true;
    tell('Storing …', false);
    const headers = { 'Content-Type': 'application/json' };
    if (same.checked) headers['If-Match'] = `"${version}"`;
    try {
      const path = encodeURIComponent(row.path);
      await ask(`/api/objects/${segment}/fields/${path}`, { method: 'POST', headers, body: input.value });
      close();
    } catch (error) {
      const why = error.status ? error.message : 'the server cannot be reached';
      tell(`Not stored: ${why}.`.replace(/\.\.$/, '.'), true);
    } finally {
      store.disabled = false;
    }
  });
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    close();
  });
  const cell = element('td', {}, form);
  return {
    line: element('tr', { class: 'editor-row' }, cell),
    cell,
    path: row.path,
    focus: () => (input.focus(), input.select?.()),
  };
}
