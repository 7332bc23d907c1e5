// Why a camera or a microphone is not available, as far as browsers report it. Each problem needs
// another remedy.

import { type DeviceLists, devicesOf, type SourceKind } from './devices';

export type MediaProblem =
  /** The user denied the device to this page. */
  | 'denied'
  /** The user closed the browser's prompt, or chose “not now”. */
  | 'dismissed'
  /** The operating system denies the device to the browser. */
  | 'system'
  | 'absent'
  /** Another program uses the device, or it fails to start. */
  | 'busy'
  /** The page is not a secure context: browsers require https:// or localhost. */
  | 'insecure'
  /** The browser is too old, or is an app's web view. */
  | 'unsupported'
  /** The page is embedded, and the embedding page does not delegate the device. */
  | 'embedded';

/** Permission to use a device; null where the browser does not report it. */
export async function permissionOf(kind: SourceKind): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: kind as PermissionName });
  } catch {
    return null;
  }
}

/** Problem that is known before any request, or null. */
export function knownProblem(kind: SourceKind): MediaProblem | null {
  if (typeof RTCPeerConnection === 'undefined') return 'unsupported';
  if (!navigator.mediaDevices?.getUserMedia) {
    return window.isSecureContext ? 'unsupported' : 'insecure';
  }
  return isDelegated(kind) === false ? 'embedded' : null;
}

/** Problem behind a rejection of getUserMedia for one device. */
export async function problemOf(error: unknown, kind: SourceKind): Promise<MediaProblem> {
  // OverconstrainedError does not extend Error in every browser.
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
 * True if another request may succeed without repeated prompts. `before` and `now` are the devices
 * before and after the latest change.
 */
export async function isWorthRetrying(
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
  // Chromium distinguishes refusals by message; other browsers use one message for all.
  if (/by system/i.test(message)) return 'system';
  if (/dismissed/i.test(message)) return 'dismissed';
  if (isDelegated(kind) === null && isEmbeddedInForeignPage()) return 'embedded';
  const permission = await permissionOf(kind);
  // The browser permits the device, so the operating system must have refused it.
  if (permission?.state === 'granted') return 'system';
  return permission?.state === 'prompt' ? 'dismissed' : 'denied';
}

interface PermissionsPolicy {
  allowsFeature(feature: string): boolean;
}

/** True if the embedding page delegates the device; null where the browser does not report it. */
function isDelegated(kind: SourceKind): boolean | null {
  const { permissionsPolicy, featurePolicy } = document as {
    permissionsPolicy?: PermissionsPolicy;
    featurePolicy?: PermissionsPolicy;
  };
  const policy = permissionsPolicy ?? featurePolicy;
  return policy ? policy.allowsFeature(kind) : null;
}

function isEmbeddedInForeignPage(): boolean {
  try {
    return window.top?.location.origin !== window.location.origin;
  } catch {
    return true;
  }
}
