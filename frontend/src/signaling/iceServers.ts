// Which STUN and TURN servers help two people to find a path to each other, as the server tells it.
// Source: docs/mesh.md, "GET /api/v1/ice-servers"

import type { IceConfiguration } from './wire';

export interface IceServers {
  /** For RTCConfiguration. Holds TURN servers only for somebody who has a seat. */
  servers: RTCIceServer[];
  /** When their credentials end, in milliseconds of performance.now(); null where none are needed. */
  expiresAt: number | null;
  /** The TURN servers that there are, without credentials: enough to see whether they answer. */
  turnUrls: string[];
}

/** Whose seat it is. */
export interface SeatProof {
  appointmentId: string;
  session: string;
}

/** Rejects when the server cannot be reached, or when the seat is not held any more. */
export async function fetchIceServers(proof?: SeatProof): Promise<IceServers> {
  const query = proof ? `?${new URLSearchParams({ appointment_id: proof.appointmentId })}` : '';
  const headers: HeadersInit = proof ? { Authorization: `Bearer ${proof.session}` } : {};
  const response = await fetch(`/api/v1/ice-servers${query}`, { headers, cache: 'no-store' });
  if (!response.ok) throw new Error(`ice-servers: ${response.status}`);
  return readIceServers(await response.json());
}

export function readIceServers({ iceServers, ttl, turnUrls }: IceConfiguration): IceServers {
  const expiresAt = ttl === null ? null : performance.now() + ttl * 1_000;
  return { servers: iceServers, expiresAt, turnUrls };
}
