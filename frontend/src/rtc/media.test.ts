// Devices that are there, are not, come late and go away.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeMediaStream, FakeTrack } from '../testing/fakeMedia';
import { LocalMedia } from './media';

afterEach(() => {
  Reflect.deleteProperty(navigator, 'mediaDevices');
});

/** Grants what is listed, and refuses everything else with `refusal`. */
function devices(available: Array<'audio' | 'video'>, refusal = 'NotFoundError') {
  const granted: FakeTrack[] = [];
  const getUserMedia = vi.fn(async (constraints: MediaStreamConstraints) => {
    const wanted = (['audio', 'video'] as const).filter((kind) => constraints[kind]);
    if (!wanted.every((kind) => available.includes(kind))) throw new DOMException('', refusal);
    const tracks = wanted.map((kind) => new FakeTrack(kind));
    granted.push(...tracks);
    return new FakeMediaStream(tracks);
  });
  Object.defineProperty(navigator, 'mediaDevices', {
    value: { getUserMedia },
    configurable: true,
  });
  return { granted };
}

describe('devices', () => {
  it('are both taken where there are both', async () => {
    devices(['audio', 'video']);
    const media = new LocalMedia();
    await media.acquire();
    expect(media.snapshot.get()).toMatchObject({ microphone: 'on', camera: 'on', problem: null });
  });

  it.each([
    [['audio'], { microphone: 'on', camera: 'missing', problem: 'absent' }],
    [['video'], { microphone: 'missing', camera: 'on', problem: 'absent' }],
    [[], { microphone: 'missing', camera: 'missing', problem: 'absent' }],
  ] as const)('are taken as far as there are any: %j', async (available, expected) => {
    devices([...available]);
    const media = new LocalMedia();
    await media.acquire();
    expect(media.snapshot.get()).toMatchObject(expected);
  });

  it.each([
    ['NotAllowedError', 'blocked'],
    ['NotReadableError', 'busy'],
  ])('withheld with %s are reported as %s', async (refusal, problem) => {
    devices([], refusal);
    const media = new LocalMedia();
    await media.acquire();
    expect(media.snapshot.get().problem).toBe(problem);
  });

  it('do not exist on insecure pages', async () => {
    const media = new LocalMedia();
    await media.acquire();
    expect(media.snapshot.get().problem).toBe('insecure');
  });

  it('stay muted when they are asked for once more', async () => {
    devices(['audio', 'video']);
    const media = new LocalMedia();
    await media.acquire();
    media.toggleMicrophone();
    await media.acquire();
    expect(media.snapshot.get()).toMatchObject({ microphone: 'off', camera: 'on' });
  });

  it('granted after everything is over are given back', async () => {
    const { granted } = devices(['audio', 'video']);
    const media = new LocalMedia();
    const acquiring = media.acquire();
    media.stop();
    await acquiring;
    expect(granted.map(({ isStopped }) => isStopped)).toEqual([true, true]);
  });

  it('may be unplugged', async () => {
    const { granted } = devices(['audio', 'video']);
    const media = new LocalMedia();
    await media.acquire();
    granted.find(({ kind }) => kind === 'video')?.dispatchEvent(new Event('ended'));
    expect(media.snapshot.get()).toMatchObject({ camera: 'missing', problem: 'absent' });
  });
});
