// What a refusal means, in the words of several browsers.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevices } from '../testing/fakeMedia';
import { obstacle, problemOf } from './mediaProblem';

let devices: FakeDevices;

beforeEach(() => {
  devices = new FakeDevices().install();
});

const sentenceOfSafari =
  'The request is not allowed by the user agent or the platform in the current context.';

describe('a refusal', () => {
  it.each([
    ['NotAllowedError', 'Permission denied', 'denied', 'denied'],
    ['NotAllowedError', 'Permission dismissed', 'prompt', 'dismissed'],
    ['NotAllowedError', 'Permission denied by system', 'granted', 'system'],
    ['NotAllowedError', sentenceOfSafari, 'denied', 'denied'],
    ['NotAllowedError', sentenceOfSafari, 'prompt', 'dismissed'],
    ['NotAllowedError', sentenceOfSafari, 'granted', 'system'],
    ['NotFoundError', 'Requested device not found', 'granted', 'absent'],
    ['OverconstrainedError', '', 'granted', 'absent'],
    ['NotReadableError', 'Could not start video source', 'granted', 'busy'],
    ['AbortError', 'Starting videoinput failed', 'granted', 'busy'],
    ['SecurityError', '', 'prompt', 'insecure'],
  ] as const)('%s, “%s”, with the permission %s, is %s', async (name, message, state, problem) => {
    devices.permit('camera', state);
    expect(await problemOf(new DOMException(message, name), 'camera')).toBe(problem);
  });

  it('is the person’s where the browser tells nothing of permissions', async () => {
    vi.spyOn(navigator.permissions, 'query').mockRejectedValue(new TypeError());
    expect(await problemOf(new DOMException('', 'NotAllowedError'), 'camera')).toBe('denied');
  });
});

describe('before anything is asked for', () => {
  it('nothing stands in the way of a page that has devices', () => {
    expect(obstacle('camera')).toBeNull();
  });

  it('an insecure address does', () => {
    FakeDevices.uninstall();
    vi.stubGlobal('isSecureContext', false);
    expect(obstacle('camera')).toBe('insecure');
  });

  it('an old browser does', () => {
    FakeDevices.uninstall();
    vi.stubGlobal('isSecureContext', true);
    expect(obstacle('camera')).toBe('unsupported');
  });

  it('a browser without calls does', () => {
    vi.stubGlobal('RTCPeerConnection', undefined);
    expect(obstacle('microphone')).toBe('unsupported');
  });

  it('a page around this one does, if it keeps the device to itself', () => {
    const allowsFeature = (feature: string) => feature === 'microphone';
    vi.stubGlobal(
      'document',
      Object.create(document, { permissionsPolicy: { value: { allowsFeature } } }),
    );
    expect([obstacle('camera'), obstacle('microphone')]).toEqual(['embedded', null]);
  });
});
