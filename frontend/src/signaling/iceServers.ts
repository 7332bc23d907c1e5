// ICE servers, as the server sends them.
// Source: docs/mesh.md, "GET /api/v1/ice-servers"

import { serverPath } from '../lib/basePath';
import type { IceConfiguration } from './wire';

export interface IceServers {
  /** For RTCConfiguration. Contains TURN servers only for a participant with a seat. */
  servers: RTCIceServer[];
  /**
   * When the credentials expire, in milliseconds of performance.now(); null without credentials.
   */
  expiresAt: number | null;
  /** URLs of the TURN servers, without credentials: enough to check whether they answer. */
  turnUrls: string[];
}

/** Proof of a seat. */
export interface SeatProof {
  appointmentId: string;
  session: string;
}

/** Rejects when the server is unreachable, or the seat is not held. */
export async function fetchIceServers(proof?: SeatProof): Promise<IceServers> {
  const query = proof ? `?${new URLSearchParams({ appointment_id: proof.appointmentId })}` : '';
  const headers: HeadersInit = proof ? { Authorization: `Bearer ${proof.session}` } : {};
  const url = serverPath(`/api/v1/ice-servers${query}`);
  const response = await fetch(url, { headers, cache: 'no-store' });
  if (!response.ok) throw new Error(`ice-servers: ${response.status}`);
  return readIceServers(await response.json());
}

export function readIceServers({ iceServers, ttl, turnUrls }: IceConfiguration): IceServers {
  const expiresAt = ttl === null ? null : performance.now() + ttl * 1_000;
  return { servers: iceServers, expiresAt, turnUrls };
}
