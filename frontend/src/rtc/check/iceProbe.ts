// Measures STUN and TURN servers from this browser, with connections made only for that purpose.

export interface Gathered {
  /** Time until the first candidate of each type, in milliseconds; null without one. */
  host: number | null;
  srflx: number | null;
  relay: number | null;
  /** True if gathering ended by itself, not by `isEnough` or `signal`. */
  isComplete: boolean;
  /** Time until the first error response of a server, in milliseconds; null without one. */
  answeredAfter: number | null;
  /** True if a server could not be reached. */
  isUnreachable: boolean;
}

/** Error code by which the browser reports that a server did not answer. */
const UNREACHABLE = 701;

/** Gathers candidates until there are no more, `isEnough` returns true, or `signal` aborts. */
export async function gather(
  configuration: RTCConfiguration,
  signal: AbortSignal,
  isEnough: (gathered: Gathered) => boolean = () => false,
): Promise<Gathered> {
  const gathered: Gathered = {
    host: null,
    srflx: null,
    relay: null,
    isComplete: false,
    answeredAfter: null,
    isUnreachable: false,
  };
  const connection = new RTCPeerConnection(configuration);
  const start = performance.now();
  try {
    await new Promise<void>((resolve, reject) => {
      const finishIf = (isOver: boolean) => isOver && resolve();
      signal.addEventListener('abort', () => resolve());
      connection.addEventListener('icecandidate', ({ candidate }) => {
        const type = candidate?.type as 'host' | 'srflx' | 'prflx' | 'relay' | null | undefined;
        if (type && type !== 'prflx') gathered[type] ??= performance.now() - start;
        finishIf(isEnough(gathered));
      });
      connection.addEventListener('icecandidateerror', ({ errorCode }) => {
        if (errorCode === UNREACHABLE) gathered.isUnreachable = true;
        else gathered.answeredAfter ??= performance.now() - start;
        finishIf(isEnough(gathered));
      });
      connection.addEventListener('icegatheringstatechange', () => {
        gathered.isComplete = connection.iceGatheringState === 'complete';
        finishIf(gathered.isComplete);
      });
      connection.createDataChannel('');
      connection.setLocalDescription().catch(reject);
      finishIf(signal.aborted);
    });
  } finally {
    connection.close();
  }
  return gathered;
}

/** True if the browser reports error responses of servers. Firefox does not. */
export function reportsServerErrors(): boolean {
  return 'onicecandidateerror' in RTCPeerConnection.prototype;
}

/** Pings per measurement; the fastest counts, since the first are slower. */
const PINGS = 3;

/**
 * Measures the round trip from this page through the relay and back, in milliseconds. That is twice
 * the round trip to the relay. Rejects when nothing arrives before `signal` aborts.
 */
export async function measureRelayRoundTrip(
  iceServers: RTCIceServer[],
  signal: AbortSignal,
): Promise<number> {
  const near = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const far = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  try {
    return await new Promise<number>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      const channel = near.createDataChannel('', { ordered: false, maxRetransmits: 0 });
      echo(far);
      pingPong(channel, resolve);
      connect(near, far).catch(reject);
      if (signal.aborted) reject(signal.reason);
    });
  } finally {
    near.close();
    far.close();
  }
}

async function connect(near: RTCPeerConnection, far: RTCPeerConnection): Promise<void> {
  const negotiated = negotiate(near, far);
  const forward = (from: RTCPeerConnection, to: RTCPeerConnection) =>
    from.addEventListener('icecandidate', ({ candidate }) => {
      // An unusable candidate is skipped.
      if (candidate) void negotiated.then(() => to.addIceCandidate(candidate)).catch(() => {});
    });
  forward(near, far);
  forward(far, near);
  await negotiated;
}

async function negotiate(near: RTCPeerConnection, far: RTCPeerConnection): Promise<void> {
  await near.setLocalDescription();
  if (near.localDescription) await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription();
  if (far.localDescription) await near.setRemoteDescription(far.localDescription);
}

function echo(connection: RTCPeerConnection): void {
  connection.addEventListener('datachannel', ({ channel }) => {
    channel.addEventListener('message', ({ data }) => channel.send(data));
  });
}

function pingPong(channel: RTCDataChannel, onTimed: (milliseconds: number) => void): void {
  const times: number[] = [];
  let sent = 0;
  const ping = () => {
    sent = performance.now();
    channel.send('ping');
  };
  channel.addEventListener('open', ping);
  channel.addEventListener('message', () => {
    times.push(performance.now() - sent);
    if (times.length < PINGS) ping();
    else onTimed(Math.min(...times));
  });
}
