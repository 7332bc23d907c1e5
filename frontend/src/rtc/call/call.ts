// One call in one room, from joining to leaving. Keeps the session with the other participant
// through lost sockets, server restarts and page reloads; closes it only when that participant has
// left or another one has taken the seat.

import { type Readable, Store, type Unsubscribe } from '../../lib/store';
import type {
  Fullness,
  Joined,
  Participant,
  ParticipantId,
  SignalingClient,
  SignalingEvent,
} from '../../signaling/client';
import { IceServerCache } from '../connection/iceServerCache';
import { PeerSession } from '../connection/peerSession';
import type { LocalMedia } from '../media/localMedia';
import { ScreenShare } from '../media/screenShare';
import type { Quality } from '../quality/qualityMonitor';
import { talkingSince } from './callClock';
import {
  type CallFacts,
  type CallSnapshot,
  type CallState,
  callStateOf,
  type Ending,
  initialSnapshot,
  isSearchingPath,
} from './callState';
import { localStatusOf, tracksToSend } from './localTracks';
import { watchNetwork } from './networkChanges';
import { StallDetector } from './stallDetector';
import { Timeout } from './timeout';

export interface CallOptions {
  signaling: SignalingClient;
  media: LocalMedia;
}

/** Time without a server before the page reports it: shorter interruptions end by themselves. */
export const SERVER_TIMEOUT_MS = 8_000;

/** Time without a path before the page reports it: ICE finds an existing path within seconds. */
export const PATH_TIMEOUT_MS = 15_000;

export class Call {
  /** The screen that this side shares. */
  readonly screen = new ScreenShare();

  readonly #options: CallOptions;
  readonly #iceServers: IceServerCache;
  readonly #subscriptions: Unsubscribe[];
  readonly #store = new Store<CallSnapshot>(initialSnapshot);
  readonly #quality = new Store<Quality | null>(null);
  readonly #serverTimeout = new Timeout(SERVER_TIMEOUT_MS, () => this.#publish());
  readonly #pathTimeout = new Timeout(PATH_TIMEOUT_MS, () => this.#publish());
  #server: CallFacts['server'] = 'opening';
  #ending: Ending | null = null;
  #polite = false;
  #peer: Participant | null = null;
  #peerName: string | null = null;
  #since: number | null = null;
  #session: PeerSession | null = null;

  constructor(options: CallOptions) {
    this.#options = options;
    const { signaling, media } = options;
    this.#iceServers = new IceServerCache({
      fetch: () => signaling.iceServers(),
      onChange: () => this.#session?.connection.setIceServers(this.#iceServers.current),
    });
    const stallDetector = new StallDetector({
      isStalled: () => this.#isStalled,
      recover: () => this.#recoverOrCall(),
    });
    this.#subscriptions = [
      signaling.subscribe((event) => this.#onEvent(event)),
      media.snapshot.subscribe(() => this.#send()),
      this.screen.snapshot.subscribe(() => this.#send()),
      watchNetwork(() => this.#session?.connection.probe()),
      () => stallDetector.close(),
      () => this.#iceServers.close(),
      () => this.screen.close(),
    ];
    this.#serverTimeout.start();
  }

  get snapshot(): Readable<CallSnapshot> {
    return this.#store;
  }

  /** Quality of the media connection; null before the first two samples. */
  get quality(): Readable<Quality | null> {
    return this.#quality;
  }

  /** Ends the call at this participant's request. */
  leave(): void {
    this.#end({ phase: 'ended', reason: 'left' });
  }

  /** Releases connections, devices and timers without a signal to the other side. */
  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#serverTimeout.cancel();
    this.#pathTimeout.cancel();
    this.#closeSession();
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
        this.#session?.connection.receive({ kind: 'candidate', candidate: event.candidate });
        break;
    }
  }

  #onJoined({ peer, polite, resumed, iceServers }: Joined): void {
    this.#serverTimeout.cancel();
    // #onRoomFull released the devices.
    if (this.#server === 'taken') void this.#options.media.open();
    this.#server = 'joined';
    this.#polite = polite;
    this.#iceServers.update(iceServers);
    if (this.#session) this.#session.connection.polite = polite;
    this.#peer = null;
    // Keeps the session: after a server restart the other participant may rejoin a moment later.
    if (!peer) return;
    this.#setPeer(peer);
    if (!this.#session) this.#call(peer.id);
    else if (!resumed) this.#recoverUnlessStable();
  }

  #onRefused(): void {
    this.#options.signaling.disconnect();
    this.#end({ phase: 'ended', reason: 'refused' });
  }

  #onRoomFull(seat: Fullness): void {
    this.#serverTimeout.cancel();
    if (this.#server === 'taken' && seat === 'held') void this.#options.media.open();
    this.#server = seat;
    this.#peer = null;
    this.#closeSession();
    this.screen.stop();
    // 'held' ends soon, with its lease, so the devices stay open. 'taken' may last for hours.
    if (seat === 'taken') this.#options.media.stop();
  }

  #onConnectionLost(): void {
    this.#serverTimeout.start();
    if (this.#isWaitingForSeat) return;
    this.#server = 'lost';
    this.#session?.outbox.close();
  }

  #onPeerJoined(peer: Participant): void {
    // The participant who joins second sends the offer; #recoverOrCall covers a missing one.
    this.#setPeer(peer);
    this.#recoverUnlessStable();
  }

  #onPeerPresence(id: ParticipantId, connected: boolean): void {
    if (this.#peer?.id !== id) return;
    this.#peer = { ...this.#peer, connected };
    if (connected) this.#recoverUnlessStable();
  }

  #onPeerLeft(id: ParticipantId): void {
    if (this.#peer?.id === id) this.#peer = null;
    if (this.#session?.to === id) this.#closeSession();
  }

  #onDescription(event: SignalingEvent & { type: 'description' }): void {
    const { from, name, description } = event;
    if (description.type === 'offer' && this.#session?.to !== from) {
      this.#setPeer({ id: from, name: name ?? this.#peerName ?? '', connected: true });
      this.#openSession(from);
    }
    if (this.#session?.to !== from) return;
    this.#session.connection.receive({ kind: 'description', description });
  }

  /** Records the other participant; closes a session with another one. */
  #setPeer(peer: Participant): void {
    this.#peer = peer;
    this.#peerName = peer.name;
    if (this.#session && this.#session.to !== peer.id) this.#closeSession();
    this.#session?.outbox.open();
  }

  #call(id: ParticipantId): void {
    this.#openSession(id).connection.offer();
  }

  #openSession(to: ParticipantId): PeerSession {
    const session = new PeerSession({
      to,
      polite: this.#polite,
      signaling: this.#options.signaling,
      iceServers: this.#iceServers,
      onChange: () => this.#onSessionChange(),
    });
    session.quality.subscribe(() => this.#quality.set(session.quality.get()));
    this.#session = session;
    this.#send();
    return session;
  }

  #send(): void {
    const local = this.#options.media.snapshot.get();
    const { track } = this.screen;
    this.#session?.send(tracksToSend(local, track), localStatusOf(local, track));
  }

  #closeSession(): void {
    this.#session?.close();
    this.#session = null;
    this.#quality.set(null);
  }

  #onSessionChange(): void {
    if (!this.#session) return;
    const { connection, isConnected, to } = this.#session;
    if (isConnected) this.#since = talkingSince(to);
    // With no participant to signal to, a failed connection cannot recover.
    if (connection.state === 'failed' && this.#server === 'joined' && !this.#peer) {
      this.#closeSession();
    }
    this.#publish();
  }

  #recoverUnlessStable(): void {
    if (this.#session && !this.#session.connection.isStable) this.#session.connection.recover();
  }

  get #isWaitingForSeat(): boolean {
    return this.#server === 'held' || this.#server === 'taken';
  }

  get #isStalled(): boolean {
    if (this.#ending || this.#server !== 'joined' || !this.#peer?.connected) return false;
    return !this.#session || this.#session.connection.isStalled;
  }

  /** Recovers the session; without one, calls the other participant, whose offer never came. */
  #recoverOrCall(): void {
    if (this.#session) this.#session.connection.recover();
    else if (this.#peer) this.#call(this.#peer.id);
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.close();
    this.#publish();
  }

  get #state(): CallState {
    const session = this.#session;
    return callStateOf({
      ending: this.#ending,
      server: this.#server,
      serverOverdue: this.#serverTimeout.isExpired,
      peer: this.#peer,
      media: session && {
        isConnected: session.isConnected,
        wasConnected: session.wasConnected,
      },
      pathOverdue: this.#pathTimeout.isExpired,
    });
  }

  #publish(): void {
    if (isSearchingPath(this.#state)) this.#pathTimeout.start();
    else this.#pathTimeout.cancel();
    this.#store.set({
      state: this.#state,
      peerName: this.#peerName,
      remote: this.#session?.connection.remote ?? null,
      since: this.#since,
      isVideoPaused: this.#session?.isVideoPaused ?? false,
      hasRelay: this.#iceServers.hasRelay,
    });
  }
}
