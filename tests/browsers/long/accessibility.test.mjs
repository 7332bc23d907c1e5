// Runs axe on every screen, in light and dark, on a desktop and on a phone.
// Source: WCAG 2.2, levels A and AA

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { DESK, openScene, PHONE } from '../support/scene.mjs';
import { tour } from '../support/tour.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const scene = await openScene();

for (const [name, screen] of Object.entries({ desk: DESK, phone: PHONE })) {
  test(`on a ${name}, axe finds no violation on any screen`, async () => {
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

/** Violations, in words. */
async function judge(page) {
  await page.evaluate(settle);
  // Evaluated by the browser: the Content-Security-Policy would block a script of the page.
  await page.evaluate(axe);
  return page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
  }, RULES);
}

/** Waits for colour transitions to end. */
async function settle() {
  const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(passing.map(({ finished }) => finished));
}
