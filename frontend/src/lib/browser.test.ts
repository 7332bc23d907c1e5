// Detecting browsers by their user agent.

import { expect, it } from 'vitest';
import { browserInfo } from './browser';

const webKit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const blink = 'AppleWebKit/537.36 (KHTML, like Gecko)';

it.each([
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink} Chrome/130.0.0.0 Safari/537.36`,
    0,
    'chrome',
    'windows',
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0) ${blink} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0`,
    0,
    'chrome',
    'windows',
  ],
  [
    `Mozilla/5.0 (Linux; Android 14; K) ${blink} Chrome/130.0.0.0 Mobile Safari/537.36`,
    5,
    'chrome',
    'android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 0, 'firefox', 'other'],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webKit} Version/18.0 Safari/605.1.15`,
    0,
    'safari',
    'mac',
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webKit} Version/18.0 Safari/605.1.15`,
    5,
    'safari',
    'ios',
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${webKit} CriOS/130.0 Mobile Safari/604.1`,
    5,
    'chrome',
    'ios',
  ],
  ['something new', 0, 'other', 'other'],
])('%s with %i touch points is %s on %s', (userAgent, touchPoints, browser, platform) => {
  expect(browserInfo(userAgent, touchPoints)).toEqual({ browser, platform });
});
