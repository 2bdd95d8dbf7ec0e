// What is wrong: with objects, with the connection, with the token, with a write.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';

import { counter, isLive, row, scene, selecting, shows, until } from './scene.js';

// What the browser itself writes when a request fails.
const FAILED = /Failed to load resource/;

test(
  'inconsistent_lock_dead_writer_and_orphan_are_named',
  scene(async (scene) => {
    // The second owner finds that the first one died, and ends.
    await scene.kill(await scene.actor('planner', 'plan'));
    await (
      await scene.actor('planner', 'plan')
    ).ended;
    await scene.kill(await scene.actor('rover', 'imu'));
    await scene.create('well', counter('Well'));
    await scene.create('lost', counter('Lost'));
    await rm(scene.at('lost'), { recursive: true });
    const server = await scene.serve();
    const page = await scene.open(server.address);
    const findings = page.locator('.finding');
    await shows(findings, /planner the lock route is inconsistent/);
    await shows(findings, /rover pid \d+ died while it held imu/);
    await shows(findings, /lost.*orphaned/);
    const count = await findings.count();
    await until('the number in the title', async () => (await page.title()).startsWith(`(${count}) `));
    // Troubled objects come first, each with a shape and a word.
    const rows = await page
      .locator('#objects .object')
      .evaluateAll((all) =>
        all.map((row) => [
          row.querySelector('.name').textContent,
          row.querySelector('.unseen').textContent,
          row.querySelector('path, rect, circle').tagName,
        ]),
      );
    assert.deepEqual(rows.map(([name]) => name).sort(), ['lost', 'planner', 'rover', 'well']);
    assert.deepEqual(
      rows.slice(0, 3).map(([, ...look]) => look),
      Array(3).fill(['needs attention: ', 'path']),
    );
    assert.deepEqual(rows[3], ['well', 'ready: ', 'circle']);
    // A finding leads to its object, and to the part.
    await findings.filter({ hasText: 'imu' }).click();
    await shows(page.locator('h2'), /^rover/);
    await shows(page.locator('.wrong'), /died while it held imu/);
    await shows(page.locator('.chip.dead'), /\d+ died with imu/);
    await until('the focus on the part', () =>
      page.evaluate(() => document.activeElement.closest('tr')?.dataset.path === 'imu'),
    );
    // A trouble that ends is not named any more.
    await scene.actor('rover', 'imu');
    await until(
      'the trouble to end',
      async () => (await findings.filter({ hasText: 'died while it held imu' }).count()) === 0,
    );
  }),
);

test(
  'page_says_that_nothing_needs_attention',
  scene(async (scene) => {
    await scene.create('well', counter('Well'));
    const page = await scene.open((await scene.serve()).address);
    await isLive(page);
    // The machine may have a finding of its own.
    await shows(page.locator('#findings'), /./);
    if ((await page.locator('.finding').count()) === 0)
      await shows(page.locator('#findings'), /^Nothing needs attention$/);
    assert.equal(await page.locator('.finding', { hasText: 'well' }).count(), 0);
  }),
);

test(
  'lost_connection_is_said_and_found_again',
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    const server = await scene.serve();
    const page = await scene.open(`${selecting(server.address, scene.at('rover'), 'R')}&plot=position.x`);
    await isLive(page);
    await shows(row(page, 'position.x').locator('.shown'), /\d/);
    await scene.kill(server);
    await shows(page.locator('#link'), /Connection lost: the data are \d+ s old/);
    assert.match(await page.title(), /^lost · /);
    await shows(page.locator('#announced'), /lost/);
    await shows(page.locator('#link'), /the data are [2-9] s old/);
    const again = await scene.serve('--listen', new URL(server.origin).host);
    await isLive(page);
    assert.equal(again.origin, server.origin);
    await until('the gap in the line', async () => {
      const path = await row(page, 'position.x').locator('td.spark path').getAttribute('d');
      return path.split('M').length >= 3;
    });
    scene.expected = FAILED;
  }),
);

test(
  'silent_server_is_lost',
  scene(async (scene) => {
    await scene.create('counter', counter('Counter'));
    const server = await scene.serve();
    const page = await scene.open(server.address);
    await isLive(page);
    server.kill('SIGSTOP');
    await shows(page.locator('#link'), /Silent/);
    await shows(page.locator('#link'), /Connection lost/);
    server.kill('SIGCONT');
    await isLive(page);
  }),
);

test(
  'token_of_the_address_is_kept_and_removed_from_it',
  scene(async (scene) => {
    await scene.create('counter', counter('Counter'));
    const server = await scene.serve('--listen', '0.0.0.0:0');
    assert.match(server.address, /#token=[0-9a-f]{32}$/);
    const [, token] = server.address.split('#token=');
  // No object is selected here, which would give the page another address.
  const other = await scene.open(`${server.address}&machine`);
  await shows(other.locator('.machine-list'), /shmmni/);
  assert.match(await other.evaluate(() => location.href), /\/#machine=?$/);
    const page = await scene.open(server.address);
    await isLive(page);
    assert.ok(!(await page.evaluate(() => location.href)).includes(token));
    assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
    await page.reload();
    await isLive(page);
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    // Without it, the page asks.
    await shows(page.locator('form.token'), /needs its token/);
    await page.keyboard.type('not the token');
    await page.keyboard.press('Enter');
    await shows(page.locator('form.token'), /the token is not the one/);
    await page.locator('#token').fill(token);
    await page.keyboard.press('Enter');
    await isLive(page);
    await shows(row(page, 'count').locator('.shown'), /^0$/);
    scene.expected = FAILED;
  }),
);

test(
  'field_is_written_through_the_page',
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    const page = await scene.open(selecting((await scene.serve('--write')).address, scene.at('rover'), 'R'));
    const edit = async (path, value) => {
      await row(page, path).locator('.tool', { hasText: 'edit' }).click();
      const input = page.locator('form.editor input[type=text], form.editor select');
      if (await input.evaluate((node) => node.tagName === 'SELECT')) await input.selectOption(value);
      else await input.fill(value);
      await page.getByRole('button', { name: 'Store' }).click();
    };
    const isStored = (path, value) =>
      until(
        `${path} to be ${value}`,
        async () => (await scene.shmstore('get', scene.at('rover'), path)).trim() === value,
      );
    await edit('label', '"South yard"');
    await isStored('label', 'South yard');
    await shows(row(page, 'label').locator('.shown'), /^"South yard"$/);
    await edit('mode', '"Charging"');
    await isStored('mode', 'Charging');
    await edit('limits["yard"]', '{"speed": 1.5, "torque": 3}');
    await isStored('limits["yard"].speed', '1.5');
    await shows(row(page, 'limits["yard"]').locator('.shown'), /speed: 1\.5, torque: 3/);
    assert.equal(await page.locator('form.editor').count(), 0);
    // What is no JSON, or not of the type, is refused with the reason, and the text stays.
    await edit('label', 'no JSON');
    await shows(page.locator('.said'), /not JSON/);
    await page.keyboard.press('Escape');
    const long = JSON.stringify('x'.repeat(30));
    await edit('label', long);
    await shows(page.locator('.said'), /^Not stored: .*24/);
    assert.equal(await page.locator('form.editor input').first().inputValue(), long);
    await page.keyboard.press('Escape');
    scene.expected = FAILED;
  }),
);

test(
  'field_is_not_written_over_a_newer_version',
  scene(async (scene) => {
    const rover = await scene.actor('rover', 'drive');
    await scene.kill(rover);
    const page = await scene.open(selecting((await scene.serve('--write')).address, scene.at('rover'), 'R'));
    await row(page, 'label').locator('.tool', { hasText: 'edit' }).click();
    await page.getByLabel(/Only if the version is still 1/).check();
    await scene.shmstore('set', scene.at('rover'), 'label', 'meanwhile');
    await page.locator('form.editor input').first().fill('"mine"');
    await page.getByRole('button', { name: 'Store' }).click();
    await shows(page.locator('.said'), /^Not stored: /);
    assert.equal((await scene.shmstore('get', scene.at('rover'), 'label')).trim(), 'meanwhile');
    scene.expected = FAILED;
  }),
);

test(
  'page_without_write_has_no_editor',
  scene(async (scene) => {
    await scene.create('counter', counter('Counter'));
    const page = await scene.open((await scene.serve()).address);
    await shows(row(page, 'count').locator('.shown'), /^0$/);
    assert.equal(await row(page, 'count').locator('.tool:not([hidden])', { hasText: 'edit' }).count(), 0);
  }),
);
