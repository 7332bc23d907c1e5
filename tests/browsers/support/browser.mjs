// The browser: a real one, with a camera and a microphone that make up what they see and hear.

import { chromium } from 'playwright-core';

const FLAGS = [
  // Root has no sandbox, and nothing but our own page is opened.
  '--no-sandbox',
  '--disable-gpu',
  // Two cameras with pictures that move at 20 frames a second, and a beep.
  '--use-fake-device-for-media-stream=device-count=2',
  // There is no other address in the tests' network than that of the loopback interface.
  '--allow-loopback-in-peer-connection',
];

/** A screen to share, and nobody to ask which; devices are allowed without asking, too. */
const SCREEN_FLAGS = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=display-media-type=browser',
];

/**
 * One browser serves a whole file: everybody has a context of their own in it, as private as a profile.
 *
 * @param {{hasScreen?: boolean}} [circumstances]
 */
export function launchBrowser({ hasScreen = false } = {}) {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error('CHROMIUM must name the browser; start the tests with: npm test');
  return chromium.launch({ executablePath, headless: true, args: hasScreen ? [...FLAGS, ...SCREEN_FLAGS] : FLAGS });
}
