// The cameras, microphones and speakers of this computer, and which of them somebody has chosen.

import { recallForever, rememberForever } from '../lib/browserStorage';

/** What this side can send with. */
export type SourceKind = 'camera' | 'microphone';
export type DeviceKind = SourceKind | 'speaker';

export interface Device {
  /** Differs from browser to browser and from site to site. */
  id: string;
  label: string;
}

export interface DeviceLists {
  cameras: Device[];
  microphones: Device[];
  speakers: Device[];
}

/** Sound comes out where the system wants it. */
export const systemSpeaker: Device = { id: '', label: '' };

export const noDevices: DeviceLists = { cameras: [], microphones: [], speakers: [] };

export const sourceKinds: readonly SourceKind[] = ['microphone', 'camera'];

const lists = { camera: 'cameras', microphone: 'microphones', speaker: 'speakers' } as const;

const inputs = { camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' } as const;

export function devicesOf(kind: DeviceKind, devices: DeviceLists): Device[] {
  return devices[lists[kind]];
}

/** Before anything is granted, browsers tell that there is a device, but neither id nor label. */
export async function listDevices(): Promise<DeviceLists> {
  const found = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []);
  const ofKind = (kind: DeviceKind): Device[] =>
    (found ?? [])
      .filter((device) => device.kind === inputs[kind])
      .map(({ deviceId: id, label }) => ({ id, label }));
  return {
    cameras: ofKind('camera'),
    microphones: ofKind('microphone'),
    speakers: ofKind('speaker'),
  };
}

/** Where browsers do not let a page choose, sound comes out where the system wants it. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
}

/** Telephones have a camera on either side, whatever they call them. */
export function canFlip({ cameras }: DeviceLists): boolean {
  if (cameras.length > 1) return true;
  const { mediaDevices } = navigator;
  const isHandheld = window.matchMedia('(pointer: coarse)').matches;
  return isHandheld && mediaDevices?.getSupportedConstraints?.().facingMode === true;
}

/**
 * Insists on the chosen device where it is known to be there, as browsers are free to overlook a
 * wish. Where it is not, they find another one.
 */
export function constraintsFor(
  kind: SourceKind,
  choice: Device | null,
  devices: DeviceLists,
  facing: 'user' | 'environment',
): MediaTrackConstraints {
  const found = findChoice(choice, devicesOf(kind, devices));
  const wish = choice ? { deviceId: { ideal: choice.id } } : { facingMode: facing };
  const chosen = found ? { deviceId: { exact: found.id } } : wish;
  if (kind === 'microphone') return found || choice ? chosen : {};
  return { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 } };
}

/** Ids change when a browser's site data is cleared; the label then still tells what was meant. */
export function findChoice(choice: Device | null, devices: Device[]): Device | undefined {
  if (!choice) return undefined;
  const sameId = devices.find(({ id }) => id === choice.id);
  return sameId ?? devices.find(({ label }) => label !== '' && label === choice.label);
}

export function recallChoice(kind: DeviceKind): Device | null {
  const [id = '', label = ''] = recallForever(storageKey(kind))?.split('\n') ?? [];
  return id || label ? { id, label } : null;
}

export function rememberChoice(kind: DeviceKind, { id, label }: Device): void {
  rememberForever(storageKey(kind), `${id}\n${label}`);
}

function storageKey(kind: DeviceKind): string {
  return `switchboard.device.${kind}`;
}
