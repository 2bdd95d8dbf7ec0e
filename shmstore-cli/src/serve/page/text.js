// Numbers, sizes and times as people read them.

const THIN_SPACE = '\u202f';

// Groups the digits of an integer: 224 970.
function grouped(integer) {
  return String(integer).replace(/\B(?=(\d{3})+(?!\d))/g, THIN_SPACE);
}

// A number with about six digits. The text of a number that changes keeps its width.
function number(value) {
  if (typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value) < 1e15)) return grouped(value);
  const shortest = String(value);
  if (shortest.length <= 7 || !Number.isFinite(value)) return shortest;
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(4);
  return value.toFixed(Math.min(6, Math.max(0, 5 - Math.floor(Math.log10(size)))));
}

// The numbers at an axis whose ticks are `step` apart.
function ticks(values, step) {
  const digits = Math.min(9, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return values.map((value) => {
    const size = Math.abs(value);
    if (size >= 1e9 || (size > 0 && size < 1e-6)) return value.toExponential(2);
    return digits > 0 ? value.toFixed(digits) : grouped(Math.round(value));
  });
}

function rate(perSecond) {
  if (perSecond === null || perSecond <= 0) return '–';
  const [value, unit] = [
    [1e9, 'G/s'],
    [1e6, 'M/s'],
    [1e3, 'k/s'],
  ]
    .filter(([size]) => perSecond >= size * 0.9995)
    .map(([size, name]) => [perSecond / size, name])[0] ?? [perSecond, '/s'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

function bytes(size) {
  let unit = 0;
  while (size >= 1023.5 && unit < 6) [size, unit] = [size / 1024, unit + 1];
  const amount = unit > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size);
  return `${amount} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][unit]}`;
}

// A duration in its largest unit: 9 s, 6 min.
function duration(seconds) {
  for (const [unit, name] of [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ]) {
    if (seconds >= unit) return `${Math.floor(seconds / unit)} ${name}`;
  }
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function counted(count, what) {
  return `${grouped(count)} ${what}${count === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`;
}

const two = (part) => String(part).padStart(2, '0');

// The local time of a moment in milliseconds since 1970: 17:35:20.
function clock(milliseconds) {
  const date = new Date(milliseconds);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

// The local date and time: 2026-11-29 17:35:20.
function dated(milliseconds) {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return 'a time that has no date';
  return `${[date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join('-')} ${clock(milliseconds)}`;
}

// The local date and time of nanoseconds since 1970, to the millisecond.
function timestamp(nanoseconds) {
  const milliseconds =
    typeof nanoseconds === 'bigint' ? Number(nanoseconds / 1_000_000n) : Math.floor(nanoseconds / 1e6);
  return `${dated(milliseconds)}.${String(((milliseconds % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

// Reads JSON. An integer that a double cannot hold becomes a BigInt, if the browser shows its digits.
function parsed(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) =>
    typeof value === 'number' && context && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value,
  );
}

// Writes JSON, also of a BigInt.
function json(value) {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, of]) => `${JSON.stringify(name)}:${json(of)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

// A value on one line: { x: 1.5, y: 2 }.
function inline(value) {
  if (value === null || value === undefined) return '…';
  if (typeof value === 'number' || typeof value === 'bigint') return number(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const fields = Object.entries(value).map(([name, of]) => `${name}: ${inline(of)}`);
  return fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}';
}
