// Plots of numbers over the last minute.

const HEIGHT = 148;
// The shortest time that a plot shows, in seconds.
const SHORT = 15;
const MOST_PLOTS = 4;

class Plots {
  #plots = new Map();
  #from = 0;
  #end = 0;

  // `remove(path)` is called by the buttons of the plots.
  constructor(remove) {
    this.remove = remove;
    this.box = element('div', { class: 'plots' });
    this.sizes = new ResizeObserver((entries) => {
      for (const {
        target,
        contentRect: { width },
      } of entries) {
        if (width > 0)
          this.#plots.get(target.dataset.path)?.chart?.setSize({ width: Math.floor(width), height: HEIGHT });
      }
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const [path, plot] of this.#plots) this.#draw(path, plot);
    });
  }

  // Shows these fields. `history` ends at `end`, in milliseconds since 1970.
  show(paths, history, end) {
    [this.#from, this.#end] = span(history.times, end);
    for (const [path, plot] of this.#plots) {
      if (paths.includes(path)) continue;
      this.sizes.unobserve(plot.area);
      plot.chart?.destroy();
      this.#plots.delete(path);
    }
    for (const path of paths) if (!this.#plots.has(path)) this.#plots.set(path, this.#made(path));
    arranged(
      this.box,
      paths.map((path) => this.#plots.get(path).figure),
    );
    for (const [path, plot] of this.#plots) {
      const column = history.columns.get(path);
      plot.data = column ? [history.times, column] : [[], []];
      if (plot.chart) plot.chart.setData(plot.data);
      else this.#draw(path, plot);
      this.#label(path, plot);
    }
    this.box.hidden = paths.length === 0;
  }

  #made(path) {
    const value = element('output', { class: 'now' });
    const area = element('div', { class: 'area', 'data-path': path, role: 'img' });
    const remove = element(
      'button',
      {
        type: 'button',
        class: 'quiet-button',
        'aria-label': `Remove the plot of ${path}`,
        title: 'Remove this plot',
        onclick: () => this.remove(path),
      },
      '✕',
    );
    const name = element('span', { class: 'path', title: path }, path);
    const figure = element('figure', { class: 'plot' }, element('figcaption', {}, name, value, remove), area);
    return { figure, area, value, chart: null, data: [[], []], pointed: null };
  }

  #label(path, plot) {
    const at = plot.pointed;
    const latest = plot.data[1].at(-1) ?? null;
    const of = at === null ? latest : (plot.data[1][at] ?? null);
    const text = of === null ? '–' : number(of);
    say(plot.value, at === null || at >= plot.data[0].length ? text : `${clock(plot.data[0][at] * 1000)}  ${text}`);
    const label = `${path} over the last minute${latest === null ? '' : `, now ${number(latest)}`}`;
    mark(plot.area, 'aria-label', label);
  }

  #draw(path, plot) {
    // The area has no width before it is on the page.
    if (plot.area.clientWidth === 0)
      return void requestAnimationFrame(() => {
        if (this.#plots.get(path) === plot && plot.area.clientWidth > 0 && !plot.chart) this.#draw(path, plot);
      });
    plot.chart?.destroy();
    plot.chart = new uPlot(this.#options(path, plot), plot.data, plot.area);
    this.sizes.observe(plot.area);
  }

  #options(path, plot) {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: color('--dim'), font: '11px system-ui, sans-serif', ticks: { show: false } };
    axis.grid = { stroke: color('--grid'), width: 1 };
    const widest = (chart, values) => 12 + 6.5 * Math.max(3, ...(values ?? []).map((value) => value.length));
    const range = (chart, least, most) => {
      if (least === null || most === null) return [0, 1];
      const room = (most - least) * 0.08 || Math.abs(most) * 0.1 || 1;
      return [least - room, most + room];
    };
    return {
      width: plot.area.clientWidth,
      height: HEIGHT,
      padding: [10, 24, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'time' }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: { x: { range: () => [this.#from, this.#end] }, y: { range } },
      series: [
        {},
        {
          stroke: color('--accent'),
          width: 1.5,
          fill: color('--accent-fill'),
          fillTo: (chart) => chart.scales.y.min,
          points: { show: false },
        },
      ],
      axes: [
        { ...axis, size: 26, space: 76, values: (chart, splits) => splits.map((time) => clock(time * 1000)) },
        { ...axis, size: widest, space: 28, values: (chart, splits, index, space, step) => ticks(splits, step) },
      ],
      hooks: {
        setCursor: [
          (chart) => {
            plot.pointed = chart.cursor.idx ?? null;
            this.#label(path, plot);
          },
        ],
      },
    };
  }
}

// The first and the last second that are shown. A short history is not pressed into a corner.
function span(times, end) {
  const last = end / 1000;
  return [Math.max(last - KEPT / 1000, Math.min(times[0] ?? last, last - SHORT)), last];
}

// A line of 120 by 20 pixels through a column. It ends at `end`, in milliseconds since 1970.
function sparkline(times, column, end) {
  const [width, height] = [120, 20];
  const [from, to] = span(times, end);
  const known = column.filter((value) => value !== null);
  const least = known.reduce((one, other) => Math.min(one, other), Infinity);
  const most = known.reduce((one, other) => Math.max(one, other), -Infinity);
  let [path, isDown] = ['', false];
  column.forEach((value, index) => {
    if (value === null) return void (isDown = false);
    const x = (width * (times[index] - from)) / (to - from);
    const y = most > least ? 1.5 + (height - 3) * (1 - (value - least) / (most - least)) : height / 2;
    path += `${isDown ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  });
  return path;
}
