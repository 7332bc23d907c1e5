// Cameras, microphones and speakers of this computer, and the user's choice among them.

import { recallForever, rememberForever } from '../../lib/browserStorage';

/** Kinds of device that this side sends from. */
export type SourceKind = 'camera' | 'microphone';
export type DeviceKind = SourceKind | 'speaker';

export interface Device {
  /** Unique for this browser and this site. */
  id: string;
  label: string;
}

export interface DeviceLists {
  cameras: Device[];
  microphones: Device[];
  speakers: Device[];
}

/** The system's default output. */
export const systemSpeaker: Device = { id: '', label: '' };

export const noDevices: DeviceLists = { cameras: [], microphones: [], speakers: [] };

export const sourceKinds: readonly SourceKind[] = ['microphone', 'camera'];

const lists = { camera: 'cameras', microphone: 'microphones', speaker: 'speakers' } as const;

const inputs = { camera: 'videoinput', microphone: 'audioinput', speaker: 'audiooutput' } as const;

export function devicesOf(kind: DeviceKind, devices: DeviceLists): Device[] {
  return devices[lists[kind]];
}

/** Lists the devices. Before a permission is granted, their ids and labels are empty. */
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

/** True if the browser lets a page choose the output. */
export function canChooseSpeaker(): boolean {
  return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
}

/** True with several cameras, and on handheld devices, which have a front and a back camera. */
export function canFlip({ cameras }: DeviceLists): boolean {
  if (cameras.length > 1) return true;
  const { mediaDevices } = navigator;
  const isHandheld = window.matchMedia('(pointer: coarse)').matches;
  return isHandheld && mediaDevices?.getSupportedConstraints?.().facingMode === true;
}

/**
 * Constraints for a request. A chosen device that is present is required, since browsers may ignore
 * an `ideal` one; a chosen device that is absent is only preferred.
 */
export function constraintsFor(
  kind: SourceKind,
  choice: Device | null,
  devices: DeviceLists,
  facing: 'user' | 'environment',
): MediaTrackConstraints {
  const found = findChoice(choice, devicesOf(kind, devices));
  const preferred = choice ? { deviceId: { ideal: choice.id } } : { facingMode: facing };
  const chosen = found ? { deviceId: { exact: found.id } } : preferred;
  if (kind === 'microphone') return found || choice ? chosen : {};
  return { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 } };
}

/** Finds the chosen device by id, or by label: clearing site data changes the ids. */
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
