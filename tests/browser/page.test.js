// What the page shows, and how it is used.

import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';

import { counter, isLive, row, scene, selecting, shows, until } from './scene.js';

test(
  'page_with_every_kind_of_part_writes_nothing_to_the_console',
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    await scene.actor('rover', 'imu');
    const server = await scene.serve();
    const page = await scene.open(selecting(server.address, scene.at('rover'), 'R'));
    await isLive(page);
    await shows(page.locator('h2'), /rover.*Rover 'R'/);
    for (const [path, pattern] of [
      ['mode', /Driving/],
      ['limits', /3 of 16 keys/],
      ['limits["yard"]', /speed: 2\.5/],
      ['goals', /3 of 8 wait/],
      ['log', /Broadcast/],
      ['images', /4.096 of 4.096 elements/],
      ['scan', /12 elements/],
      ['route', /free/],
      ['battery.measured', /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/],
      ['label', /"North yard"/],
      ['imu', /held by \d+/],
    ])
      await shows(row(page, path), pattern);
    await shows(page.locator('.chip'), /\d+ holds imu/);
    await until('four plots', async () => (await page.locator('.plot canvas').count()) === 4);
    // The layout is asked for when it comes near.
    await page.locator('section.layout').scrollIntoViewIfNeeded();
    await until('the picture', () => page.evaluate(() => document.querySelector('.picture img')?.naturalWidth > 100));
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.locator('#machine').click();
    await shows(page.locator('.machine-list'), /shmmni/);
  }),
);

test(
  'control_inline_script_is_reported_as_a_violation',
  scene(async (scene) => {
    await scene.create('counter', counter('Counter'));
    const page = await scene.open((await scene.serve()).address);
    await isLive(page);
    await page.evaluate(() =>
      document.body.append(Object.assign(document.createElement('script'), { textContent: 'let a;' })),
    );
    await until('a report', () => scene.messages.some((message) => message.startsWith('policy: script-src')));
    scene.expected = /script-src/;
  }),
);

test(
  'hostile_name_is_shown_as_text',
  scene(async (scene) => {
    const hostile = '<img src=x onerror=document.title=1>';
    await scene.create('hostile', counter(hostile));
    const page = await scene.open((await scene.serve('--write')).address);
    await isLive(page);
    await shows(page.locator('h2 .type'), /^<img src=x onerror=document\.title=1> 'T'$/);
    await shows(page.locator('#objects .type'), /^<img src=x/);
    await shows(page.locator('td.value'), /^0$/);
    await page.locator('.tool', { hasText: 'edit' }).click();
    await page.keyboard.type('7');
    await page.keyboard.press('Enter');
    await shows(page.locator('td.value'), /^7$/);
    await page.locator('section.layout').scrollIntoViewIfNeeded();
    await page.locator('.picture img').waitFor();
    assert.equal(await page.locator('main img[src=x]').count(), 0);
  }),
);

test(
  'value_on_the_screen_changes_when_it_changes_in_memory',
  scene(async (scene) => {
    await scene.create('counter', counter('Counter'));
    const page = await scene.open((await scene.serve()).address);
    await shows(row(page, 'count').locator('.shown'), /^0$/);
    await scene.shmstore('set', scene.at('counter'), 'count', '41');
    await shows(row(page, 'count').locator('.shown'), /^41$/);
    // A number that a double does not hold keeps its digits.
    await scene.shmstore('set', scene.at('counter'), 'count', '18446744073709551615');
    await shows(row(page, 'count').locator('.shown'), /^18.446.744.073.709.551.615$/);
    await scene.shmstore('set', scene.at('counter'), 'count', '9007199254740993');
    await shows(row(page, 'count').locator('.shown'), /^9.007.199.254.740.993$/);
  }),
);

test(
  'object_that_comes_later_is_shown_and_its_successor_is_followed',
  scene(async (scene) => {
    const page = await scene.open((await scene.serve()).address);
    await shows(page.locator('#no-objects'), /No objects yet/);
    await scene.create('counter', counter('Counter'));
    await scene.shmstore('set', scene.at('counter'), 'count', '5');
    await shows(row(page, 'count').locator('.shown'), /^5$/);
    const before = await page.evaluate(() => location.hash);
    await scene.shmstore('rm', scene.at('counter'), '--yes', '--force');
    await shows(page.locator('.wrong'), /was removed/);
    await scene.create('counter', counter('Counter'));
    await shows(row(page, 'count').locator('.shown'), /^0$/);
    assert.notEqual(await page.evaluate(() => location.hash), before);
  }),
);

test(
  'link_leads_to_the_same_object_and_plots',
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    await scene.create('counter', counter('Counter'));
    const server = await scene.serve();
    const page = await scene.open(selecting(server.address, scene.at('rover'), 'R'));
    const plots = page.locator('.plot .path');
    await until('four plots', async () => (await plots.count()) === 4);
    while ((await plots.count()) > 0) await page.locator('.plot button').first().click();
    await row(page, 'position.heading').getByRole('button', { name: 'Plot position.heading' }).click();
    await shows(plots, /^position\.heading$/);
    const other = await scene.open(await page.evaluate(() => location.href));
    await shows(other.locator('h2'), /rover/);
    await shows(other.locator('.plot .path'), /^position\.heading$/);
    await other.locator('.object', { hasText: 'counter' }).click();
    await shows(other.locator('h2'), /counter/);
    await other.goBack();
    await shows(other.locator('h2'), /rover/);
  }),
);

test(
  'page_is_used_by_the_keyboard',
  scene(async (scene) => {
    for (const name of ['one', 'two', 'three']) await scene.create(name, counter('Counter'));
    const page = await scene.open((await scene.serve('--write')).address);
    await isLive(page);
    const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);
    await page.keyboard.press('/');
    assert.equal(await focused(), 'filter');
    await page.keyboard.type('t');
    await until('two rows', async () => (await page.locator('.object').count()) === 3);
    await page.keyboard.type('w');
    await until('one row', async () => (await page.locator('.object').count()) === 1);
    await page.keyboard.press('Escape');
    await until('all rows', async () => (await page.locator('.object').count()) === 3);
    // Escape leads to the selected object: the first by name.
    assert.match(await focused(), /one/);
    await page.keyboard.press('ArrowDown');
    assert.match(await focused(), /three/);
    await page.keyboard.press('End');
    assert.match(await focused(), /two/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await shows(page.locator('h2'), /three/);
    await row(page, 'count').locator('.shown').waitFor();
    // The list is one stop of the tabulator key. What follows it is the object.
  assert.equal(await page.locator('#objects a[tabindex="0"]').count(), 1);
    const names = [];
    for (let stop = 0; stop < 4; stop++) {
      await page.keyboard.press('Tab');
      names.push(await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? ''));
    }
    assert.ok(names.includes('Edit count'), names.join());
    const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(await outline(), 'solid');
    await row(page, 'count').getByRole('button', { name: 'Edit count' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('form.editor').waitFor();
    await page.keyboard.press('Escape');
    await until('no editor', async () => (await page.locator('form.editor').count()) === 0);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Edit count');
  }),
);

test(
  'every_control_has_a_name',
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    const page = await scene.open(selecting((await scene.serve('--write')).address, scene.at('rover'), 'R'));
    await until('four plots', async () => (await page.locator('.plot canvas').count()) === 4);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, a, input, select, [role=img], img')]
        .filter((node) => !node.closest('[hidden]'))
        .filter(
          (node) =>
            !(
              node.getAttribute('aria-label') ||
              node.getAttribute('alt') ||
              node.textContent.trim() ||
              node.labels?.length
            ),
        )
        .map((node) => node.outerHTML),
    );
    assert.deepEqual(nameless, []);
  }),
);

for (const width of [500, 360]) {
  test(
    `page_of_${width}_pixels_does_not_scroll_sideways`,
    scene(async (scene) => {
      await scene.actor('rover', 'drive');
      await scene.create('a'.repeat(120), counter('Type'.repeat(40), 'field'.repeat(30)));
      const server = await scene.serve('--write');
      for (const [name, id] of [
        ['rover', 'R'],
        ['a'.repeat(120), 'T'],
      ]) {
        const address = selecting(server.address, scene.at(name), id);
        const page = await scene.open(address, { viewport: { width, height: 800 } });
        await isLive(page);
        await page.locator('td.value').first().waitFor();
        if (name === 'rover') {
          await until('four plots', async () => (await page.locator('.plot canvas').count()) === 4);
          const box = await page.locator('.plot').first().boundingBox();
          assert.ok(box.width > width - 40 && box.width <= width, `a plot has ${box.width} pixels`);
        }
        await page.locator('.tool', { hasText: 'edit' }).first().click();
        const [wanted, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wanted <= given, `${name}: ${wanted} pixels of ${given}`);
      }
    }),
  );
}

test(
  'files_of_the_page_have_at_most_50_kilobytes',
  scene(async (scene) => {
    const { origin, address } = await scene.serve();
    const page = await scene.open('about:blank');
    const paths = [];
    page.on('response', (response) => paths.push(new URL(response.url())));
    await page.goto(address);
    await shows(page.locator('#no-objects'), /No objects/);
    const files = new Set(
      paths.filter((url) => url.origin === origin && !/^\/(api|events)/.test(url.pathname)).map((url) => url.pathname),
    );
    assert.ok(files.has('/app.js') && files.has('/uplot.js') && files.has('/'), [...files].join());
    let size = 0;
    for (const path of files) {
      size += await new Promise((resolve, reject) => {
        get(origin + path, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
          assert.equal(response.headers['content-encoding'], 'gzip', path);
          let length = 0;
          response.on('data', (part) => (length += part.length)).on('end', () => resolve(length));
        }).on('error', reject);
      });
    }
    assert.ok(size <= 50_000, `${size} bytes`);
    console.log(`the page has ${size} bytes`);
  }),
);
