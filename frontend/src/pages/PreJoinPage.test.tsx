// The page before the room, on computers with and without problems.

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceSettings } from '../features/devices/DeviceSettings';
import { LocalMedia } from '../rtc/media/localMedia';
import { FakeAudioContext } from '../testing/fakeAudio';
import { FakeDevices } from '../testing/fakeMedia';
import { PreJoinPage } from './PreJoinPage';

let devices: FakeDevices;
let media: LocalMedia;
const onJoin = vi.fn();

beforeEach(() => {
  devices = new FakeDevices().install();
  media = new LocalMedia();
  onJoin.mockClear();
  Object.defineProperty(HTMLMediaElement.prototype, 'setSinkId', {
    value: async () => {},
    configurable: true,
  });
});

async function open(): Promise<void> {
  render(
    <PreJoinPage appointmentId="42" name="Ann" media={media} isJoining={false} onJoin={onJoin} />,
  );
  await act(() => media.open());
}

const help = () =>
  screen.queryAllByTestId('device-help').map((box) => [box.dataset.problem, box.textContent]);
const optionsOf = (testId: string) =>
  [...screen.getByTestId<HTMLSelectElement>(testId).options].map(({ label }) => label);

describe('where everything works', () => {
  it('there is a level meter and a choice of devices, and no help', async () => {
    await open();
    expect(screen.getByRole('meter', { name: 'Microphone level' })).toBeTruthy();
    expect(optionsOf('camera-select')).toEqual(['Front', 'Back']);
    expect(optionsOf('microphone-select')).toEqual(['Desk', 'Headset']);
    expect(optionsOf('speaker-select')).toEqual(['As the system decides', 'Loud', 'Quiet']);
    expect(help()).toEqual([]);
  });

  it('a chosen device is used', async () => {
    await open();
    await userEvent.selectOptions(screen.getByTestId('camera-select'), 'Back');
    await userEvent.selectOptions(screen.getByTestId('speaker-select'), 'Quiet');
    expect(devices.inUse.map(({ label }) => label).sort()).toEqual(['Back', 'Desk']);
    expect(media.snapshot.get().speaker).toBe('quiet');
    await userEvent.selectOptions(screen.getByTestId('speaker-select'), 'As the system decides');
    expect(media.snapshot.get().speaker).toBe('');
  });

  it('a microphone that receives speech says so', async () => {
    await open();
    expect(screen.getByText('Say something: the bar should move.')).toBeTruthy();
    FakeAudioContext.loudness = 0.5;
    expect(await screen.findByText('Your microphone hears you.')).toBeTruthy();
  });

  it('a user who did not hear the test sound gets help', async () => {
    await open();
    await userEvent.click(screen.getByTestId('speaker-test-button'));
    await userEvent.click(await screen.findByText('No', {}, { timeout: 4_000 }));
    expect(screen.getByText(/Turn the volume up/)).toBeTruthy();
  });
});

describe('where something is wrong', () => {
  it.each([
    ['a blocked camera', () => devices.permit('camera', 'denied'), 'denied', /blocks your camera$/],
    ['no microphone', () => devices.plug({ microphones: [] }), 'absent', /no microphone$/],
    [
      'a camera in use elsewhere',
      () => {
        devices.refusals.camera = new DOMException('', 'NotReadableError');
      },
      'busy',
      /using your camera$/,
    ],
    [
      'a system that keeps the camera',
      () => {
        devices.refusals.camera = new DOMException(
          'Permission denied by system',
          'NotAllowedError',
        );
      },
      'system',
      /keeps the camera from your browser$/,
    ],
    [
      'an insecure address',
      () => {
        FakeDevices.uninstall();
        vi.stubGlobal('isSecureContext', false);
      },
      'insecure',
      /not secure/,
    ],
    [
      'a browser without calls',
      () => vi.stubGlobal('RTCPeerConnection', undefined),
      'unsupported',
      /cannot make calls$/,
    ],
  ])('%s is reported, and joining is possible', async (_, happen, problem, title) => {
    happen();
    await open();
    expect(help()).toHaveLength(1);
    expect(help()[0]?.[0]).toBe(problem);
    expect(screen.getByRole('heading', { name: title })).toBeTruthy();
    await userEvent.click(screen.getByTestId('prejoin-join-button'));
    expect(onJoin).toHaveBeenCalledExactlyOnceWith('Ann');
  });

  it('two devices with different problems have help of their own', async () => {
    devices.permit('camera', 'denied');
    devices.plug({ microphones: [] });
    await open();
    expect(help().map(([problem]) => problem)).toEqual(['absent', 'denied']);
  });

  it('a dismissed prompt can be requested again', async () => {
    devices.permit('camera', 'prompt');
    devices.permit('microphone', 'prompt');
    await open();
    expect(help().map(([problem]) => problem)).toEqual(['dismissed']);
    devices.permissions.camera.state = 'granted';
    devices.permissions.microphone.state = 'granted';
    await userEvent.click(screen.getByText('Ask again'));
    await vi.waitFor(() => expect(help()).toEqual([]));
  });

  it('joining does not wait for the browser’s prompt', async () => {
    devices.hold();
    render(
      <PreJoinPage appointmentId="42" name="Ann" media={media} isJoining={false} onJoin={onJoin} />,
    );
    await userEvent.click(screen.getByTestId('prejoin-join-button'));
    expect(onJoin).toHaveBeenCalledOnce();
  });
});

describe('the dialog during the call', () => {
  it('offers the same devices, and closes by its button and by Escape', async () => {
    const onClose = vi.fn();
    await media.open();
    render(<DeviceSettings media={media} isOpen={true} onClose={onClose} />);
    const dialog = await screen.findByRole('dialog', { name: 'Camera, microphone and speaker' });
    expect(optionsOf('microphone-select')).toEqual(['Desk', 'Headset']);
    await userEvent.click(screen.getByRole('button', { name: 'Close' }));
    act(() => void dialog.dispatchEvent(new Event('cancel', { cancelable: true })));
    expect(onClose).toHaveBeenCalledTimes(2);
  });
});
