// The part of the address after `#`: the selected object and its plots, so that a link leads to what somebody sees.
//
// `#object=/srv/robot/rover&id=R&segment=12&plot=position.x`. The segment tells apart two objects of one path. When it
// is gone, path and letter lead to the object that has followed.

const encoded = (text) => encodeURIComponent(text).replaceAll('%2F', '/');

// The whole path of an object, with the name of a named one.
function pathOf(object) {
  if (object.path === null) return `segment ${object.segment}`;
  return object.name === null ? object.path : `${object.path}/${object.name}`;
}

function address(object, plots = null) {
  const parts = [
    ['object', pathOf(object)],
    ['id', object.id ?? ''],
    ['segment', object.segment],
  ];
  parts.push(...(plots ?? []).map((path) => ['plot', path]));
  return `#${parts.map(([name, value]) => `${name}=${encoded(value)}`).join('&')}`;
}

// Reads the address. A token in it is kept, and removed from the address and the history of the browser.
function read() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const token = parts.get('token');
  if (token !== null) {
    keepToken(token);
    parts.delete('token');
    const rest = parts.size > 0 ? `#${parts}` : location.pathname;
    history.replaceState(null, '', rest);
  }
  return {
    isMachine: parts.has('machine'),
    path: parts.get('object'),
    id: parts.get('id'),
    segment: /^-?\d+$/.test(parts.get('segment') ?? '') ? Number(parts.get('segment')) : null,
    plots: parts.has('plot') ? parts.getAll('plot') : null,
    isNewToken: token !== null,
  };
}

// Finds the object that an address means.
function meant(wanted, objects) {
  const same = objects.filter((object) => pathOf(object) === wanted.path && (!wanted.id || object.id === wanted.id));
  return (
    objects.find((object) => object.segment === wanted.segment && (wanted.path === null || same.includes(object))) ??
    same.find((object) => object.state === 'ready') ??
    same[0] ??
    null
  );
}
