// Why a camera or a microphone cannot be had, told apart as far as browsers tell it: what helps
// against one problem is useless against another.

import { type DeviceLists, devicesOf, type SourceKind } from './devices';

export type MediaProblem =
  /** The browser keeps it from this page, because somebody once said so. */
  | 'denied'
  /** The browser asked, and its question was closed without an answer, or with “not now”. */
  | 'dismissed'
  /** The operating system keeps it from the browser. */
  | 'system'
  | 'absent'
  /** Something else has it, or it does not start. */
  | 'busy'
  /** Browsers give devices to pages from https:// and localhost alone. */
  | 'insecure'
  /** The browser is too old, or is no real browser but built into an app. */
  | 'unsupported'
  /** The page is shown inside another one, which does not pass the device on. */
  | 'embedded';

/** The permission to use a device, or null where the browser does not tell. */
export async function permissionOf(kind: SourceKind): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: kind as PermissionName });
  } catch {
    return null;
  }
}

/** What stands in the way before anything is asked for, or null. */
export function obstacle(kind: SourceKind): MediaProblem | null {
  if (typeof RTCPeerConnection === 'undefined') return 'unsupported';
  if (!navigator.mediaDevices?.getUserMedia) {
    return window.isSecureContext ? 'unsupported' : 'insecure';
  }
  return isPassedOn(kind) === false ? 'embedded' : null;
}

/** What the rejection of getUserMedia for one device means. */
export async function problemOf(error: unknown, kind: SourceKind): Promise<MediaProblem> {
  // OverconstrainedError is no Error in every browser.
  const { name = '', message = '' } = error as Partial<Error>;
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      return refusalOf(message, kind);
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'SecurityError':
      return 'insecure';
    default:
      return 'absent';
  }
}

/**
 * Whether asking again may succeed now, and will not have the browser ask the person time and again.
 * `before` and `now` are the devices that there were and are.
 */
export async function isPromising(
  problem: MediaProblem,
  kind: SourceKind,
  before: DeviceLists,
  now: DeviceLists,
): Promise<boolean> {
  const isThere = devicesOf(kind, now).length > 0;
  if (problem === 'absent' && !isThere) return false;
  const isNew = isThere && devicesOf(kind, before).length === 0;
  return isNew || (await permissionOf(kind))?.state === 'granted';
}

async function refusalOf(message: string, kind: SourceKind): Promise<MediaProblem> {
  // Chromium says which; the others have one sentence for everything.
  if (/by system/i.test(message)) return 'system';
  if (/dismissed/i.test(message)) return 'dismissed';
  if (isPassedOn(kind) === null && isInsideStrangePage()) return 'embedded';
  const permission = await permissionOf(kind);
  // The browser would, so it must be the system that would not.
  if (permission?.state === 'granted') return 'system';
  return permission?.state === 'prompt' ? 'dismissed' : 'denied';
}

interface PermissionsPolicy {
  allowsFeature(feature: string): boolean;
}

/** Whether the page around this one lets it use the device; null where the browser does not tell. */
function isPassedOn(kind: SourceKind): boolean | null {
  const { permissionsPolicy, featurePolicy } = document as {
    permissionsPolicy?: PermissionsPolicy;
    featurePolicy?: PermissionsPolicy;
  };
  const policy = permissionsPolicy ?? featurePolicy;
  return policy ? policy.allowsFeature(kind) : null;
}

function isInsideStrangePage(): boolean {
  try {
    return window.top?.location.origin !== window.location.origin;
  } catch {
    return true;
  }
}
