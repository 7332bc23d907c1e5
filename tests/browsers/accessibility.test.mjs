// Every screen, by day and by night, on a desk and on a phone, as axe judges it.
// Source: WCAG 2.2, levels A and AA

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { DESK, openScene, PHONE } from './support/scene.mjs';
import { tour } from './support/tour.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const scene = await openScene();

for (const [name, screen] of Object.entries({ desk: DESK, phone: PHONE })) {
  test(`on a ${name}, there is nothing to object to on any screen`, async () => {
    const objections = [];
    await tour(scene, screen, async ({ page }, screenName) => {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        for (const objection of await judge(page)) objections.push(`${screenName}, ${colorScheme}: ${objection}`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
    });
    assert.deepEqual(objections, []);
  });
}

/** In words. */
async function judge(page) {
  await page.evaluate(settle);
  // Not as a script of the page: what the page loads, its security policy decides.
  await page.evaluate(axe);
  return page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
  }, RULES);
}

/** Lets colours arrive where they are going. */
async function settle() {
  const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(passing.map(({ finished }) => finished));
}
