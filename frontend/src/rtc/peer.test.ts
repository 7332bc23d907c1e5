// Two peers negotiating over a wire that the test holds in its hands.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Signal } from '../signaling/client';
import { FakeTrack, fakeStream } from '../testing/fakeMedia';
import { FakePeerConnection } from '../testing/fakePeerConnection';
import { DISCONNECTED_GRACE_MS, PROBE_MS, RETRY_MIN_MS } from './iceHealing';
import type { Outgoing } from './mediaLines';
import { Peer } from './peer';
import { CHANNEL_ID } from './statusChannel';

beforeEach(() => {
  vi.useFakeTimers();
});

const [oldServers, newServers] = [[{ urls: 'stun:old' }], [{ urls: 'stun:new' }]];

function outgoing(stream = fakeStream()): Outgoing {
  const [audio = null, video = null] = stream.getTracks();
  return { stream, audio, video };
}

const status = { microphone: true, camera: true, screen: false, videoPaused: false };

/** A peer, its connection, and what it wants to say. */
function open({ polite = false } = {}) {
  const said: Signal[] = [];
  const onRenewed = vi.fn();
  const fresh = vi.fn(async () => newServers);
  const peer = new Peer({
    polite,
    iceServers: { current: oldServers, fresh },
    onSignal: (signal) => said.push(signal),
    onChange: () => {},
    onRenewed,
  });
  const connection = latestConnection();
  return { peer, connection, said, onRenewed, fresh };
}

function latestConnection(): FakePeerConnection {
  const connection = FakePeerConnection.made.at(-1);
  if (!connection) throw new Error('no connection was made');
  return connection;
}

type Side = ReturnType<typeof open>;

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Delivers both ways until nobody has anything left to say. */
async function exchange(a: Side, b: Side): Promise<void> {
  await settle();
  while (a.said.length + b.said.length > 0) {
    const [fromA, fromB] = [a.said.splice(0), b.said.splice(0)];
    for (const signal of fromA) b.peer.receive(signal);
    for (const signal of fromB) a.peer.receive(signal);
    await settle();
  }
}

async function connectedPair() {
  const [impolite, polite] = [open(), open({ polite: true })];
  impolite.peer.offer();
  await exchange(impolite, polite);
  for (const { connection } of [impolite, polite]) connection.turn('connected');
  return { impolite, polite };
}

const candidate: Signal = { kind: 'candidate', candidate: { candidate: 'a', sdpMid: '0' } };
const lastCandidate: Signal = { kind: 'candidate', candidate: null };

describe('negotiation', () => {
  it('opens a line for each kind, whatever there is to send', async () => {
    const { peer, connection, said } = open();
    peer.offer();
    await settle();
    expect(connection.transceivers).toEqual(['audio', 'video']);
    expect(said).toMatchObject([{ kind: 'description', description: { type: 'offer' } }]);
  });

  it('is not needed again when a camera or a screen comes, changes or goes', async () => {
    const { impolite, polite } = await connectedPair();
    for (const side of [impolite, polite]) {
      for (const media of [outgoing(), outgoing(), { ...outgoing(), video: null }]) {
        side.peer.send(media);
        await settle();
        expect(side.connection.line('video').sender.track).toBe(media.video);
      }
    }
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 0]);
    expect([...impolite.said, ...polite.said]).toEqual([]);
  });

  it('sends both ways over the lines of an offer', async () => {
    const { polite } = await connectedPair();
    const lines = polite.connection.getTransceivers();
    expect(lines.map(({ direction }) => direction)).toEqual(['sendrecv', 'sendrecv']);
  });

  it('opens what the other side did not ask for, once there is something to send', async () => {
    const { peer, connection, said } = open();
    const [line] = ['m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n'];
    const description = { type: 'offer', sdp: `v=0\r\no=- 900 1 IN IP4 0\r\n${line}` } as const;
    peer.send(outgoing());
    peer.receive({ kind: 'description', description });
    await settle();
    expect(connection.transceivers).toEqual(['audio', 'video']);
    expect(said.map((signal) => 'description' in signal && signal.description.type)).toEqual([
      'answer',
      'offer',
    ]);
  });

  it('answers an offer without offering itself', async () => {
    const [caller, called] = [open(), open({ polite: true })];
    caller.peer.offer();
    await settle();
    called.peer.send(outgoing());
    for (const signal of caller.said) called.peer.receive(signal);
    await settle();
    expect(called.said).toMatchObject([{ description: { type: 'answer' } }]);
  });

  it('lets the polite side give way when both offer', async () => {
    const [impolite, polite] = [open(), open({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await exchange(impolite, polite);
    expect(polite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 1 });
    expect(polite.connection.localDescription?.type).toBe('answer');
    expect(impolite.connection).toMatchObject({ signalingState: 'stable', rollbacks: 0 });
    expect(impolite.connection.remoteDescription?.type).toBe('answer');
    expect(polite.connection.transceivers).toEqual(['audio', 'video']);
    await settle();
    expect([impolite.connection.negotiations, polite.connection.negotiations]).toEqual([1, 1]);
  });

  it('settles when both restart at once', async () => {
    const { impolite, polite } = await connectedPair();
    impolite.connection.restartIce();
    polite.connection.restartIce();
    await exchange(impolite, polite);
    expect([impolite.peer.settled, polite.peer.settled]).toEqual([true, true]);
    expect(FakePeerConnection.made).toHaveLength(2);
  });

  it('survives a description that cannot be applied', async () => {
    const [caller, called] = [open(), open()];
    const garbage = { type: 'offer', sdp: 'garbage' } as const;
    called.peer.receive({ kind: 'description', description: garbage });
    caller.peer.offer();
    await exchange(caller, called);
    expect(called.connection.signalingState).toBe('stable');
    expect(called.connection.localDescription?.type).toBe('answer');
  });

  it('ignores an answer nobody waits for', async () => {
    const { impolite } = await connectedPair();
    const description = { type: 'answer', sdp: 'v=0\r\no=- 999 1 IN IP4 0\r\n' } as const;
    impolite.peer.receive({ kind: 'description', description });
    await settle();
    expect(impolite.peer.settled).toBe(true);
    expect(impolite.onRenewed).not.toHaveBeenCalled();
  });
});

describe('candidates', () => {
  it('wait for the description they belong to, and keep their order', async () => {
    const [caller, called] = [open(), open()];
    called.peer.receive(candidate);
    called.peer.receive(lastCandidate);
    caller.peer.offer();
    await exchange(caller, called);
    expect(called.connection.candidates).toEqual([candidate.candidate, null]);
  });

  it('may end with null at any time', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.receive(lastCandidate);
    await settle();
    expect(impolite.connection.candidates).toEqual([null]);
  });

  it('of an offer that was turned down are dropped with it', async () => {
    const [impolite, polite] = [open(), open({ polite: true })];
    impolite.peer.offer();
    polite.peer.offer();
    await settle();
    for (const signal of polite.said.splice(0)) impolite.peer.receive(signal);
    impolite.peer.receive(candidate);
    await exchange(impolite, polite);
    expect(impolite.connection.candidates).toEqual([]);
  });
});

describe('recovery', () => {
  it('restarts ICE as soon as it has failed', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(1);
  });

  it('asks for fresh servers first, and searches with them', async () => {
    const { impolite } = await connectedPair();
    let deliver = () => {};
    const asking = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    impolite.fresh.mockReturnValue(asking.then(() => newServers));
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(0);
    deliver();
    await settle();
    expect(impolite.connection.configuration.iceServers).toBe(newServers);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('searches less and less often where nothing is found', async () => {
    const { impolite } = await connectedPair();
    const failAgain = async (waitMs: number) => {
      const { restarts } = impolite.connection;
      impolite.connection.turn('failed');
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(impolite.connection.restarts).toBe(restarts);
      await vi.advanceTimersByTimeAsync(1);
      expect(impolite.connection.restarts).toBe(restarts + 1);
    };
    impolite.connection.turn('failed');
    await settle();
    await failAgain(RETRY_MIN_MS);
    await failAgain(2 * RETRY_MIN_MS);
    impolite.connection.turn('connected');
    impolite.connection.turn('failed');
    await settle();
    expect(impolite.connection.restarts).toBe(4);
  });

  it('restarts ICE on a path that proves dead when it is doubted', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    impolite.peer.probe();
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('leaves a doubted path alone over which something comes', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.probe();
    await settle();
    impolite.connection.stats = [{ type: 'candidate-pair', bytesReceived: 7 }];
    await vi.advanceTimersByTimeAsync(PROBE_MS);
    expect(impolite.connection.restarts).toBe(0);
  });

  it('restarts ICE when it stays disconnected', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    expect(impolite.connection.restarts).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(impolite.connection.restarts).toBe(1);
  });

  it('leaves a hiccup alone', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    impolite.connection.turn('connected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS);
    expect(impolite.connection.restarts).toBe(0);
  });

  it('repeats an unanswered offer as it stands', async () => {
    const { peer, said } = open();
    peer.offer();
    await settle();
    peer.recover();
    await settle();
    expect(said).toHaveLength(2);
    expect(said[1]).toEqual(said[0]);
  });

  it('makes a new connection for an offer from a reloaded page', async () => {
    const { impolite } = await connectedPair();
    const reloaded = open({ polite: true });
    reloaded.peer.offer();
    await exchange(reloaded, impolite);
    expect(impolite.onRenewed).toHaveBeenCalledOnce();
    expect(impolite.connection.isClosed).toBe(true);
    expect(latestConnection().localDescription?.type).toBe('answer');
    expect(reloaded.connection.signalingState).toBe('stable');
  });

  it('offers anew when a reloaded page answers the old connection', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.restartIce();
    const reloaded = open({ polite: true });
    await exchange(impolite, reloaded);
    expect(impolite.onRenewed).toHaveBeenCalledOnce();
    expect(reloaded.onRenewed).toHaveBeenCalledOnce();
    const [theirs, ours] = FakePeerConnection.made.slice(-2);
    expect(ours).toMatchObject({ signalingState: 'stable', localDescription: { type: 'answer' } });
    expect(theirs).toMatchObject({ signalingState: 'stable', localDescription: { type: 'offer' } });
  });

  it('starts over when encryption failed on a working path', async () => {
    const { impolite } = await connectedPair();
    impolite.connection.turn('connected');
    impolite.connection.connectionState = 'failed';
    impolite.peer.recover();
    await settle();
    expect(impolite.connection.isClosed).toBe(true);
    expect(impolite.said).toMatchObject([{ description: { type: 'offer' } }]);
  });
});

describe('the status channel', () => {
  it('is made by both sides, and costs no negotiation', async () => {
    const { impolite, polite } = await connectedPair();
    for (const { connection } of [impolite, polite]) {
      expect(connection.channel?.options).toEqual({ negotiated: true, id: CHANNEL_ID });
    }
    await settle();
    expect([...impolite.said, ...polite.said]).toEqual([]);
  });

  it('is not made for an offer that has no line for it', async () => {
    const { peer, connection } = open();
    const description = { type: 'offer', sdp: 'v=0\r\no=- 900 1 IN IP4 0\r\n' } as const;
    peer.receive({ kind: 'description', description });
    await settle();
    expect(connection.channel).toBeNull();
  });

  it('tells the latest, once it is open, and nothing twice', async () => {
    const { impolite } = await connectedPair();
    impolite.peer.tell({ ...status, camera: false });
    impolite.peer.tell(status);
    impolite.connection.channel?.open();
    impolite.peer.tell({ ...status });
    expect(impolite.connection.channel?.sent.map((text) => JSON.parse(text))).toEqual([
      { type: 'status', ...status },
    ]);
  });

  it('brings what the other side says, and goes by the tracks until then', async () => {
    const { impolite } = await connectedPair();
    const track = new FakeTrack('video');
    impolite.connection.dispatchEvent(Object.assign(new Event('track'), { track }));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: true, status: { camera: true } });
    track.muted = true;
    track.dispatchEvent(new Event('mute'));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: { camera: false } });
    const told = { ...status, camera: false, microphone: false };
    impolite.connection.channel?.deliver(JSON.stringify({ type: 'status', ...told, more: 1 }));
    expect(impolite.peer.remote).toMatchObject({ hasVideo: false, status: told });
  });

  it('ignores what is not a status', async () => {
    const { impolite } = await connectedPair();
    const track = new FakeTrack('video');
    impolite.connection.dispatchEvent(Object.assign(new Event('track'), { track }));
    const before = impolite.peer.remote;
    for (const message of hostileMessages) impolite.connection.channel?.deliver(message);
    expect(impolite.peer.remote).toEqual(before);
  });
});

const hostileMessages: unknown[] = [
  '',
  '{',
  'null',
  '[]',
  '"status"',
  '{"type":"status"}',
  JSON.stringify({ type: 'other', ...status, camera: false }),
  JSON.stringify({ type: 'status', ...status, camera: 'false' }),
  JSON.stringify({ type: 'status', ...status, camera: false, padding: 'x'.repeat(1_024) }),
  `{"__proto__":{"type":"status"},"camera":false}`,
  new ArrayBuffer(8),
  new Blob(['{}']),
];
