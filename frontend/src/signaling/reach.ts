// Whether the server can be reached, and how fast it answers, without joining anything.
// Source: docs/mesh.md, "GET /api/v1/signalling/health-status" and the Engine.IO protocol, version 4

const HEALTH = '/api/v1/signalling/health-status';

/** `transport=websocket` at once: no long polling comes first that would hide a blocked WebSocket. */
const SOCKET = '/socket.io/?EIO=4&transport=websocket';

/** The first answer includes opening the connection; the best of these is the round trip. */
const TRIES = 3;

/** The round trip to the server in milliseconds. Rejects when it does not answer. */
export async function timeServer(signal: AbortSignal): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const start = performance.now();
    const response = await fetch(HEALTH, { signal, cache: 'no-store' });
    if (!response.ok) throw new Error(`health-status: ${response.status}`);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/**
 * How long it takes, in milliseconds, until the server's first word comes over a WebSocket: there are
 * proxies that open one and let nothing through. Rejects when none comes.
 */
export function timeWebSocket(signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const address = new URL(SOCKET, window.location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const start = performance.now();
    const socket = new WebSocket(address);
    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', fail);
      socket.close();
      settle();
    };
    const fail = () => finish(() => reject(new Error('websocket')));
    socket.addEventListener('message', () => finish(() => resolve(performance.now() - start)));
    socket.addEventListener('error', fail);
    socket.addEventListener('close', fail);
    signal.addEventListener('abort', fail);
  });
}
