// One call in one room, from joining to leaving: who is there, and the connection to them. It
// holds on to that connection through lost sockets, restarted servers and reloaded pages, and
// gives it up only when the other one has left or somebody else has come.

import { type Readable, Store, type Unsubscribe } from '../lib/store';
import type {
  ErrorCode,
  Joined,
  Participant,
  ParticipantId,
  SignalingClient,
  SignalingEvent,
} from '../signaling/client';
import { type CallState, callStateOf, type Ending } from './callState';
import type { LocalMedia } from './media';
import { Peer, type RemoteMedia } from './peer';
import { SignalOutbox } from './signalOutbox';

export interface CallOptions {
  signaling: SignalingClient;
  media: LocalMedia;
  iceServers?: RTCIceServer[];
}

export interface CallSnapshot {
  state: CallState;
  /** Whoever is, or last was, opposite. */
  peerName: string | null;
  remote: RemoteMedia | null;
}

/** Until then a missing server is a hiccup, and saying so would only alarm. */
export const SERVER_PATIENCE_MS = 8_000;

/** A signal's round trip takes a fraction of this, even on a bad connection. */
export const STALL_CHECK_MS = 5_000;

/** The connection to one participant, and what waits to be sent to them. */
interface Line {
  to: ParticipantId;
  peer: Peer;
  outbox: SignalOutbox;
  wasConnected: boolean;
}

export class Call {
  readonly #options: CallOptions;
  readonly #store = new Store<CallSnapshot>({
    state: { phase: 'connecting', to: 'server' },
    peerName: null,
    remote: null,
  });
  readonly #subscriptions: Unsubscribe[];
  #server: 'opening' | 'joined' | 'lost' = 'opening';
  #serverOverdue = false;
  #ending: Ending | null = null;
  #polite = false;
  #peer: Participant | null = null;
  #peerName: string | null = null;
  #line: Line | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #stallCheck: ReturnType<typeof setInterval>;
  #wasStalled = false;

  constructor(options: CallOptions) {
    this.#options = options;
    const { signaling, media } = options;
    this.#subscriptions = [
      signaling.subscribe((event) => this.#onEvent(event)),
      media.snapshot.subscribe(() => this.#line?.peer.send(media.snapshot.get().stream)),
    ];
    this.#awaitServer();
    this.#stallCheck = setInterval(() => this.#checkForStall(), STALL_CHECK_MS);
  }

  get snapshot(): Readable<CallSnapshot> {
    return this.#store;
  }

  /** The person on this side has had enough. */
  leave(): void {
    this.#end({ phase: 'ended', reason: 'left' });
  }

  /** Lets go of everything, without a word to anybody. */
  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    clearTimeout(this.#patience);
    clearInterval(this.#stallCheck);
    this.#hangUp();
    this.#options.media.stop();
  }

  #onEvent(event: SignalingEvent): void {
    if (this.#ending) return;
    this.#apply(event);
    this.#publish();
  }

  #apply(event: SignalingEvent): void {
    switch (event.type) {
      case 'joined':
        this.#onJoined(event.joined);
        break;
      case 'refused':
        this.#onRefused(event.code);
        break;
      case 'replaced':
        this.#end({ phase: 'replaced' });
        break;
      case 'connectionLost':
        this.#onConnectionLost();
        break;
      case 'peerJoined':
        this.#onPeerJoined(event.peer);
        break;
      case 'peerReconnecting':
        this.#onPeerPresence(event.id, false);
        break;
      case 'peerResumed':
        this.#onPeerPresence(event.id, true);
        break;
      case 'peerLeft':
        this.#onPeerLeft(event.id);
        break;
      case 'description':
        this.#onDescription(event);
        break;
      case 'candidate':
        this.#line?.peer.receive({ kind: 'candidate', candidate: event.candidate });
        break;
    }
  }

  #onJoined({ peer, polite, resumed }: Joined): void {
    clearTimeout(this.#patience);
    this.#server = 'joined';
    this.#serverOverdue = false;
    this.#polite = polite;
    if (this.#line) this.#line.peer.polite = polite;
    this.#peer = null;
    // Alone with a live connection: after a restart the server may simply have met us first.
    if (!peer) return;
    this.#meet(peer);
    if (!this.#line) this.#call(peer.id);
    else if (!resumed) this.#recoverUnlessSettled();
  }

  #onRefused(code: ErrorCode): void {
    this.#options.signaling.disconnect();
    this.#end(code === 'room_full' ? { phase: 'full' } : { phase: 'ended', reason: 'refused' });
  }

  #onConnectionLost(): void {
    if (this.#server === 'joined') this.#awaitServer();
    this.#server = 'lost';
    this.#line?.outbox.close();
  }

  #onPeerJoined(peer: Participant): void {
    // Whoever comes second calls; see also #checkForStall.
    this.#meet(peer);
    this.#recoverUnlessSettled();
  }

  #onPeerPresence(id: ParticipantId, connected: boolean): void {
    if (this.#peer?.id !== id) return;
    this.#peer = { ...this.#peer, connected };
    if (connected) this.#recoverUnlessSettled();
  }

  #onPeerLeft(id: ParticipantId): void {
    if (this.#peer?.id === id) this.#peer = null;
    if (this.#line?.to === id) this.#hangUp();
  }

  #onDescription(event: SignalingEvent & { type: 'description' }): void {
    const { from, name, description } = event;
    if (description.type === 'offer' && this.#line?.to !== from) {
      this.#meet({ id: from, name: name ?? this.#peerName ?? '', connected: true });
      this.#line = this.#openLine(from);
    }
    if (this.#line?.to === from) this.#line.peer.receive({ kind: 'description', description });
  }

  /** Notes who is opposite. A line to somebody else is of no more use. */
  #meet(peer: Participant): void {
    this.#peer = peer;
    this.#peerName = peer.name;
    if (this.#line && this.#line.to !== peer.id) this.#hangUp();
    this.#line?.outbox.open();
  }

  #call(id: ParticipantId): void {
    this.#line = this.#openLine(id);
    this.#line.peer.offer();
  }

  #openLine(to: ParticipantId): Line {
    const { signaling, media, iceServers = [] } = this.#options;
    const outbox = new SignalOutbox((signal) => signaling.signal(to, signal));
    const peer = new Peer({
      polite: this.#polite,
      configuration: { iceServers },
      onSignal: (signal) => outbox.push(signal),
      onRenewed: () => outbox.clear(),
      onChange: () => this.#onMediaChange(),
    });
    peer.send(media.snapshot.get().stream);
    outbox.open();
    return { to, peer, outbox, wasConnected: false };
  }

  #hangUp(): void {
    this.#line?.outbox.close();
    this.#line?.peer.close();
    this.#line = null;
  }

  #onMediaChange(): void {
    if (!this.#line) return;
    const { state } = this.#line.peer;
    if (state === 'connected') this.#line.wasConnected = true;
    // Nobody is known to be there who could mend it.
    if (state === 'failed' && this.#server === 'joined' && !this.#peer) this.#hangUp();
    this.#publish();
  }

  #recoverUnlessSettled(): void {
    if (this.#line && !this.#line.peer.settled) this.#line.peer.recover();
  }

  /** Catches what got lost in ways nobody noticed, and an opposite who never calls. */
  #checkForStall(): void {
    const isStalled = this.#isStalled;
    // Once is not enough: the call may have begun a moment ago.
    if (isStalled && this.#wasStalled) this.#recoverFromStall();
    this.#wasStalled = isStalled;
  }

  get #isStalled(): boolean {
    if (this.#ending || this.#server !== 'joined' || !this.#peer?.connected) return false;
    return !this.#line || this.#line.peer.stalled;
  }

  #recoverFromStall(): void {
    if (this.#line) this.#line.peer.recover();
    else if (this.#peer) this.#call(this.#peer.id);
  }

  #awaitServer(): void {
    this.#patience = setTimeout(() => {
      this.#serverOverdue = true;
      this.#publish();
    }, SERVER_PATIENCE_MS);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.close();
    this.#publish();
  }

  #publish(): void {
    const line = this.#line;
    this.#store.set({
      state: callStateOf({
        ending: this.#ending,
        server: this.#server,
        serverOverdue: this.#serverOverdue,
        peer: this.#peer,
        media: line && {
          isConnected: line.peer.state === 'connected',
          wasConnected: line.wasConnected,
        },
      }),
      peerName: this.#peerName,
      remote: line?.peer.remote ?? null,
    });
  }
}
