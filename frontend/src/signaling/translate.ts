// Converts the server's events to those of the page. Descriptions and candidates come from any
// client, so they are validated.

import type { IncomingMessage, Joined, Participant } from './client';
import { type IceServers, readIceServers } from './iceServers';
import type { JoinedSuccessfully, WireMessage } from './messages';

export function toJoined(wire: JoinedSuccessfully): Joined {
  return {
    participant: wire.participant,
    peer: toPeer(wire),
    resumed: wire.resumed,
    polite: wire.polite,
    chats: wire.chats ?? [],
    chatsAvailable: wire.chats_available,
    iceServers: toIceServers(wire),
  };
}

function toIceServers({ iceServers, iceServersTtl, turnUrls }: JoinedSuccessfully): IceServers {
  return readIceServers({ iceServers, ttl: iceServersTtl, turnUrls });
}

function toPeer(wire: JoinedSuccessfully): Participant | null {
  if (wire.remoteSocket === null) return null;
  return {
    id: wire.remoteSocket,
    name: wire.opponent_name ?? '',
    connected: wire.peer_connected,
  };
}

export function toMessage(wire: WireMessage): IncomingMessage {
  const { id, from, name, body, sent_at: sentAt } = wire;
  return { id, from, name, body, sentAt };
}

/** Null for a value that is neither an offer nor an answer. */
export function toDescription(value: unknown): RTCSessionDescriptionInit | null {
  if (!isRecord(value)) return null;
  const { type, sdp } = value;
  const isKnown = type === 'offer' || type === 'answer';
  return isKnown && typeof sdp === 'string' ? { type, sdp } : null;
}

/**
 * Accepts the documented `{candidate}` and a bare candidate, whose `candidate` is the string. Null,
 * or an empty string, is the end of candidates.
 */
export function toCandidate(payload: unknown): RTCIceCandidateInit | null {
  if (!isRecord(payload)) return null;
  const candidate = typeof payload.candidate === 'string' ? payload : payload.candidate;
  return isRecord(candidate) ? (candidate as RTCIceCandidateInit) : null;
}

export function sequenceNumberOf(payload: unknown): number | null {
  return isRecord(payload) && typeof payload.seq === 'number' ? payload.seq : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
