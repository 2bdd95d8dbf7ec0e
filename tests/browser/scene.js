// Objects of real processes, the real server and a browser. `SHMSTORE` and `SHMSTORE_ACTOR` name the programs.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { chromium } from 'playwright-core';

const { SHMSTORE, SHMSTORE_ACTOR, CHROMIUM = '/usr/bin/chromium' } = process.env;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
];
// How long a condition may take to become true, in milliseconds.
export const DEADLINE = 20_000;

const number = { kind: 'atomic', primitive: 'u64', size: 8, align: 8 };

// The layout of a struct of one counter, as `shmstore schema --json` prints it.
export function counter(name, field = 'count') {
  return { kind: 'struct', name, size: 8, align: 8, fields: [{ name: field, offset: 0, type: number }] };
}

// Waits until `condition()` is true.
export async function until(what, condition, deadline = DEADLINE) {
  const end = Date.now() + deadline;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Runs `test(scene)`, and then ends what it has started and removes what it has made, also if it fails.
export function scene(test, at = null) {
  return async () => {
    assert.ok(SHMSTORE && SHMSTORE_ACTOR, 'run .ci/browser: SHMSTORE and SHMSTORE_ACTOR name the programs');
    const made = new Scene();
    made.path = at ?? (await mkdtemp(join(tmpdir(), 'shmstore-browser-')));
    if (at !== null) await mkdir(at);
    await chmod(made.path, 0o700);
    try {
      await test(made);
      made.checkMessages();
    } finally {
      await made.end();
    }
  };
}

class Scene {
  #children = [];
  #browsers = [];
  // What the browser wrote to its console, errors of the page, and violations of its policy.
  messages = [];

  // Runs a command, and returns its output.
  async shmstore(...args) {
    return (await promisify(execFile)(SHMSTORE, args, { timeout: DEADLINE })).stdout;
  }

  at(name) {
    return join(this.path, name);
  }

  async #start(program, args, options) {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
    this.#children.push(child);
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    const lines = createInterface(child.stdout);
    const first = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), child.ended]);
    return [child, typeof first === 'string' ? first : ''];
  }

  // Starts a process that attaches the object at `name` and plays a part: see `tests/src/bin/actor/fleet.rs`.
  async actor(name, part) {
    const [child] = await this.#start(SHMSTORE_ACTOR, ['fleet', this.at(name), part], {});
    return child;
  }

  async kill(child) {
    child.kill('SIGKILL');
    await child.ended;
  }

  // Creates an object from a layout, all zero.
  async create(name, layout, id = 'T') {
    const file = this.at(`${name}.json`);
    await writeFile(file, JSON.stringify(layout));
    await this.shmstore('create', this.at(name), file, '--id', id);
    await rm(file);
  }

  // Starts a server. Its `address` has the token, if there is one.
  async serve(...args) {
    const listens = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const [child, line] = await this.#start(SHMSTORE, ['serve', ...listens, ...args, this.path], {});
    const address = line.split(' ').at(-1);
    assert.match(address, /^http:/, line);
    child.address = address.replace('0.0.0.0', '127.0.0.1');
    [child.origin] = child.address.match(/^http:\/\/[^/]+/);
    return child;
  }

  // Opens an address in a new browser with a profile of its own.
  async open(address, options = {}) {
    const profile = await mkdtemp(join(tmpdir(), 'shmstore-chromium-'));
    const settings = {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 900 },
      ...options,
    };
    const browser = await chromium.launchPersistentContext(profile, settings);
    this.#browsers.push([browser, profile]);
    const [page] = browser.pages();
    page.setDefaultTimeout(DEADLINE);
    page.on('console', (message) => this.messages.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.messages.push(String(error.stack)));
    await page.exposeFunction('tellViolation', (text) => this.messages.push(text));
    await page.addInitScript(() =>
      document.addEventListener('securitypolicyviolation', (event) => {
        window.tellViolation(
          `policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
        );
      }),
    );
    await page.goto(address);
    return page;
  }

  // Checks that nothing was written to the console, but for what the browser itself says about a lost connection.
  checkMessages(expected = this.expected ?? /^$/) {
    assert.deepEqual(
      this.messages.filter((message) => !expected.test(message)),
      [],
    );
  }

  async end() {
    for (const [browser, profile] of this.#browsers) {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
    for (const child of this.#children) await this.kill(child);
    const left = JSON.parse(await this.shmstore('ls', '--json', this.path).catch(() => '[]'));
    for (const { segment } of left)
      await this.shmstore('rm', '--segment', String(segment), '--yes', '--force').catch(() => {});
    await rm(this.path, { recursive: true, force: true });
  }
}

// The address of the page with an object selected.
export function selecting(address, path, id) {
  return `${address}${address.includes('#') ? '&' : '#'}object=${path}&id=${id}`;
}

// The row of a field.
export function row(page, path) {
  return page.locator(`tr[data-path=${JSON.stringify(path)}]`);
}

// Waits until a locator's text matches.
export async function shows(locator, pattern) {
  let text = '';
  await until(`${pattern}`, async () => {
    text = (await locator.allTextContents()).join('\n');
    return pattern.test(text);
  }).catch((error) => assert.fail(`${error.message}; the page shows: ${text.slice(0, 2000)}`));
}

export async function isLive(page) {
  await shows(page.locator('#link'), /^Live$/);
}
