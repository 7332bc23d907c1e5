// A call: one connection on which this user sends, and one for each other user on which it
// receives.

import { Connection, Lost } from './connection.js';

/** Delay before a failed connection is replaced, in milliseconds. */
const RETRY_MS = 1_000;

/** Error code: the others of the room are on another node, or were until a moment ago. */
const ELSEWHERE = 202;

export class Call {
  /** A user is in the room. @type {(user: string) => void} */
  onUser = () => {};
  /**
   * Media of a user; `null` when it ends. @type {(user: string, stream: MediaStream | null) =>
   * void}
   */
  onStream = () => {};
  /** A user has left. @type {(user: string) => void} */
  onGone = () => {};
  /** Earlier messages. @type {(messages: {user: string, message: string}[]) => void} */
  onHistory = () => {};
  /**
   * A message of any user, also this one. @type {(message: {user: string, message: string}) =>
   * void}
   */
  onMessage = () => {};
  /** The speaking user; `null` without one. @type {(user: string | null) => void} */
  onSpeaker = () => {};
  /** The connection is lost, or back. @type {(isAway: boolean) => void} */
  onAway = () => {};
  /** This user's media does not reach the others. @type {(reason: string) => void} */
  onProblem = () => {};
  /** Media of this user or of another is not as it should be. @type {(reason: string) => void} */
  onMediaError = () => {};
  /** The call has ended, and not because this user left. @type {(reason: string) => void} */
  onOver = () => {};
  #user;
  #room;
  #media;
  #connection = new Connection();
  #publication;
  /** By the name of the other user. @type {Map<string, RTCPeerConnection>} */
  #subscriptions = new Map();
  #others = new Set();
  #isOver = false;

  /**
   * @param {string} user this user's name
   * @param {string} room
   * @param {MediaStream | null} media to send
   */
  async join(user, room, media) {
    [this.#user, this.#room, this.#media] = [user, room, media];
    this.#connection.onNotification = (method, params) => this.#take(method, params);
    this.#connection.onAway = () => this.onAway(true);
    this.#connection.onBack = (isSame) => void this.#comeBack(isSame);
    await this.#connection.open(room);
    await this.#enter();
  }

  /** Sends a message to everyone in the room. */
  write(message) {
    return this.#connection.ask('sendMessage', {
      message,
      userMessage: this.#user,
      roomMessage: this.#room,
    });
  }

  async leave() {
    this.#end();
    await this.#connection.ask('leaveRoom').catch(() => {});
    this.#connection.close();
  }

  async #enter() {
    const { value: others, messages = [] } = await this.#connection.ask('joinRoom', {
      user: this.#user,
      room: this.#room,
      messages: true,
      activeSpeaker: true,
    });
    this.onHistory(messages);
    for (const { id, streams } of others) {
      this.#meet(id);
      if (streams.length > 0) void this.#receive(id);
    }
    if (this.#media) void this.#publish();
  }

  async #comeBack(isSame) {
    try {
      if (!isSame) {
        this.#forgetAll();
        await this.#enter();
      }
      this.onAway(false);
    } catch (error) {
      // Lost again; the next reconnection calls this function.
      if (error instanceof Lost) return;
      if (error.code !== ELSEWHERE) return this.#finish(error.message);
      setTimeout(() => this.#connection.startOver(), RETRY_MS);
    }
  }

  #take(method, params) {
    if (method === 'participantJoined') this.#meet(params.id);
    else if (method === 'participantPublished') void this.#receive(params.id);
    else if (method === 'participantUnpublished') this.#receiveNoMore(params.name);
    else if (method === 'participantLeft') this.#forget(params.name);
    else if (method === 'sendMessage') this.onMessage(params);
    else if (method === 'activeSpeaker') this.onSpeaker(params.id);
    else if (method === 'mediaError') this.onMediaError(readable(params.error));
    else if (method === 'participantEvicted') this.#finish('You were asked to leave the room.');
    else if (method === 'roomClosed') this.#finish('The room was closed.');
  }

  /** Sends this user's media. */
  async #publish() {
    const peer = new RTCPeerConnection();
    this.#publication?.close();
    this.#publication = peer;
    for (const track of this.#media.getTracks()) {
      peer.addTransceiver(track, { direction: 'sendonly', streams: [this.#media] });
    }
    const isWanted = () => peer === this.#publication;
    await this.#negotiate(peer, 'publishVideo', { doLoopback: false }, isWanted, () =>
      this.#publish(),
    );
  }

  /** Receives a user's media. */
  async #receive(user) {
    const peer = new RTCPeerConnection();
    this.#subscriptions.get(user)?.close();
    this.#subscriptions.set(user, peer);
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' });
    peer.ontrack = ({ streams: [stream] }) => this.onStream(user, stream);
    const isWanted = () => peer === this.#subscriptions.get(user);
    const sender = `${user}_webcam`;
    await this.#negotiate(peer, 'receiveVideoFrom', { sender }, isWanted, () =>
      this.#receive(user),
    );
  }

  /**
   * Negotiates a connection by its offer; after a failure, `again` replaces it while it `isWanted`.
   */
  async #negotiate(peer, method, params, isWanted, again) {
    const retry = () => {
      peer.close();
      if (isWanted()) setTimeout(() => isWanted() && void again(), RETRY_MS);
    };
    peer.onconnectionstatechange = () => peer.connectionState === 'failed' && retry();
    try {
      await peer.setLocalDescription();
      const { sdpAnswer } = await this.#connection.ask(method, {
        ...params,
        sdpOffer: peer.localDescription.sdp,
      });
      await peer.setRemoteDescription({ type: 'answer', sdp: sdpAnswer });
    } catch (error) {
      if (error instanceof Lost) retry();
      else if (isWanted() && method === 'publishVideo') this.onProblem(error.message);
    }
  }

  #meet(user) {
    this.#others.add(user);
    this.onUser(user);
  }

  #receiveNoMore(user) {
    this.#subscriptions.get(user)?.close();
    this.#subscriptions.delete(user);
    this.onStream(user, null);
  }

  #forget(user) {
    this.#receiveNoMore(user);
    this.#others.delete(user);
    this.onGone(user);
  }

  #forgetAll() {
    for (const user of [...this.#others]) this.#forget(user);
    this.#publication?.close();
    this.#publication = null;
  }

  #finish(reason) {
    if (this.#isOver) return;
    this.#end();
    this.#connection.close();
    this.onOver(reason);
  }

  #end() {
    this.#isOver = true;
    this.#forgetAll();
  }
}

/** The text of an error in the format of the original: `TYPE: text(errCode=N)`. */
function readable(error) {
  return error.replace(/^\w+: /, '').replace(/\(errCode=\d+\)$/, '');
}
