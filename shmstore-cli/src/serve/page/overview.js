// What needs attention, and the list of objects.

// The findings that are shown before somebody asks for all.
const FEW_FINDINGS = 6;
const WORDS = { good: 'ready', note: 'needs a look', mend: 'needs attention', faint: 'cannot be read' };
const FAINT = new Set(['removed', 'unreadable', 'elsewhere', 'foreign', 'other format', 'newer format']);
const BAD = new Set(['abandoned', 'orphaned', 'damaged']);
const byPath = new Intl.Collator('en', { numeric: true }).compare;
const ORDER = ['mend', 'note', 'good', 'faint'];

function shortName(object) {
  if (object.path === null) return `segment ${object.segment}`;
  return object.name ?? (object.path.split('/').filter(Boolean).at(-1) || '/');
}

function directory(object) {
  if (object.path === null) return '';
  return object.name === null ? object.path.replace(/\/[^/]*\/?$/, '') || '/' : object.path;
}

// The first clause of a sentence, for a place where it must be short.
function short(found) {
  return found.length <= 64 ? found : found.split(/: |\. /)[0];
}

// What is known about an object in one word: the worst finding, or else its state.
function look(object, findings) {
  if (findings.some((finding) => finding.severity === 'mend') || BAD.has(object.state)) return 'mend';
  if (findings.length > 0) return 'note';
  if (FAINT.has(object.state)) return 'faint';
  return object.state === 'ready' ? 'good' : 'note';
}

// The strip of findings. `open(finding)` shows one.
class Findings {
  #all = false;
  #key = '';

  constructor(box, open) {
    this.box = box;
    this.open = open;
  }

  show(findings, objects, isKnown) {
    const name = (finding) => {
      const object = objects.get(finding.segment);
      return object ? shortName(object) : finding.subject;
    };
    const key = JSON.stringify([this.#all, isKnown, findings.map((of) => [of.severity, name(of), of.found])]);
    if (key === this.#key) return;
    this.#key = key;
    if (findings.length === 0) {
      const calm = isKnown ? [shape('good'), 'Nothing needs attention'] : ['Waiting for the server'];
      this.box.replaceChildren(element('p', { class: 'calm' }, ...calm));
      return;
    }
    const shown = this.#all ? findings : findings.slice(0, FEW_FINDINGS);
    const buttons = shown.map((finding, index) =>
      element(
        'button',
        {
          type: 'button',
          class: `finding ${finding.severity}`,
          title: `${finding.subject}: ${finding.found}`,
          'data-at': index,
          onclick: () => this.open(finding),
        },
        shape(finding.severity),
        element('span', {}, element('b', {}, name(finding)), ' ', ...prose(short(finding.found))),
      ),
    );
    if (findings.length > FEW_FINDINGS) {
      const more = this.#all ? 'Show fewer' : `${findings.length - FEW_FINDINGS} more`;
      buttons.push(
        element(
          'button',
          {
            type: 'button',
            class: 'finding more',
            'data-at': 'more',
            onclick: () => {
              this.#all = !this.#all;
              this.show(findings, objects, isKnown);
            },
          },
          more,
        ),
      );
    }
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.at : null;
    this.box.replaceChildren(...buttons);
    if (focused) this.box.querySelector(`[data-at="${focused}"]`)?.focus();
  }
}

// The list of objects, troubled ones first.
class Objects {
  #rows = new Map();
  #shown = [];
  words = [];

  constructor(list, note) {
    this.list = list;
    this.note = note;
    list.addEventListener('keydown', (event) => this.#move(event));
  }

  get first() {
    return this.#shown[0]?.link ?? null;
  }

  show(objects, findingsOf, rates, selected, now) {
    const rows = [];
    for (const object of objects.values()) {
      const findings = findingsOf(object.segment);
      const state = look(object, findings);
      const words = `${pathOf(object)} ${object.type ?? ''} ${object.id ?? ''} ${object.state} ${WORDS[state]}`;
      if (!this.words.every((word) => words.toLowerCase().includes(word))) continue;
      const row = this.#rows.get(object.segment) ?? this.#made(object.segment);
      row.rank = ORDER.indexOf(state);
      row.path = pathOf(object);
      this.#fill(row, object, findings, state, rates.get(object.segment), object.segment === selected, now);
      rows.push(row);
    }
    for (const segment of this.#rows.keys()) if (!objects.has(segment)) this.#rows.delete(segment);
    rows.sort((one, other) => one.rank - other.rank || byPath(one.path, other.path));
    this.#shown = rows;
    arranged(
      this.list,
      rows.map((row) => row.item),
    );
    // One row is a stop of the tabulator key: the selected one, or else the first.
    const stop = rows.find((row) => row.isSelected) ?? rows[0];
    for (const row of rows) row.link.tabIndex = row === stop ? 0 : -1;
    this.note.hidden = rows.length > 0;
    say(
      this.note,
      objects.size === 0 ? 'No objects yet. A program that creates one appears here.' : 'No object has these words.',
    );
  }

  focusSelected() {
    (this.#shown.find((row) => row.isSelected)?.link ?? this.first)?.focus();
  }

  reveal(segment) {
    this.#rows.get(segment)?.item.scrollIntoView({ block: 'nearest' });
  }

  #made(segment) {
    const row = { look: null, isSelected: false };
    const part = (name) => (row[name] = element('span', { class: name }));
    row.icon = element('span', { class: 'icon' });
    row.word = element('span', { class: 'unseen' });
    const title = element('span', { class: 'title' }, part('name'), ' ', part('type'));
    row.link = element(
      'a',
      { class: 'object' },
      row.icon,
      row.word,
      element('span', { class: 'both' }, title, part('rate')),
      part('trouble'),
      element('span', { class: 'both' }, part('path-of'), part('facts')),
    );
    row.item = element('li', {}, row.link);
    this.#rows.set(segment, row);
    return row;
  }

  #fill(row, object, findings, state, changes, isSelected, now) {
    mark(row.link, 'href', address(object));
    if (row.look !== state) {
      row.look = state;
      row.icon.replaceChildren(shape(state));
      say(row.word, `${WORDS[state]}: `);
      row.link.className = `object ${state}`;
    }
    row.isSelected = isSelected;
    mark(row.link, 'aria-current', isSelected ? 'true' : null);
    say(row.name, shortName(object));
    say(row.type, object.type ?? '');
    say(row.rate, rate(changes?.perSecond ?? null));
    const trouble =
      findings[0]?.found ??
      (object.state === 'ready' ? '' : `${object.state}${object.detail ? `: ${object.detail}` : ''}`);
    const more = findings.length > 1 ? ` and ${counted(findings.length - 1, 'more finding')}` : '';
    renewed(row.trouble, trouble + more, () => [...prose(short(trouble)), more]);
    row.trouble.hidden = trouble === '';
    say(row['path-of'], directory(object));
    const age = duration(Math.max(0, now / 1000 - object.created));
    const users = object.attached === 0 ? 'unused' : counted(object.attached, 'process');
    say(row.facts, `${bytes(object.size)} · ${users} · ${age}`);
    const changed = changes?.changed ? `changed ${duration((now - changes.changed) / 1000)} ago` : 'no change was seen';
    mark(row.link, 'title', `${pathOf(object)}\n${number(object.size)} bytes, created ${age} ago, ${changed}`);
  }

  #move(event) {
    const links = this.#shown.map((row) => row.link);
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    links[Math.min(Math.max(to, 0), links.length - 1)]?.focus();
  }
}
