// Devices that are present, missing, late, redeviceSwitch and returned.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevices, type FakeTrack } from '../../testing/fakeMedia';
import { BLACK_FRAME_MS } from './capture';
import { LocalMedia } from './localMedia';

let devices: FakeDevices;
let media: LocalMedia;

beforeEach(() => {
  devices = new FakeDevices().install();
  media = new LocalMedia();
});

afterEach(() => {
  media.stop();
});

const snapshot = () => media.snapshot.get();
const labelsInUse = () => devices.inUse.map(({ label }) => label).sort();
const sent = () => snapshot().stream.getTracks() as unknown as FakeTrack[];
const refusal = (name: string, message = '') => new DOMException(message, name);

/** Opens the media up to the browser's prompt. The object keeps `done` from being awaited. */
async function openUntilPrompt(): Promise<{ done: Promise<void> }> {
  const done = media.open();
  await vi.waitFor(() => expect(devices.getUserMedia).toHaveBeenCalled());
  return { done };
}

/** Media of the page after a reload. */
function reload(): LocalMedia {
  media.stop();
  media = new LocalMedia();
  return media;
}

describe('devices', () => {
  it('are requested once, with a single prompt', async () => {
    await Promise.all([media.open(), media.open()]);
    expect(snapshot()).toMatchObject({ microphone: 'on', camera: 'on' });
    expect(devices.getUserMedia).toHaveBeenCalledOnce();
  });

  it('are judged apart: a blocked camera hides no microphone', async () => {
    devices.permit('camera', 'denied');
    await media.open();
    expect(snapshot()).toMatchObject({
      microphone: 'on',
      camera: 'missing',
      problems: { microphone: null, camera: 'denied' },
    });
  });

  it.each([
    ['no microphone', { microphones: [] }, { microphone: 'missing', camera: 'on' }],
    ['no camera', { cameras: [] }, { microphone: 'on', camera: 'missing' }],
    ['nothing', { cameras: [], microphones: [] }, { microphone: 'missing', camera: 'missing' }],
  ])('are used as far as they exist: %s', async (_, plugged, expected) => {
    devices.plug(plugged);
    await media.open();
    expect(snapshot()).toMatchObject(expected);
  });

  it('are not requested again after the prompt was closed', async () => {
    devices.permit('camera', 'prompt');
    devices.permit('microphone', 'prompt');
    await media.open();
    expect(snapshot().problems).toEqual({ microphone: 'dismissed', camera: 'dismissed' });
    expect(devices.getUserMedia).toHaveBeenCalledOnce();
  });

  it('granted after the end are released', async () => {
    const answer = devices.hold();
    const opening = await openUntilPrompt();
    media.stop();
    answer();
    await opening.done;
    expect(devices.granted).toHaveLength(2);
    expect(devices.inUse).toEqual([]);
  });

  it('of a superseded request are released, even if it is answered last', async () => {
    await media.open();
    const answer = devices.hold();
    const first = media.select('microphone', 'headset');
    devices.answering = Promise.resolve();
    await media.select('microphone', 'desk');
    answer();
    await first;
    expect(labelsInUse()).toEqual(['Desk', 'Front']);
    expect(
      sent()
        .map(({ label }) => label)
        .sort(),
    ).toEqual(['Desk', 'Front']);
  });
});

describe('the microphone', () => {
  it('is muted at once and stays open', async () => {
    await media.open();
    media.toggleMicrophone();
    expect(snapshot().microphone).toBe('off');
    expect(sent().find(({ kind }) => kind === 'audio')).toMatchObject({
      enabled: false,
      isStopped: false,
    });
  });

  it('muted before it is granted stays muted', async () => {
    const answer = devices.hold();
    const opening = await openUntilPrompt();
    media.setMicrophone(false);
    answer();
    await opening.done;
    expect(snapshot().microphone).toBe('off');
    expect(devices.granted.find(({ kind }) => kind === 'audio')?.enabled).toBe(false);
  });

  it('stays in use when the newly chosen one does not start', async () => {
    await media.open();
    devices.refusals.microphone = refusal('NotReadableError');
    await media.select('microphone', 'headset');
    expect(snapshot()).toMatchObject({ microphone: 'on', selected: { microphone: 'desk' } });
    expect(snapshot().problems.microphone).toBe('busy');
    expect(labelsInUse()).toEqual(['Desk', 'Front']);
  });
});

describe('the camera', () => {
  it('that is turned off sends a black frame and is released', async () => {
    vi.useFakeTimers();
    await media.open();
    media.toggleCamera();
    expect(snapshot().camera).toBe('off');
    expect(sent().find(({ kind }) => kind === 'video')).toMatchObject({
      enabled: false,
      isStopped: false,
    });
    vi.advanceTimersByTime(BLACK_FRAME_MS);
    expect(sent().map(({ kind }) => kind)).toEqual(['audio']);
    expect(labelsInUse()).toEqual(['Desk']);
  });

  it('leaves the stream before its track stops', async () => {
    await media.open();
    const camera = devices.granted.find(({ kind }) => kind === 'video');
    const wasRunning: boolean[] = [];
    media.snapshot.subscribe(() => {
      if (!sent().includes(camera as FakeTrack)) wasRunning.push(camera?.isStopped === false);
    });
    media.stop();
    expect(wasRunning[0]).toBe(true);
  });

  it('is requested again when it is turned on again at once', async () => {
    await media.open();
    media.toggleCamera();
    media.toggleCamera();
    await vi.waitFor(() => expect(snapshot().camera).toBe('on'));
    expect(labelsInUse()).toEqual(['Desk', 'Front']);
    expect(sent().filter(({ kind }) => kind === 'video')).toHaveLength(1);
  });

  it('turned off during the prompt stays off', async () => {
    const answer = devices.hold();
    const opening = await openUntilPrompt();
    media.toggleCamera();
    answer();
    await opening.done;
    expect(snapshot().camera).toBe('off');
    expect(labelsInUse()).toEqual(['Desk']);
  });

  it('is flipped, and reports its direction', async () => {
    await media.open();
    await media.flipCamera();
    expect(snapshot()).toMatchObject({ facing: 'environment', selected: { camera: 'back' } });
    await media.flipCamera();
    expect(snapshot()).toMatchObject({ facing: 'user', selected: { camera: 'front' } });
    expect(labelsInUse()).toEqual(['Desk', 'Front']);
  });

  it('is flipped to the next one where cameras report no direction', async () => {
    devices.plug({ cameras: ['One', 'Two'] });
    await media.open();
    expect(snapshot().canFlip).toBe(true);
    await media.flipCamera();
    expect(snapshot().selected.camera).toBe('two');
  });
});

describe('a reload', () => {
  it('keeps the microphone muted and the camera off', async () => {
    await media.open();
    media.toggleMicrophone();
    media.toggleCamera();
    await reload().open();
    expect(snapshot()).toMatchObject({ microphone: 'off', camera: 'off' });
    expect(labelsInUse()).toEqual(['Desk']);
  });

  it('uses the chosen devices', async () => {
    await media.open();
    await media.select('microphone', 'headset');
    await media.select('camera', 'back');
    await media.select('speaker', 'quiet');
    await reload().open();
    expect(labelsInUse()).toEqual(['Back', 'Headset']);
    expect(snapshot().speaker).toBe('quiet');
  });

  it('finds a chosen device by label when its id has changed', async () => {
    window.localStorage.setItem('switchboard.device.microphone', 'an id of yesterday\nHeadset');
    await reload().open();
    expect(snapshot().selected.microphone).toBe('headset');
    expect(labelsInUse()).toEqual(['Front', 'Headset']);
  });
});

describe('after opening', () => {
  it('a newly permitted device is used automatically', async () => {
    devices.permit('camera', 'denied');
    await media.open();
    devices.permit('camera', 'granted');
    await vi.waitFor(() => expect(snapshot().camera).toBe('on'));
    expect(snapshot().problems.camera).toBeNull();
  });

  it('a newly plugged-in device is used automatically', async () => {
    devices.plug({ microphones: [] });
    await media.open();
    devices.plug({ microphones: ['Headset'] });
    await vi.waitFor(() => expect(snapshot().microphone).toBe('on'));
  });

  it('a busy device is requested again when the page gets the focus', async () => {
    devices.refusals.camera = refusal('NotReadableError');
    await media.open();
    expect(snapshot().problems.camera).toBe('busy');
    delete devices.refusals.camera;
    window.dispatchEvent(new Event('focus'));
    await vi.waitFor(() => expect(snapshot().camera).toBe('on'));
  });

  it('a camera that was turned off stays off when another is plugged in', async () => {
    await media.open();
    media.toggleCamera();
    devices.plug({ cameras: ['Front', 'Back', 'New'] });
    await vi.waitFor(() => expect(snapshot().devices.cameras).toHaveLength(3));
    expect(snapshot().camera).toBe('off');
  });

  it('a browser that would prompt is not asked again', async () => {
    devices.permit('camera', 'prompt');
    await media.open();
    const asked = devices.getUserMedia.mock.calls.length;
    window.dispatchEvent(new Event('focus'));
    await vi.waitFor(() => expect(snapshot().problems.camera).toBe('dismissed'));
    expect(devices.getUserMedia).toHaveBeenCalledTimes(asked);
  });

  it('an unplugged device is replaced with a notice, and used again when it returns', async () => {
    await media.open();
    await media.select('microphone', 'headset');
    devices.plug({ microphones: ['Desk'] });
    await vi.waitFor(() =>
      expect(snapshot().deviceSwitch).toEqual({ kind: 'microphone', to: 'Desk' }),
    );
    expect(snapshot().microphone).toBe('on');
    devices.plug({ microphones: ['Desk', 'Headset'] });
    await vi.waitFor(() => expect(snapshot().selected.microphone).toBe('headset'));
    expect(labelsInUse()).toEqual(['Front', 'Headset']);
  });

  it('the last device is missing once unplugged', async () => {
    await media.open();
    devices.plug({ cameras: [] });
    await vi.waitFor(() => expect(snapshot().problems.camera).toBe('absent'));
    expect(snapshot()).toMatchObject({ camera: 'missing', microphone: 'on', deviceSwitch: null });
  });
});
