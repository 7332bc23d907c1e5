// The call page in a frame of another site: a listed site may embed it and delegate the devices; no other
// site may.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { openScene } from './support/scene.mjs';

const ALLOW = 'camera; microphone; display-capture; fullscreen; autoplay; picture-in-picture; screen-wake-lock; speaker-selection; clipboard-write';

const clinic = await startSite();
const stranger = await startSite();
const scene = await openScene({ FRAME_ANCESTORS: clinic.origin });

/** A site whose only page embeds the call page. */
async function startSite() {
  const site = createServer((_request, response) => {
    const frame = `<iframe src="${scene.server.url}/" allow="${ALLOW}"></iframe>`;
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><link rel="icon" href="data:,"><title>A site</title>${frame}`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  after(() => site.close());
  return { origin: `http://127.0.0.1:${site.address().port}` };
}

/** Opens the site's page. Returns the page and its frame. */
async function frameOf(site, { page }) {
  await page.goto(site.origin);
  const [, frame] = page.frames();
  // The event precedes the navigation of the frame.
  const isSomewhere = () => !['', 'about:blank'].includes(frame.url());
  if (!isSomewhere()) await page.waitForEvent('framenavigated', isSomewhere);
  return frame;
}

/** Violations by the page, except requests to the embedding site. */
function offencesBut(site, person) {
  return person.conduct.takeViolations().filter((offence) => !offence.startsWith(`talked to ${site.origin}`));
}

test('on a listed site, the embedded page has camera and microphone', async () => {
  const ann = await scene.person('Ann');
  const frame = await frameOf(clinic, ann);
  const found = await frame.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const kinds = stream.getTracks().map((track) => track.kind);
    for (const track of stream.getTracks()) track.stop();
    return { origin: location.origin, kinds: kinds.sort() };
  });
  assert.deepEqual(found, { origin: new URL(scene.server.url).origin, kinds: ['audio', 'video'] });
  const allowed = await frame.evaluate(() => document.featurePolicy.allowedFeatures());
  for (const feature of ALLOW.split('; ')) assert.ok(allowed.includes(feature), feature);
  assert.ok(!allowed.includes('geolocation'));
  assert.deepEqual(offencesBut(clinic, ann), []);
});

test('on any other site, the page is not shown', async () => {
  const ann = await scene.person('Ann');
  const frame = await frameOf(stranger, ann);
  assert.match(frame.url(), /^chrome-error:/);
  assert.match(offencesBut(stranger, ann).join('\n'), /frame-ancestors/);
});
