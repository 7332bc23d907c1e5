// Status that each side of a call sends to the other, and its encoding. Pure.
// Source: docs/call-page.md, "What goes over the data channel"

export interface PeerStatus {
  /** The microphone is on. */
  microphone: boolean;
  /** The camera is on. */
  camera: boolean;
  /** The video shows a screen. */
  screen: boolean;
  /** The video is paused because the connection cannot carry it along with the audio. */
  videoPaused: boolean;
}

/** Maximum length of a status message, in UTF-16 units. This page sends a fraction of it. */
export const MAX_MESSAGE_LENGTH = 1_024;

const keys = ['microphone', 'camera', 'screen', 'videoPaused'] as const;

export function writeStatus({ microphone, camera, screen, videoPaused }: PeerStatus): string {
  return JSON.stringify({ type: 'status', microphone, camera, screen, videoPaused });
}

/** Parses a message from the remote client, which may be anything; null if it is no status. */
export function readStatus(message: unknown): PeerStatus | null {
  if (typeof message !== 'string' || message.length > MAX_MESSAGE_LENGTH) return null;
  const value = parsed(message);
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  if (fields.type !== 'status' || keys.some((key) => typeof fields[key] !== 'boolean')) return null;
  const { microphone, camera, screen, videoPaused } = fields as unknown as PeerStatus;
  return { microphone, camera, screen, videoPaused };
}

export function isSameStatus(one: PeerStatus | null, other: PeerStatus | null): boolean {
  if (!one || !other) return one === other;
  return keys.every((key) => one[key] === other[key]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
