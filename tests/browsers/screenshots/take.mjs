// Takes a picture of every screen, on a phone, a tablet and a desktop, in light and dark:
// SCREENSHOTS=folder npm run screenshots

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openScene } from '../support/scene.mjs';
import { tour } from '../support/tour.mjs';

const SCREENS = [
  { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  { viewport: { width: 768, height: 1024 } },
  { viewport: { width: 1440, height: 900 } },
];

const folder = process.env.SCREENSHOTS;
if (!folder) throw new Error('SCREENSHOTS must name the folder for the pictures');
await mkdir(folder, { recursive: true });
const scene = await openScene();

for (const screen of SCREENS) {
  const { width } = screen.viewport;
  test(`${width} px wide`, () =>
    tour(scene, screen, async ({ page }, screenName) => {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(folder, `${screenName}-${width}-${colorScheme}.png`), animations: 'disabled' });
      }
      await page.emulateMedia({ colorScheme: 'light' });
    }));
}
