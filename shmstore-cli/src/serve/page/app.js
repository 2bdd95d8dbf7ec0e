// The page: what is wrong, the objects, and the selected one.
//
// All files of this directory are one module, `/app.js`: `page.rs` has their order. This is the last one.

const byId = (id) => document.getElementById(id);
const page = {
  objects: new Map(),
  findings: [],
  rates: new Map(),
  wanted: read(),
  // The object that is shown, in `Details`.
  details: null,
  // When the last message came, on the clock of this page, and the time of the server in it.
  heard: null,
  time: 0,
  // `waiting`, `live`, `lost` or `refused`.
  link: 'waiting',
  why: '',
  nextTry: 0,
};

const events = new Events({
  message(message, isFirst) {
    const wasLost = page.link !== 'live';
    Object.assign(page, { link: 'live', heard: performance.now(), time: message.time, findings: message.findings });
    page.objects = new Map(message.objects.map((object) => [object.segment, object]));
    for (const [segment, { versions }] of page.objects) {
      if (!page.rates.has(segment)) page.rates.set(segment, new Rate());
      page.rates.get(segment).add(message.time, versions);
    }
    for (const segment of page.rates.keys()) if (!page.objects.has(segment)) page.rates.delete(segment);
    if (wasLost) announce('The server tells what it sees.');
    select();
    if (page.details && (message.object !== undefined || message.processes)) page.details.take(message, isFirst);
    schedule();
  },
  lost(why, nextTry) {
    if (page.link !== 'lost') announce('The connection to the server is lost.');
    Object.assign(page, { link: 'lost', why, nextTry });
    schedule();
  },
  refused(why) {
    Object.assign(page, { link: 'refused', why });
    schedule();
  },
});

const findings = new Findings(byId('findings'), (finding) => {
  const object = page.objects.get(finding.segment);
  if (!object) location.hash = '#machine';
  else if (page.details?.object.segment === object.segment) reach(finding.part);
  else {
    page.reach = finding.part ?? '';
    location.hash = address(object);
  }
});
const objects = new Objects(byId('objects'), byId('no-objects'));

// Goes to a part of the object, or to its heading.
function reach(part) {
  page.reach = undefined;
  if (part && page.details?.reveal(part)) return;
  page.details?.heading.scrollIntoView({ block: 'nearest' });
  page.details?.heading.focus({ preventScroll: true });
}

const findingsOf = (segment) => page.findings.filter((finding) => finding.segment === segment);

// Shows the object that the address means. If it means none, shows the first of the list.
function select() {
  const { wanted } = page;
  if (wanted.isMachine || page.objects.size === 0) return;
  const all = [...page.objects.values()];
  let object = meant(wanted, all);
  if (!object && wanted.path === null && wanted.segment === null) {
    const rank = (of) => ORDER.indexOf(look(of, findingsOf(of.segment)));
    [object] = all.sort((one, other) => rank(one) - rank(other) || byPath(pathOf(one), pathOf(other)));
  }
  // The object is gone. What was seen of it stays on the page until another one takes its place.
  if (!object || object.segment === page.details?.object.segment) return;
  const wasOther = page.details !== null && pathOf(page.details.object) !== pathOf(object);
  page.details = new Details(byId('details'), object, wanted.plots, (plots) => {
    page.wanted = { ...page.wanted, plots };
    history.replaceState(null, '', address(page.details.object, plots));
    schedule();
  });
  if (wasOther) page.moved = true;
  page.wanted = { ...wanted, path: pathOf(object), id: object.id, segment: object.segment };
  history.replaceState(null, '', address(object, wanted.plots));
  events.follow(object.segment);
}

addEventListener('hashchange', () => {
  page.wanted = read();
  if (page.wanted.isNewToken) events.connect();
  if (page.wanted.isMachine) showMachine();
  else {
    const before = page.details;
    if (page.shows === 'machine') page.details = null;
    page.shows = 'object';
    select();
    if (page.details === before && page.wanted.plots !== null) before?.choose(page.wanted.plots);
    if (page.details !== before && page.reach === undefined && !byId('objects').contains(document.activeElement))
      page.reach = '';
    if (page.details !== before && innerWidth < 800) byId('details').scrollIntoView({ block: 'start' });
  }
  schedule();
});

// Shows what `shmstore doctor` says about the machine.
async function showMachine() {
  page.details = null;
  page.shows = 'machine';
  events.follow(null);
  const list = element('ul', { class: 'wrong machine-list' });
  const heading = element('h2', { tabindex: -1 }, 'This machine');
  byId('details').replaceChildren(heading, list);
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: 'nearest' });
  try {
    const all = await (await ask('/api/doctor')).json();
    list.replaceChildren(
      ...all.map(({ severity, subject, found, advice }) => {
        const of = severity === 'ok' ? 'good' : severity;
        return element(
          'li',
          { class: of },
          shape(of),
          element(
            'p',
            {},
            element('b', {}, subject),
            ' ',
            ...prose(found),
            advice ? element('span', { class: 'advice' }, ' ', ...prose(advice)) : null,
          ),
        );
      }),
    );
  } catch (error) {
    list.replaceChildren(element('li', { class: 'note' }, shape('note'), element('p', {}, error.message)));
  }
}

function announce(text) {
  say(byId('announced'), text);
}

// Shows everything anew before the next frame. A page in the background shows only its title.
let isScheduled = false;
function schedule() {
  title();
  if (isScheduled || document.hidden) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    show();
  });
}

function title() {
  const count = page.findings.length;
  const sign = page.link === 'lost' ? 'lost · ' : count > 0 ? `(${count}) ` : '';
  const of = page.details ? `${shortName(page.details.object)} · ` : '';
  if (document.title !== `${sign}${of}shmstore`) document.title = `${sign}${of}shmstore`;
}

function show() {
  if (page.link === 'refused') return askForToken();
  showLink();
  const time = page.time;
  findings.show(page.findings, page.objects, page.heard !== null);
  const selected = page.details?.object.segment ?? null;
  if (page.heard !== null) {
    objects.show(page.objects, findingsOf, page.rates, selected, time);
    let [size, users] = [0, 0];
    for (const object of page.objects.values()) [size, users] = [size + object.size, users + object.attached];
    say(
      byId('summary'),
      `${counted(page.objects.size, 'object')} · ${bytes(size)} · attached ${counted(users, 'time')}`,
    );
  }
  mark(byId('machine'), 'aria-current', page.wanted.isMachine ? 'page' : null);
  if (page.details) {
    const object = page.objects.get(selected) ?? page.details.object;
    page.details.isGone = !page.objects.has(selected);
    page.details.show(object, findingsOf(selected), time);
    if (page.moved) objects.reveal(selected);
    page.moved = false;
    if (page.reach !== undefined && page.details.state.value !== undefined && page.details.state.schema !== undefined)
      reach(page.reach);
  } else if (page.heard !== null && page.objects.size === 0 && !page.wanted.isMachine) {
    renewed(byId('details'), 'none', () => [element('p', { class: 'quiet' }, 'There is no object to show.')]);
  }
}

function showLink() {
  const box = byId('link');
  const age = page.heard === null ? null : (performance.now() - page.heard) / 1000;
  const isLate = page.link === 'live' && age > 2;
  document.body.classList.toggle('old', page.link === 'lost' || isLate);
  const wait = Math.max(0, Math.ceil((page.nextTry - performance.now()) / 1000));
  const old = age === null ? 'nothing was heard yet' : `the data are ${duration(age)} old`;
  const [of, text] = {
    waiting: ['faint', 'Connecting'],
    live: isLate ? ['note', `Silent: ${old}`] : ['good', 'Live'],
    lost: [
      'mend',
      `Connection lost: ${old}${page.why ? `, ${page.why}` : ''}. `
        + (wait > 0 ? `Next try in ${wait} s` : 'Trying again'),
    ],
  }[page.link];
  const isNew = renewed(box, of + (page.link === 'lost'), () => {
    const again = element('button', { type: 'button', onclick: () => events.connect() }, 'Try now');
    return [shape(of), element('span', {}), page.link === 'lost' ? again : null].filter((node) => node !== null);
  });
  if (isNew) mark(box, 'class', `link ${page.link === 'live' && isLate ? 'late' : page.link}`);
  say(box.querySelector('span'), text);
}

// Asks for the token of the server.
function askForToken() {
  document.body.classList.add('refused');
  renewed(byId('link'), 'refused', () => [shape('mend'), element('span', {}, 'Not permitted')]);
  byId('findings').replaceChildren();
  page.details = null;
  const input = element('input', { type: 'password', id: 'token', autocomplete: 'off', required: true });
  const isNew = renewed(byId('details'), `token ${page.why}`, () => [
    element(
      'form',
      {
        class: 'token',
        onsubmit: (event) => {
          event.preventDefault();
          keepToken(input.value.trim());
          document.body.classList.remove('refused');
          page.link = 'waiting';
          renewed(byId('details'), 'waiting', () => []);
          events.connect();
        },
      },
      element('h2', {}, 'The server needs its token'),
      element('p', {}, ...prose(page.why), '.'),
      element(
        'p',
        {},
        'The server printed an address that ends with ',
        element('code', {}, '#token=…'),
        ' when it was started. Open this address, or enter the token here.',
      ),
      element('label', { for: 'token' }, 'Token'),
      element('div', { class: 'line' }, input, element('button', { type: 'submit', class: 'main' }, 'Enter')),
    ),
  ]);
  if (isNew) input.focus();
}

const filter = byId('filter');
filter.addEventListener('input', () => {
  objects.words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  schedule();
});
filter.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown') objects.first?.focus();
  else if (event.key === 'Enter') objects.first?.click();
  else if (event.key === 'Escape') {
    filter.value = '';
    filter.dispatchEvent(new Event('input'));
    show();
    objects.focusSelected();
  } else return;
  event.preventDefault();
});

addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, select, textarea');
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  if (event.key === '/') {
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === 'Escape') {
    if (page.wanted.isMachine) history.back();
    else objects.focusSelected();
  }
});

addEventListener('online', () => events.connect());
document.addEventListener('visibilitychange', schedule);
// The age of what is shown grows while nothing comes.
setInterval(schedule, 500);

if (page.wanted.isMachine) showMachine();
else events.connect();
schedule();
