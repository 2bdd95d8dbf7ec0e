// The table of the fields of one object.

// How long a changed value looks new, in milliseconds.
const FRESH = 1200;
// The most rows.
const ROWS = 2000;

class Fields {
  #lines = new Map();
  #opened = new Map();
  #editor = null;
  #words = '';

  // `state`: what is known about the object. `plot(path)` shows a plot or removes it.
  constructor(state, plot) {
    this.state = state;
    this.plot = plot;
    this.body = element('tbody');
    this.filter = element('input', {
      type: 'search',
      placeholder: 'Filter fields',
      'aria-label': 'Filter fields',
      autocomplete: 'off',
      spellcheck: 'false',
      oninput: () => {
        this.#words = this.filter.value.trim().toLowerCase();
        this.show();
      },
    });
    const heads = [
      ['field', 'Field'],
      ['value', 'Value'],
      ['spark', 'Last minute'],
      ['version', 'Version'],
      ['rate', 'Rate'],
      ['tools', ''],
    ];
    this.heads = heads.map(([name, text]) =>
      element('th', { scope: 'col', class: name }, text || element('span', { class: 'unseen' }, 'Actions')),
    );
    this.more = element('p', { class: 'quiet', hidden: true });
    this.box = element(
      'section',
      { class: 'fields', 'aria-label': 'Fields' },
      element('div', { class: 'heading' }, element('h3', {}, 'Fields'), this.filter),
      element('table', {}, element('thead', {}, element('tr', {}, ...this.heads)), this.body),
      this.more,
    );
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#line(target)?.see(isIntersecting);
    });
  }

  #line(target) {
    const line = this.#lines.get(target.dataset.path);
    return line && { see: (isSeen) => (line.isSeen = isSeen) };
  }

  show() {
    const { schema, value, history, end, versions, holders, troubles } = this.state;
    if (value === undefined || schema === undefined) return;
    const isOpen = (path, usual) => this.#words !== '' || (this.#opened.get(path) ?? usual);
    let all = rows(schema, value, isOpen);
    if (this.#words !== '') all = all.filter((row) => row.path.toLowerCase().includes(this.#words));
    this.filter.hidden = this.#words === '' && all.length <= 12;
    const shown = all.slice(0, ROWS);
    this.more.hidden = shown.length === all.length && all.length > 0;
    say(
      this.more,
      all.length === 0 ? 'No field has this name.' : `${number(all.length - ROWS)} more rows: filter the fields.`,
    );
    const lines = [];
    for (const row of shown) {
      const line = this.#lines.get(row.path) ?? this.#made(row.path);
      this.#fill(line, row, { history, end, versions, holders, troubles });
      lines.push(line.line);
      if (this.#editor?.path !== row.path) continue;
      // A narrow page shows fewer columns.
      mark(this.#editor.cell, 'colspan', this.heads.filter((head) => head.getClientRects().length > 0).length);
      lines.push(this.#editor.line);
    }
    const paths = new Set(shown.map((row) => row.path));
    for (const [path, line] of this.#lines) {
      if (paths.has(path)) continue;
      this.seen.unobserve(line.line);
      this.#lines.delete(path);
    }
    arranged(this.body, lines);
  }

  // Shows a part that something is said about.
  reveal(part) {
    const line = this.#lines.get(part);
    if (!line) return false;
    line.line.scrollIntoView({ block: 'center' });
    (line.toggle.hidden ? line.line : line.toggle).focus({ preventScroll: true });
    return true;
  }

  #made(path) {
    const line = { text: null, changed: -Infinity, isSeen: true };
    const cell = (name, ...children) => (line[name] = element('td', { class: name }, ...children));
    line.toggle = element('button', {
      type: 'button',
      class: 'toggle',
      hidden: true,
      onclick: () => {
        this.#opened.set(path, line.toggle.getAttribute('aria-expanded') !== 'true');
        this.show();
      },
    });
    line.label = element('span', { class: 'label' });
    line.type = element('span', { class: 'type' });
    line.shown = element('span', { class: 'shown' });
    line.meter = element('meter', { hidden: true, min: 0 });
    line.held = element('span', { class: 'held', hidden: true });
    line.path = drawing('path', {});
    line.svg = drawing('svg', { viewBox: '0 0 120 20', 'aria-hidden': 'true' }, line.path);
    line.plot = element('button', { type: 'button', class: 'tool', onclick: () => this.plot(path) }, 'plot');
    line.edit = element(
      'button',
      { type: 'button', class: 'tool', 'aria-label': `Edit ${path}`, onclick: () => this.#edit(line) },
      'edit',
    );
    const head = element('th', { scope: 'row', class: 'field' }, line.toggle, line.label, line.type);
    line.line = element(
      'tr',
      { 'data-path': path, tabindex: -1 },
      head,
      cell('value', line.shown, line.meter, line.held),
      cell('spark', line.svg),
      cell('version'),
      cell('rate'),
      cell('tools', line.plot, line.edit),
    );
    this.#lines.set(path, line);
    this.seen.observe(line.line);
    return line;
  }

  #fill(line, row, { history, end, versions, holders, troubles }) {
    const now = performance.now();
    line.row = row;
    say(line.label, row.label);
    // The stylesheet has a class for each depth, as the page has no style of its own.
    const trouble = row.part ? troubles.get(row.path) : undefined;
    const depth = `depth-${Math.min(row.depth, 6)}`;
    mark(
      line.line,
      'class',
      `${depth}${row.part ? ' part' : ''}${row.isBad || trouble ? ` ${trouble ?? 'mend'}` : ''}`,
    );
    line.toggle.hidden = !row.canOpen;
    const isOpen = this.#words !== '' || (this.#opened.get(row.path) ?? (row.depth === 0 && !isLong(row)));
    mark(line.toggle, 'aria-expanded', row.canOpen ? String(isOpen) : null);
    mark(line.toggle, 'aria-label', `${row.label}: the fields below`);
    say(line.type, row.part ? typeName(row.part) : row.isItem ? '' : typeName(row.schema));
    // What is below is shown there.
    const isStruct = row.kind === 'struct' && row.canOpen;
    const text = isStruct && isOpen ? '' : row.text;
    if (line.text !== null && line.text !== text && text !== '') line.changed = now;
    line.text = text;
    say(line.shown, text);
    mark(line.shown, 'title', text.length > 40 ? text : null);
    mark(line.value, 'class', `value${now - line.changed < FRESH ? ' fresh' : ''}${isNumeric(row) ? ' number' : ''}`);
    line.meter.hidden = !row.fill;
    if (row.fill) {
      mark(line.meter, 'max', Number(row.fill[1]) || 1);
      mark(line.meter, 'value', Number(row.fill[0]));
      mark(line.meter, 'aria-label', `${row.text}`);
    }
    const holder = row.part ? holders.get(row.path) : undefined;
    line.held.hidden = !holder;
    say(line.held, holder ?? '');
    this.#numbers(line, row, history, end, versions);
  }

  #numbers(line, row, history, end, versions) {
    const column = history.columns.get(row.path);
    line.svg.classList.toggle('none', !column);
    if (column && line.isSeen) mark(line.path, 'd', sparkline(history.times, column, end));
    const counted = versions.get(row.path);
    const version = row.version ?? (row.kind === 'event' ? row.value : undefined);
    say(line.version, version === undefined ? '' : number(version));
    say(line.rate, version === undefined ? '' : rate(counted?.perSecond ?? null));
    const isPlotted = this.state.plots.includes(row.path);
    line.plot.hidden = !column;
    mark(line.plot, 'aria-pressed', String(isPlotted));
    mark(line.plot, 'aria-label', `Plot ${row.path}`);
    line.edit.hidden = !this.state.canWrite || !row.canSet || row.isItem === true;
  }

  #edit(line) {
    const { path } = line.row;
    this.#editor = editor(this.state.segment, line.row, () => {
      this.#editor = null;
      this.show();
      this.#lines.get(path)?.edit.focus();
    });
    this.show();
    this.#editor.focus();
  }
}

function isLong(row) {
  const isList = row.kind === 'array' || row.kind === 'fixed_vec';
  return isList && (Array.isArray(row.value) ? row.value : (row.value?.first ?? [])).length > 4;
}

const isNumeric = (row) => typeof row.value === 'number' || typeof row.value === 'bigint';
