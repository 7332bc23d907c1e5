// Problems behind the refusals of several browsers.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevices } from '../../testing/fakeMedia';
import { knownProblem, problemOf } from './mediaProblem';

let devices: FakeDevices;

beforeEach(() => {
  devices = new FakeDevices().install();
});

const safariMessage =
  'The request is not allowed by the user agent or the platform in the current context.';

describe('a refusal', () => {
  it.each([
    ['NotAllowedError', 'Permission denied', 'denied', 'denied'],
    ['NotAllowedError', 'Permission dismissed', 'prompt', 'dismissed'],
    ['NotAllowedError', 'Permission denied by system', 'granted', 'system'],
    ['NotAllowedError', safariMessage, 'denied', 'denied'],
    ['NotAllowedError', safariMessage, 'prompt', 'dismissed'],
    ['NotAllowedError', safariMessage, 'granted', 'system'],
    ['NotFoundError', 'Requested device not found', 'granted', 'absent'],
    ['OverconstrainedError', '', 'granted', 'absent'],
    ['NotReadableError', 'Could not start video source', 'granted', 'busy'],
    ['AbortError', 'Starting videoinput failed', 'granted', 'busy'],
    ['SecurityError', '', 'prompt', 'insecure'],
  ] as const)('%s, “%s”, with the permission %s, is %s', async (name, message, state, problem) => {
    devices.permit('camera', state);
    expect(await problemOf(new DOMException(message, name), 'camera')).toBe(problem);
  });

  it('is the user’s where the browser reports no permissions', async () => {
    vi.spyOn(navigator.permissions, 'query').mockRejectedValue(new TypeError());
    expect(await problemOf(new DOMException('', 'NotAllowedError'), 'camera')).toBe('denied');
  });
});

describe('a problem known before a request', () => {
  it('is null on a page with devices', () => {
    expect(knownProblem('camera')).toBeNull();
  });

  it('is an insecure address', () => {
    FakeDevices.uninstall();
    vi.stubGlobal('isSecureContext', false);
    expect(knownProblem('camera')).toBe('insecure');
  });

  it('is a browser without devices', () => {
    FakeDevices.uninstall();
    vi.stubGlobal('isSecureContext', true);
    expect(knownProblem('camera')).toBe('unsupported');
  });

  it('is a browser without WebRTC', () => {
    vi.stubGlobal('RTCPeerConnection', undefined);
    expect(knownProblem('microphone')).toBe('unsupported');
  });

  it('is an embedding page that does not delegate the device', () => {
    const allowsFeature = (feature: string) => feature === 'microphone';
    vi.stubGlobal(
      'document',
      Object.create(document, { permissionsPolicy: { value: { allowsFeature } } }),
    );
    expect([knownProblem('camera'), knownProblem('microphone')]).toEqual(['embedded', null]);
  });
});
