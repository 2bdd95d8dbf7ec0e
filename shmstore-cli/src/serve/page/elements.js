// Elements of the page. Whatever comes from objects becomes text, and never markup.

const SVG = 'http://www.w3.org/2000/svg';

// Makes an element. Keys that begin with `on` are listeners. Children that are null are left out.
function element(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

function drawing(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Sets a text, if it is another one.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// Replaces the children only if `key` has changed since the last call.
const keys = new WeakMap();
function renewed(node, key, children) {
  if (keys.get(node) === key) return false;
  keys.set(node, key);
  node.replaceChildren(...children());
  return true;
}

// Puts nodes into this order below a parent. Nodes that are in order are not touched, so they keep the focus.
function arranged(parent, nodes) {
  let next = parent.firstChild;
  const wanted = new Set(nodes);
  for (const node of nodes) {
    while (next && !wanted.has(next)) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

// A text in which `names` are set as code.
function prose(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}

const SHAPES = {
  good: () => drawing('circle', { cx: 6, cy: 6, r: 4.5 }),
  note: () => drawing('rect', { x: 1.5, y: 1.5, width: 9, height: 9, rx: 1.5 }),
  mend: () => drawing('path', { d: 'M6 .8 11.4 10.6H.6z' }),
  faint: () => drawing('circle', { cx: 6, cy: 6, r: 3.75, class: 'hollow' }),
};

// A shape that stands for a state in color and in form: `good`, `note`, `mend` or `faint`.
function shape(look) {
  return drawing('svg', { class: `shape ${look}`, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, SHAPES[look]());
}
