// The connection to the server: its events, its documents, and the token.

const TOKEN = 'shmstore-token';
// The server tells something four times a second, so it is lost if it is silent for so long.
const SILENCE = 5000;
const PAUSES = [250, 500, 1000, 2000, 4000, 8000];
// The most characters of one message.
const LONGEST = 32 << 20;

function token() {
  return sessionStorage.getItem(TOKEN);
}

function keepToken(text) {
  sessionStorage.setItem(TOKEN, text);
}

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Asks for a document. An answer that is not 2xx is thrown with what the server says is wrong.
async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const response = await fetch(path, { cache: 'no-store', credentials: 'omit', ...options, headers });
  if (response.ok) return response;
  const text = await response.text();
  let why = text.trim();
  try {
    why = JSON.parse(text).error ?? why;
  } catch {
    // A proxy may answer with a text of its own.
  }
  throw new Refused(response.status, why || `the server answers with status ${response.status}`);
}

// Listens to the server, and connects again when the connection is lost.
//
// `listener.message(message, isFirst)`, `listener.lost(why, nextTry)` with a moment of `performance.now()`, and
// `listener.refused(why)` when only another token helps.
class Events {
  #listener;
  #segment = null;
  #abort = null;
  #timer = 0;
  #failures = 0;

  constructor(listener) {
    this.#listener = listener;
  }

  // Listens to this object from now on, beside the list of all.
  follow(segment) {
    this.#segment = segment;
    this.connect();
  }

  // Connects at once.
  async connect() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.#read(abort);
    } catch (error) {
      if (this.#abort !== abort) return;
      abort.abort();
      if (error.status === 401) this.#listener.refused(error.message);
      else this.#wait(error);
    }
  }

  #wait(error) {
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)] * (0.9 + 0.2 * Math.random());
    this.#failures += 1;
    this.#timer = setTimeout(() => this.connect(), pause);
    this.#listener.lost(error instanceof Refused ? error.message : '', performance.now() + pause);
  }

  async #read(abort) {
    const of = this.#segment === null ? '' : `?object=${this.#segment}`;
    let silence = setTimeout(() => abort.abort(), SILENCE);
    try {
      const response = await ask(`/events${of}`, { signal: abort.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let [buffer, isFirst] = ['', true]; ;) {
        const { done, value } = await reader.read();
        if (done) throw new Error('the server has ended');
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENCE);
        const events = (buffer + value).split('\n\n');
        buffer = events.pop();
        if (buffer.length > LONGEST) throw new Error('a message is too long');
        for (const event of events) {
          const data = event
            .split('\n')
            .filter((line) => line.startsWith('data:'))
            .map((line) => line.slice(5));
          if (data.length === 0 || this.#abort !== abort) continue;
          this.#failures = 0;
          this.#listener.message(parsed(data.join('\n')), isFirst);
          isFirst = false;
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }
}
