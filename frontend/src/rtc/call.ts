// One call in one room, from joining to leaving: who is there, and the connection to them. It
// holds on to that connection through lost sockets, restarted servers and reloaded pages, and
// gives it up only when the other one has left or somebody else has come.

import { type Readable, Store, type Unsubscribe } from '../lib/store';
import type {
  Fullness,
  Joined,
  Participant,
  ParticipantId,
  SignalingClient,
  SignalingEvent,
} from '../signaling/client';
import { talkingSince } from './callClock';
import {
  type CallFacts,
  type CallSnapshot,
  type CallState,
  callStateOf,
  type Ending,
  isSearching,
  nothingYet,
} from './callState';
import { IceServerSupply } from './iceServerSupply';
import { Line } from './line';
import type { LocalMedia } from './media';
import { watchNetwork } from './networkWatch';
import { outgoingOf, ownStatusOf } from './outgoing';
import { Patience } from './patience';
import type { Quality } from './qualityMonitor';
import { ScreenShare } from './screenShare';
import { StallWatch } from './stallWatch';

export interface CallOptions {
  signaling: SignalingClient;
  media: LocalMedia;
}

/** Until then a missing server is a hiccup, and saying so would only alarm. */
export const SERVER_PATIENCE_MS = 8_000;

/** A path that exists is found within seconds. */
export const PATH_PATIENCE_MS = 15_000;

export class Call {
  /** What this side shows of its screen. */
  readonly screen = new ScreenShare();

  readonly #options: CallOptions;
  readonly #iceServers: IceServerSupply;
  readonly #subscriptions: Unsubscribe[];
  readonly #store = new Store<CallSnapshot>(nothingYet);
  readonly #quality = new Store<Quality | null>(null);
  readonly #serverPatience = new Patience(SERVER_PATIENCE_MS, () => this.#publish());
  readonly #pathPatience = new Patience(PATH_PATIENCE_MS, () => this.#publish());
  #server: CallFacts['server'] = 'opening';
  #ending: Ending | null = null;
  #polite = false;
  #peer: Participant | null = null;
  #peerName: string | null = null;
  #since: number | null = null;
  #line: Line | null = null;

  constructor(options: CallOptions) {
    this.#options = options;
    const { signaling, media } = options;
    this.#iceServers = new IceServerSupply({
      fetch: () => signaling.iceServers(),
      onChange: () => this.#line?.peer.useServers(this.#iceServers.current),
    });
    const stallWatch = new StallWatch({
      isStalled: () => this.#isStalled,
      help: () => this.#helpOn(),
    });
    this.#subscriptions = [
      signaling.subscribe((event) => this.#onEvent(event)),
      media.snapshot.subscribe(() => this.#send()),
      this.screen.snapshot.subscribe(() => this.#send()),
      watchNetwork(() => this.#line?.peer.probe()),
      () => stallWatch.close(),
      () => this.#iceServers.close(),
      () => this.screen.close(),
    ];
    this.#serverPatience.begin();
  }

  get snapshot(): Readable<CallSnapshot> {
    return this.#store;
  }

  /** How well the call is carried; null while nothing is known. */
  get quality(): Readable<Quality | null> {
    return this.#quality;
  }

  /** The person on this side has had enough. */
  leave(): void {
    this.#end({ phase: 'ended', reason: 'left' });
  }

  /** Lets go of everything, without a word to anybody. */
  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#serverPatience.end();
    this.#pathPatience.end();
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
        this.#onRefused();
        break;
      case 'roomFull':
        this.#onRoomFull(event.seat);
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

  #onJoined({ peer, polite, resumed, iceServers }: Joined): void {
    this.#serverPatience.end();
    // Given back while the room was full.
    if (this.#server === 'taken') void this.#options.media.open();
    this.#server = 'joined';
    this.#polite = polite;
    this.#iceServers.learn(iceServers);
    if (this.#line) this.#line.peer.polite = polite;
    this.#peer = null;
    // Alone with a live connection: after a restart the server may simply have met us first.
    if (!peer) return;
    this.#meet(peer);
    if (!this.#line) this.#call(peer.id);
    else if (!resumed) this.#recoverUnlessSettled();
  }

  #onRefused(): void {
    this.#options.signaling.disconnect();
    this.#end({ phase: 'ended', reason: 'refused' });
  }

  #onRoomFull(seat: Fullness): void {
    this.#serverPatience.end();
    if (this.#server === 'taken' && seat === 'held') void this.#options.media.open();
    this.#server = seat;
    this.#peer = null;
    this.#hangUp();
    this.screen.stop();
    // A lease ends soon, and the devices are ready then. When connected holders leave is not known.
    if (seat === 'taken') this.#options.media.stop();
  }

  #onConnectionLost(): void {
    this.#serverPatience.begin();
    if (this.#isOutside) return;
    this.#server = 'lost';
    this.#line?.outbox.close();
  }

  #onPeerJoined(peer: Participant): void {
    // Whoever comes second calls; see also #helpOn.
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
      this.#openLine(from);
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
    this.#openLine(id).peer.offer();
  }

  #openLine(to: ParticipantId): Line {
    const line = new Line({
      to,
      polite: this.#polite,
      signaling: this.#options.signaling,
      iceServers: this.#iceServers,
      onChange: () => this.#onLineChange(),
    });
    line.quality.subscribe(() => this.#quality.set(line.quality.get()));
    this.#line = line;
    this.#send();
    return line;
  }

  #send(): void {
    const local = this.#options.media.snapshot.get();
    this.#line?.send(outgoingOf(local, this.screen.track), ownStatusOf(local, this.screen.track));
  }

  #hangUp(): void {
    this.#line?.close();
    this.#line = null;
    this.#quality.set(null);
  }

  #onLineChange(): void {
    if (!this.#line) return;
    const { peer, isConnected, to } = this.#line;
    if (isConnected) this.#since = talkingSince(to);
    // Nobody is known to be there who could mend it.
    if (peer.state === 'failed' && this.#server === 'joined' && !this.#peer) this.#hangUp();
    this.#publish();
  }

  #recoverUnlessSettled(): void {
    if (this.#line && !this.#line.peer.settled) this.#line.peer.recover();
  }

  get #isOutside(): boolean {
    return this.#server === 'held' || this.#server === 'taken';
  }

  get #isStalled(): boolean {
    if (this.#ending || this.#server !== 'joined' || !this.#peer?.connected) return false;
    return !this.#line || this.#line.peer.stalled;
  }

  /** Also calls an opposite who never does. */
  #helpOn(): void {
    if (this.#line) this.#line.peer.recover();
    else if (this.#peer) this.#call(this.#peer.id);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.close();
    this.#publish();
  }

  get #state(): CallState {
    const line = this.#line;
    return callStateOf({
      ending: this.#ending,
      server: this.#server,
      serverOverdue: this.#serverPatience.isLost,
      peer: this.#peer,
      media: line && { isConnected: line.isConnected, wasConnected: line.wasConnected },
      pathOverdue: this.#pathPatience.isLost,
    });
  }

  #publish(): void {
    if (isSearching(this.#state)) this.#pathPatience.begin();
    else this.#pathPatience.end();
    this.#store.set({
      state: this.#state,
      peerName: this.#peerName,
      remote: this.#line?.peer.remote ?? null,
      since: this.#since,
      isVideoPaused: this.#line?.isVideoPaused ?? false,
      hasRelay: this.#iceServers.hasRelay,
    });
  }
}
