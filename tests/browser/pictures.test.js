// The pictures of the guide. `.ci/browser --pictures` makes them.

import assert from 'node:assert/strict';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { counter, isLive, row, scene, selecting, shows, until } from './scene.js';

const { SHMSTORE_PICTURES } = process.env;
// A path that looks well in a picture.
const PLACE = '/srv/yard';
const LARGEST = 200_000;

test(
  'pictures',
  { skip: !SHMSTORE_PICTURES },
  scene(async (scene) => {
    await scene.actor('rover', 'drive');
    await scene.actor('rover', 'imu');
    for (let number = 1; number <= 9; number++) await scene.actor(`agv-0${number}`, 'agv');
    const server = await scene.serve('--write');
    const address = selecting(server.address, scene.at('rover'), 'R');
    const plots = ['position.x', 'imu.accel[0]', 'battery.volts', 'distance'].map((path) => `&plot=${path}`).join('');
    // Without animation, each picture of a page is of one moment.
    const open = (width, height, more) =>
      scene.open(address + plots, { viewport: { width, height }, reducedMotion: 'reduce', ...more });
    const wide = await open(1280, 1000, {});
    const dark = await open(1280, 1000, { colorScheme: 'dark' });
    const narrow = await open(400, 1300, {});
    const save = async (page, name) => {
      const path = join(SHMSTORE_PICTURES, name);
      await page.screenshot({ path });
      const { size } = await stat(path);
      assert.ok(size < LARGEST, `${name} has ${size} bytes`);
    };
    for (const page of [wide, dark, narrow]) await isLive(page);
    // Until the plots are full of waves.
    const line = row(wide, 'position.x').locator('td.spark path');
    await until('a history', async () => ((await line.getAttribute('d')) ?? '').split('L').length > 200, 120_000);
    await save(wide, 'serve-wide.png');
    await save(dark, 'serve-dark.png');
    await save(narrow, 'serve-narrow.png');

    await scene.kill(await scene.actor('planner', 'plan'));
    await (
      await scene.actor('planner', 'plan')
    ).ended;
    await scene.kill(await scene.actor('rover-2', 'imu'));
    await scene.create('former', counter('Former'));
    await rm(scene.at('former'), { recursive: true });
    await shows(wide.locator('.finding'), /former.*orphaned/);
    await wide.locator('.object', { hasText: 'planner' }).click();
    await shows(wide.locator('h2'), /planner/);
    await wide.mouse.move(0, 0);
    await wide.locator('td.value').first().waitFor();
    await wide.evaluate(() => (document.activeElement.blur(), scrollTo(0, 0)));
    await save(wide, 'serve-troubles.png');
  }, PLACE),
);
