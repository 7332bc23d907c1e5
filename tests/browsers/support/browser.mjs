// The browser: a real one with fake camera and microphone.

import { chromium } from 'playwright-core';

const FLAGS = [
  // Root has no sandbox; the browser opens only the page under test.
  '--no-sandbox',
  '--disable-gpu',
  // Two cameras with 20 frames per second, and a beeping microphone.
  '--use-fake-device-for-media-stream=device-count=2',
  // The tests' network has only the address of the loopback interface.
  '--allow-loopback-in-peer-connection',
];

/** A screen to share, without prompts for it or for devices. */
const SCREEN_FLAGS = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=display-media-type=browser',
];

/**
 * Launches the browser of one test file. Each person gets a context, which shares nothing with the others.
 *
 * @param {{hasScreen?: boolean}} [circumstances]
 */
export function launchBrowser({ hasScreen = false } = {}) {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error('CHROMIUM must name the browser; start the tests with: npm test');
  return chromium.launch({ executablePath, headless: true, args: hasScreen ? [...FLAGS, ...SCREEN_FLAGS] : FLAGS });
}
