// The last minute of the numbers of one object.

const KEPT = 60_000;
// Moments that are farther apart are a gap, which no line crosses.
const GAP = 1500;
// The most numbers that are kept.
const MOST_NUMBERS = 500;

class History {
  // Seconds since 1970, and for each path as many numbers. `null` is a gap.
  times = [];
  columns = new Map();

  // Takes the moments that the server has kept. Older ones that are known stay.
  begin(moments) {
    if (moments.length > 0) this.#cut(this.times.findIndex((time) => time * 1000 >= moments[0][0]));
    for (const [time, numbers] of moments) this.add(time, new Map(Object.entries(numbers)));
  }

  // Adds a moment in milliseconds since 1970.
  add(time, numbers) {
    const last = this.times.length > 0 ? this.times.at(-1) * 1000 : time - 1;
    if (time === last) return;
    // The clock of the server was set back.
    if (time < last) this.clear();
    if (time - last > GAP) this.#push(last + 1, new Map());
    this.#push(time, numbers);
    this.#forget(time - KEPT);
  }

  clear() {
    this.times = [];
    this.columns.clear();
  }

  #push(time, numbers) {
    for (const path of numbers.keys()) {
      if (!this.columns.has(path) && this.columns.size < MOST_NUMBERS) {
        this.columns.set(path, new Array(this.times.length).fill(null));
      }
    }
    this.times.push(time / 1000);
    for (const [path, column] of this.columns) {
      const value = Number(numbers.get(path));
      column.push(numbers.has(path) && Number.isFinite(value) ? value : null);
    }
  }

  #cut(from) {
    if (from < 0) return;
    this.times.length = from;
    for (const column of this.columns.values()) column.length = from;
  }

  #forget(oldest) {
    const kept = this.times.findIndex((time) => time * 1000 >= oldest);
    if (kept <= 0) return;
    this.times.splice(0, kept);
    for (const [path, column] of this.columns) {
      column.splice(0, kept);
      if (column.every((value) => value === null)) this.columns.delete(path);
    }
  }
}

// How often a counter counts in a second, over the last seconds.
class Rate {
  #seen = [];
  // When the counter changed last, in milliseconds since 1970, if that was seen.
  changed = null;

  add(time, counted) {
    const count = Number(counted);
    const last = this.#seen.at(-1);
    // A counter that goes back is another one.
    if (last && (count < last[1] || time < last[0] || time - last[0] > 5000)) this.#seen = [];
    if (last && count !== last[1]) this.changed = time;
    this.#seen.push([time, count]);
    while (this.#seen.length > 2 && this.#seen[1][0] < time - 2500) this.#seen.shift();
  }

  // `null` if it is not known yet.
  get perSecond() {
    if (this.#seen.length < 2) return null;
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    return last[0] > first[0] ? ((last[1] - first[1]) * 1000) / (last[0] - first[0]) : null;
  }
}
