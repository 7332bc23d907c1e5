// Measures whether the server can be reached, and how fast it answers, without joining a room.
// Source: docs/mesh.md, "GET /api/v1/signalling/health-status"; the Engine.IO protocol, version 4

import { serverPath } from '../lib/basePath';

const HEALTH = '/api/v1/signalling/health-status';

/** Starts with a WebSocket: long polling first would hide a blocked one. */
const SOCKET = '/socket.io/?EIO=4&transport=websocket';

/** Requests per measurement; the fastest counts, since the first opens the connection. */
const TRIES = 3;

/** Measures the round trip to the server, in milliseconds. Rejects when it does not answer. */
export async function measureServerRoundTrip(signal: AbortSignal): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const start = performance.now();
    const response = await fetch(serverPath(HEALTH), { signal, cache: 'no-store' });
    if (!response.ok) throw new Error(`health-status: ${response.status}`);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/**
 * Measures the time until the first message arrives over a new WebSocket, in milliseconds: some
 * proxies open one and pass no message. Rejects when none arrives.
 */
export function measureWebSocketOpening(signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const address = new URL(serverPath(SOCKET), window.location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const start = performance.now();
    const socket = new WebSocket(address);
    const finish = (respond: () => void) => {
      signal.removeEventListener('abort', fail);
      socket.close();
      respond();
    };
    const fail = () => finish(() => reject(new Error('websocket')));
    socket.addEventListener('message', () => finish(() => resolve(performance.now() - start)));
    socket.addEventListener('error', fail);
    socket.addEventListener('close', fail);
    signal.addEventListener('abort', fail);
  });
}
