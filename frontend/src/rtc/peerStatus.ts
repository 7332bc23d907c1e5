// What the two sides of a call tell each other about themselves, and how it is written. Pure.
// Source: docs/call-page.md, "What goes over the data channel"

export interface PeerStatus {
  /** They mean to be heard. */
  microphone: boolean;
  /** They mean to be seen. */
  camera: boolean;
  /** Their picture is that of their screen. */
  screen: boolean;
  /** Their picture has given way to the sound, on a connection that cannot carry both. */
  videoPaused: boolean;
}

/** A message is a fraction of this; whoever sends more is not talking to this page. */
export const MAX_MESSAGE_LENGTH = 1_024;

const keys = ['microphone', 'camera', 'screen', 'videoPaused'] as const;

export function writeStatus({ microphone, camera, screen, videoPaused }: PeerStatus): string {
  return JSON.stringify({ type: 'status', microphone, camera, screen, videoPaused });
}

/** Null for whatever is not a status: it comes from the other side, and may be anything. */
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
