// A value as rows, by its schema.
//
// A row has: `path`, `label`, `depth`, `kind`, `text`, `version` and `part` if it is a part, `schema` and `value` as
// JSON, `canOpen`, `canSet`.

// Lists that are longer are closed at first.
const LONG = 4;
const SKIPPED = new Set(['pad', 'phantom']);

// The name of a type, as Rust writes it, with fewer signs.
function typeName(schema) {
  if (!schema) return '';
  switch (schema.kind) {
    case 'primitive':
      return schema.primitive;
    case 'atomic':
      return `Atomic ${schema.primitive}`;
    case 'atomic_cell':
      return `Atomic ${typeName(schema.value)}`;
    case 'array':
      return `[${typeName(schema.element)}; ${schema.len}]`;
    case 'fixed_string':
      return `text of ${schema.capacity}`;
    case 'fixed_vec':
      return `list of ${schema.capacity} ${typeName(schema.element)}`;
    case 'versioned':
      return `Versioned ${typeName(schema.value)}`;
    case 'cache_aligned':
      return typeName(schema.object);
    case 'queue':
      return `Queue of ${typeName(schema.value)}`;
    case 'broadcast':
      return `Broadcast of ${typeName(schema.value)}`;
    case 'map':
      return `Map of ${typeName(schema.value)}`;
    case 'frames':
      return `Frames of ${typeName(schema.element)}`;
    case 'lock':
      return 'Lock';
    case 'event':
      return 'Event';
    default:
      return schema.name ?? schema.kind;
  }
}

// Returns the rows of a value. `isOpen(path, usual)` says whether the rows below a row are wanted.
function rows(schema, value, isOpen) {
  const found = [];
  visit(found, isOpen, schema, value, { path: '', label: '', depth: 0, canSet: false });
  return found;
}

function visit(found, isOpen, schema, value, at) {
  const kind = schema?.kind;
  if (kind === 'cache_aligned') return visit(found, isOpen, schema.object, value, { part: schema.object, ...at });
  if (kind === 'atomic_cell')
    return visit(found, isOpen, schema.value, value, { ...at, part: at.part ?? schema, canSet: true });
  if (kind === 'versioned' && isRecord(value) && 'version' in value) {
    const of = { version: value.version, isLocked: value.locked, part: at.part ?? schema, canSet: true };
    return visit(found, isOpen, schema.value, value.value, { ...at, ...of });
  }
  const row = { ...at, kind, schema, value, text: '', canOpen: false };
  row.canSet = at.canSet || kind === 'atomic';
  if (['atomic', 'lock', 'event', 'queue', 'broadcast', 'map', 'frames'].includes(kind)) row.part = at.part ?? schema;
  const isRoot = at.path === '';
  const below = children(schema, value, row);
  row.canOpen = below !== null && below.length > 0;
  describe(row);
  // The root is the heading of the page. It has a row only if it is a part or a plain value by itself.
  const isShown = !isRoot || below === null || row.part;
  if (isShown) found.push(isRoot ? { ...row, path: '.', label: 'value' } : row);
  const isList = kind === 'array' || kind === 'fixed_vec';
  const usual = at.depth === 0 && (!isList || below?.length <= LONG);
  const depth = isShown ? at.depth + 1 : 0;
  if (row.canOpen && (isRoot || isOpen(at.path, usual))) {
    for (const [label, path, of, inner, more] of below) {
      visit(found, isOpen, of, inner, { path, label, depth, canSet: row.canSet, ...more });
    }
  }
  return undefined;
}

// The rows below a row: its label, its path, its schema, its value, and more. `null` if it is a value by itself.
function children(schema, value, { path, canSet }) {
  const named = (name) => (path === '' ? escaped(name) : `${path}.${escaped(name)}`);
  switch (schema?.kind) {
    case 'struct': {
      if (isTime(schema) || !isRecord(value) || isInvalid(schema, value)) return null;
      const fields = schema.fields.filter(({ name, type }) => !SKIPPED.has(type.kind) && name in value);
      return fields.map(({ name, type }) => [name, named(name), type, value[name]]);
    }
    case 'array':
    case 'fixed_vec':
      return elements(value)?.map((of, index) => [`[${index}]`, `${path}[${index}]`, schema.element, of]) ?? null;
    case 'map':
      return isRecord(value)
        ? (value.first ?? []).map((entry) => {
            const step = `[${json(entry.key)}]`;
            const more = { version: entry.version, isLocked: entry.locked, canSet: true };
            return [step, path + step, schema.value, entry.value, more];
          })
        : null;
    // Items have no path of their own.
    case 'queue':
      return (value?.first ?? []).map((of, index) => [
        index === 0 ? 'next' : `+${index}`,
        `${path} item ${index}`,
        schema.value,
        of,
        { isItem: true },
      ]);
    case 'broadcast':
      return [...(value?.last ?? [])]
        .reverse()
        .map((of) => [`#${of.position}`, `${path} item ${of.position}`, schema.value, of.value, { isItem: true }]);
    case 'frames': {
      if (!(value?.newest > 0)) return [];
      const all = [];
      if (value.meta !== null) all.push(['meta', named('meta'), schema.meta, value.meta, { canSet: false }]);
      const data = { kind: 'array', len: schema.capacity, element: schema.element };
      all.push(['data', `${path} data`, data, { len: value.len, first: value.first }, { isItem: true, canSet: false }]);
      return all;
    }
    default:
      return null;
  }
}

// Sets what a row says.
function describe(row) {
  const { kind, value, schema } = row;
  if (value === null || value === undefined) row.text = 'not read';
  else if (isInvalid(schema, value)) [row.text, row.isBad] = [`invalid: ${value.invalid}`, true];
  else if (kind === 'struct' && isTime(schema)) row.text = timestamp(value.nanoseconds ?? 0);
  else if (kind === 'lock') {
    row.text = value.inconsistent ? 'inconsistent' : value.locked ? 'locked' : 'free';
    row.isBad = value.inconsistent === true;
  } else if (kind === 'event') row.text = `notified ${number(value)} times`;
  else if (kind === 'queue') {
    row.text = `${number(value.len)} of ${number(value.capacity)} wait, ${number(value.outstanding)} taken`;
    [row.version, row.fill] = [value.pushed, [value.len, value.capacity]];
  } else if (kind === 'broadcast') {
    const kept = number(Math.min(Number(value.sent), Number(value.capacity)));
    row.text = value.sent > 0 ? `the last ${kept} are kept` : 'nothing was sent yet';
    row.version = value.sent;
  } else if (kind === 'map') {
    row.text = `${number(value.len)} of ${number(value.capacity)} keys`;
    [row.version, row.fill] = [value.changes, [value.len, value.capacity]];
  } else if (kind === 'frames') {
    row.text =
      value.newest > 0
        ? `${number(value.len)} of ${number(value.capacity)} elements, ${number(value.pins)} pinned`
        : 'no frame yet';
    row.version = value.newest;
  } else if (kind === 'array' || kind === 'fixed_vec') {
    const all = elements(value);
    const len = Array.isArray(value) ? value.length : value.len;
    row.text = all
      ? `${inline(all).slice(0, -1)}${len > all.length ? `, … ${number(len)} elements]` : ']'}`
      : inline(value);
  } else if (kind === 'enum' || (typeof value === 'string' && kind === 'primitive')) row.text = String(value);
  else row.text = inline(value);
}

const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isTime = (schema) =>
  schema.name === 'Timestamp' && schema.fields.length === 1 && schema.fields[0].name === 'nanoseconds';

function isInvalid(schema, value) {
  return (
    isRecord(value) &&
    typeof value.invalid === 'string' &&
    Object.keys(value).length === 1 &&
    !schema?.fields?.some(({ name }) => name === 'invalid')
  );
}

function elements(value) {
  if (Array.isArray(value)) return value;
  return isRecord(value) && Array.isArray(value.first) ? value.first : null;
}

// Writes a name as paths have it.
function escaped(name) {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0', '\\': '\\\\', '"': '\\"', "'": "\\'" };
  return name.replace(/[\p{Cc}\\"']/gu, (sign) => short[sign] ?? `\\u{${sign.codePointAt(0).toString(16)}}`);
}
