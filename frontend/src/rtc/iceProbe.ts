// Finds out what STUN and TURN servers do for this browser, with connections that are made for this
// alone and never leave the page.

export interface Gathered {
  /** Milliseconds until the first candidate of each type came; null where none did. */
  host: number | null;
  srflx: number | null;
  relay: number | null;
  /** The browser had nothing more to find; false if it was stopped before. */
  isComplete: boolean;
  /** Of servers that answered, though with an error, and how long that took in milliseconds. */
  answeredAfter: number | null;
  /** Some server could not be reached. */
  isUnreachable: boolean;
}

/** Not an error that a server sends, but the browser's own: no server answered. */
const UNREACHABLE = 701;

/** Gathers candidates until there are no more, `isEnough` says so, or `signal` ends it. */
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

/** Whether the browser tells what a server answered. Firefox does not. */
export function tellsErrors(): boolean {
  return 'onicecandidateerror' in RTCPeerConnection.prototype;
}

/** Answers to a ping; the first few are slower than what follows. */
const PINGS = 3;

/**
 * The round trip, in milliseconds, from this page through the relay back to this page: twice the way
 * to the relay. Rejects when nothing comes through before `signal` ends it.
 */
export async function timeRelay(iceServers: RTCIceServer[], signal: AbortSignal): Promise<number> {
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
  const pass = (from: RTCPeerConnection, to: RTCPeerConnection) =>
    from.addEventListener('icecandidate', ({ candidate }) => {
      // One that does not fit is one less.
      if (candidate) void negotiated.then(() => to.addIceCandidate(candidate)).catch(() => {});
    });
  pass(near, far);
  pass(far, near);
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
