// The selected object: what is wrong with it, its processes, plots, fields and layout.

// The processes that are shown before somebody asks for all.
const FEW_PROCESSES = 12;

class Details {
  #all = false;
  #numbers = new Map();

  // `replot(paths)` is called when other fields are plotted. `plots`: the paths that a link asks for, or null.
  constructor(box, object, plots, replot) {
    this.object = object;
    this.replot = replot;
    this.state = {
      segment: object.segment,
      schema: undefined,
      value: undefined,
      history: new History(),
      end: 0,
      versions: new Map(),
      holders: new Map(),
      troubles: new Map(),
      plots: [],
      canWrite: false,
    };
    this.isChosen = false;
    if (plots !== null) this.choose(plots);
    this.plots = new Plots((path) => this.#plot(path));
    this.fields = new Fields(this.state, (path) => this.#plot(path));
    this.name = element('span', {}, shortName(object));
    this.type = element('span', { class: 'type' });
    this.icon = element('span', { class: 'icon' });
    this.heading = element('h2', { tabindex: -1 }, this.icon, this.name, ' ', this.type);
    this.facts = element('dl', { class: 'facts' });
    this.findings = element('ul', { class: 'wrong' });
    this.processes = element('ul', { class: 'chips' });
    this.picture = element('div', { class: 'picture' });
    this.layout = element(
      'section',
      { class: 'layout', 'aria-label': 'Layout' },
      element('h3', {}, 'Layout'),
      this.picture,
    );
    box.replaceChildren(
      this.heading,
      this.facts,
      this.findings,
      element('section', { 'aria-label': 'Processes' }, element('h3', {}, 'Processes'), this.processes),
      this.plots.box,
      this.fields.box,
      this.layout,
    );
    this.#load();
  }

  async #load() {
    try {
      const answer = await ask(`/api/objects/${this.object.segment}/schema`);
      this.state.schema = await answer.json();
    } catch {
      // Without it, the values are shown with less.
      this.state.schema = null;
    }
    this.fields.show();
    // The picture is the last on the page: it is asked for when it comes near.
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        this.#draw();
      },
      { rootMargin: '400px' },
    );
    near.observe(this.layout);
  }

  async #draw() {
    try {
      const answer = await ask(`/api/objects/${this.object.segment}/layout.svg`);
      const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;
      this.picture.replaceChildren(
        element('img', { src: source, alt: `The layout of ${this.object.type ?? 'the object'}` }),
      );
    } catch (error) {
      this.picture.replaceChildren(element('p', { class: 'quiet' }, `No picture: ${error.message}.`));
    }
  }

  // Takes a message of the server. `isFirst`: it begins with all fields.
  take(message, isFirst) {
    const { state } = this;
    const { object: given } = message;
    if (given === null) this.isUnread = true;
    if (isFirst) {
      this.#numbers.clear();
      state.history.begin(message.history ?? []);
    }
    if (given) {
      this.isUnread = false;
      // The answer of `show --json` has the value in it.
      state.value = given.object?.segment === state.segment && 'processes' in given ? given.value : given;
    }
    for (const [path, value] of Object.entries(message.fields ?? {})) {
      if (typeof value === 'string' || value === null) this.#numbers.delete(path);
      else this.#numbers.set(path, value);
    }
    if (!this.isUnread) state.history.add(message.time, this.#numbers);
    for (const [part, count] of Object.entries(message.versions ?? {})) this.#count(part, message.time, count);
    // A part that is not in the message has the version that it had.
    for (const [part, known] of state.versions) {
      if (!(part in (message.versions ?? {}))) this.#count(part, message.time, known.count);
    }
    if (message.processes) this.participants = message.processes;
    state.canWrite = message.write === true;
    state.end = message.time;
    if (!this.isChosen && state.value !== undefined && state.history.times.length > 3) this.#choose();
  }

  #count(part, time, count) {
    let known = this.state.versions.get(part);
    if (!known) this.state.versions.set(part, (known = new Rate()));
    known.count = count;
    known.add(time, count);
  }

  show(object, findings, now) {
    this.object = object;
    const { state } = this;
    const of = look(object, findings);
    renewed(this.icon, of, () => [shape(of)]);
    say(this.name, shortName(object));
    say(this.type, object.type === null ? '' : `${object.type}${object.id ? ` '${object.id}'` : ''}`);
    this.#describe(object, now);
    this.#warn(findings);
    this.#list();
    this.plots.show(state.plots, state.history, state.end);
    this.fields.show();
  }

  reveal(part) {
    return this.fields.reveal(part);
  }

  #describe(object, now) {
    const room = object.room === null ? '' : `, room for ${bytes(object.room)}`;
    const facts = [
      ['path', pathOf(object)],
      ['size', `${bytes(object.size)}${room}`],
      ['owner', `${object.owner_name ?? object.owner} ${object.mode}`],
      ['segment', String(object.segment)],
      ['created', `${dated(object.created * 1000)}, ${duration(now / 1000 - object.created)} ago`],
      ['layout', (object.layout_hash ?? 'unknown').slice(0, 12)],
    ];
    if (object.state !== 'ready')
      facts.splice(1, 0, ['state', `${object.state}${object.detail ? `: ${object.detail}` : ''}`]);
    const copy = object.mirrored;
    if (copy) facts.push(['copy of', copy.origin]);
    renewed(this.facts, JSON.stringify(facts), () =>
      facts.map(([name, value]) =>
        element(
          'div',
          { class: name === 'path' ? 'whole' : null },
          element('dt', {}, name),
          element('dd', { title: name === 'layout' ? object.layout_hash : null }, value),
        ),
      ),
    );
  }

  #warn(findings) {
    this.state.troubles = new Map(findings.filter((of) => of.part).map((of) => [of.part, of.severity]));
    const all =
      this.isUnread || this.isGone
        ? [
            {
              severity: 'note',
              found: 'the object cannot be read any more: it was removed, or it changes at this moment',
            },
            ...findings,
          ]
        : findings;
    this.findings.hidden = all.length === 0;
    renewed(this.findings, JSON.stringify(all.map((of) => [of.severity, of.found, of.advice])), () =>
      all.map(({ severity, found, advice }) =>
        element(
          'li',
          { class: severity },
          shape(severity),
          element(
            'p',
            {},
            ...prose(found),
            advice ? element('span', { class: 'advice' }, ' ', ...prose(advice)) : null,
          ),
        ),
      ),
    );
  }

  #list() {
    const participants = this.participants ?? [];
    const holders = new Map();
    for (const { pid, holding, alive } of participants) {
      for (const part of holding) {
        const of = alive ? `held by ${pid}` : `held by ${pid}, which died`;
        holders.set(part, holders.has(part) ? `${holders.get(part)}, ${pid}` : of);
      }
    }
    this.state.holders = holders;
    const rank = ({ alive, left, holding }) =>
      !alive && !left ? 0 : holding.length > 0 ? 1 : alive ? (left ? 3 : 2) : 4;
    const sorted = [...participants].sort((one, other) => rank(one) - rank(other) || one.pid - other.pid);
    const key = JSON.stringify([this.#all, sorted.map((of) => [of.pid, of.alive, of.left, of.holding])]);
    renewed(this.processes, key, () => {
      if (sorted.length === 0)
        return [element('li', { class: 'quiet' }, 'No process has the object attached for writing.')];
      const chips = (this.#all ? sorted : sorted.slice(0, FEW_PROCESSES)).map(chip);
      if (sorted.length > FEW_PROCESSES) {
        chips.push(
          element(
            'li',
            {},
            element(
              'button',
              {
                type: 'button',
                class: 'chip',
                onclick: () => {
                  this.#all = !this.#all;
                  this.#list();
                },
              },
              this.#all ? 'Show fewer' : `${sorted.length - FEW_PROCESSES} more`,
            ),
          ),
        );
      }
      return chips;
    });
  }

  // Plots these fields.
  choose(plots) {
    [this.state.plots, this.isChosen] = [plots.slice(0, MOST_PLOTS), true];
  }

  // Chooses what to plot: of each part one number, those that change first.
  #choose() {
    const {
      history: { columns, times },
      schema,
      value,
    } = this.state;
    if (schema === undefined) return;
    const inOrder = rows(schema, value, () => true)
      .map((row) => row.path)
      .filter((path) => columns.has(path));
    const numbers = inOrder.map((path) => {
      const seen = columns.get(path).filter((of) => of !== null);
      return { path, part: path.split(/[.[ ]/)[0], varies: seen.some((of) => of !== seen[0]) };
    });
    const chosen = [];
    for (const wantsNewPart of [true, false]) {
      for (const { path, part, varies } of numbers) {
        if (chosen.length === MOST_PLOTS || !varies || chosen.some((of) => of.path === path)) continue;
        if (!wantsNewPart || !chosen.some((of) => of.part === part)) chosen.push({ path, part });
      }
    }
    // A value that does not change yet may do so soon.
    this.isChosen = chosen.length > 0 && times.length > 8;
    this.state.plots = inOrder.filter((path) => chosen.some((of) => of.path === path));
  }

  #plot(path) {
    const { plots } = this.state;
    // A fifth plot takes the place of the oldest.
    this.choose(plots.includes(path) ? plots.filter((of) => of !== path) : [...plots.slice(1 - MOST_PLOTS), path]);
    this.replot(this.state.plots);
  }
}

function chip({ pid, alive, left, since, holding, fields }) {
  const [of, state, word] = alive
    ? left
      ? ['faint', 'detached', 'detached']
      : ['good', 'alive', '']
    : left
      ? ['faint', 'ended', 'ended']
      : ['mend', 'dead', 'died'];
  const verb = alive ? ' holds ' : ' with ';
  const holds =
    holding.length > 0
      ? element(
          'span',
          { class: 'holds' },
          verb,
          ...holding.flatMap((part, index) => [index > 0 ? ', ' : '', element('code', {}, part)]),
        )
      : null;
  const knows = fields === null ? '' : `, knows ${counted(fields, 'field')}`;
  const title = `${state}, attached since ${dated(since * 1000)}${knows}`;
  return element(
    'li',
    { class: `chip ${state}`, title },
    shape(of),
    element('b', {}, String(pid)),
    word ? ` ${word}` : '',
    holds,
  );
}
