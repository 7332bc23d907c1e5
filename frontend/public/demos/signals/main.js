// A call between two browsers through the signals door: a seat over HTTP, presence over a
// WebSocket, and signals over HTTP. docs/signals.md describes the protocol.

/** The server's address: this file is in demos/signals/ there. */
const SERVER = new URL('../../', import.meta.url);

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

/** Close code of a WebSocket whose seat has a newer one. */
const REPLACED = 'replaced by a newer connection';

/** Close code after which the session must join again. */
const SEAT_GONE = ['bad seat', 'seat renewal failure', 'server stopping'];

/** A seat in a call, kept across lost connections, reloads and restarts of the server. */
class Seat {
  #call;
  #session = null;
  #socket = null;
  #isLeft = false;
  #lastTold = Promise.resolve();

  /** `on` has a function for each type of message, and `away`, `replaced` and `full`. */
  constructor(call, on) {
    this.#call = call;
    this.on = on;
  }

  /** Takes a free seat, or the one that this tab had before a reload. */
  async take(retry = FIRST_RETRY_MS) {
    const key = `signals ${this.#call}`;
    const before = sessionStorage.getItem(key);
    const url = new URL(`call/${encodeURIComponent(this.#call)}`, SERVER);
    if (before) url.searchParams.set('session', before);
    const response = await fetch(url).catch(() => null);
    if (this.#isLeft) return;
    const joined = response?.ok ? await response.json().catch(() => null) : null;
    if (joined) {
      this.#session = joined.session;
      sessionStorage.setItem(key, this.#session);
      this.#open();
    } else if (response && response.status < 429) {
      // 409: every seat is held. Other statuses mean an invalid name of a call.
      this.on.full(response.status === 409);
    } else {
      this.on.away();
      setTimeout(() => this.take(Math.min(2 * retry, LAST_RETRY_MS)), retry);
    }
  }

  /**
   * Attaches a WebSocket to the session, which delivers messages from the taking of the seat on.
   */
  #open(retry = FIRST_RETRY_MS) {
    const socket = new WebSocket(new URL('ws', SERVER).href.replace('http', 'ws'));
    this.#socket = socket;
    let next = retry;
    socket.onopen = () => {
      socket.send(JSON.stringify({ kind: 'JOIN', call: this.#call, session: this.#session }));
    };
    socket.onmessage = ({ data }) => {
      const { kind, body } = JSON.parse(data);
      if (kind === 'WELCOME') next = FIRST_RETRY_MS;
      this.on[kind]?.(body);
    };
    socket.onclose = ({ reason }) => {
      if (this.#isLeft || socket !== this.#socket) return;
      if (reason === REPLACED) return this.on.replaced();
      this.on.away();
      const again = Math.min(2 * next, LAST_RETRY_MS);
      // The session can use a new WebSocket. If the seat is gone, joining with the session takes it
      // again.
      setTimeout(() => (SEAT_GONE.includes(reason) ? this.take(again) : this.#open(again)), next);
    };
  }

  /**
   * Sends a signal to the other participant. Requests run one after the other to keep their order.
   */
  tell(kind, content) {
    const signal = {
      kind,
      call: this.#call,
      session: this.#session,
      body: JSON.stringify(content),
    };
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(signal),
    };
    // If it fails, the WebSocket closes as well.
    this.#lastTold = this.#lastTold
      .then(() => fetch(new URL('signal', SERVER), request))
      .catch(() => {});
  }

  /** Gives the seat up at once. */
  leave() {
    this.#isLeft = true;
    sessionStorage.removeItem(`signals ${this.#call}`);
    this.#socket?.close(1000, 'leave');
  }
}

/** The peer connection to the other participant. Every offer replaces it. */
class Peer {
  #connection = null;
  #isOfferer = false;
  #lastHeard = Promise.resolve();

  /** `media` is the own camera and microphone, or null; `tell` sends a signal. */
  constructor({ media, iceServers, tell, onState }) {
    Object.assign(this, { media, iceServers, tell, onState });
  }

  /** The other participant has arrived: the first one in the call makes the offer. */
  offer() {
    this.#inOrder(async () => {
      const connection = this.#begin(true);
      await connection.setLocalDescription();
      this.tell('OFFER', connection.localDescription);
    });
  }

  answer(offer) {
    this.#inOrder(async () => {
      const connection = this.#begin(false);
      await connection.setRemoteDescription(offer);
      await connection.setLocalDescription();
      this.tell('ANSWER', connection.localDescription);
    });
  }

  accept(answer) {
    this.#inOrder(() => this.#connection?.setRemoteDescription(answer));
  }

  add(candidate) {
    this.#inOrder(() => this.#connection?.addIceCandidate(candidate));
  }

  close() {
    this.#connection?.close();
    this.#connection = null;
  }

  /**
   * Handles messages one after the other. Messages for a replaced connection fail, which is
   * harmless.
   */
  #inOrder(step) {
    this.#lastHeard = this.#lastHeard.then(step).catch(() => {});
  }

  #begin(isOfferer) {
    this.close();
    const connection = new RTCPeerConnection({ iceServers: this.iceServers });
    this.#connection = connection;
    this.#isOfferer = isOfferer;
    for (const track of this.media?.getTracks() ?? []) connection.addTrack(track, this.media);
    if (!this.media && isOfferer) {
      for (const kind of ['audio', 'video'])
        connection.addTransceiver(kind, { direction: 'recvonly' });
    }
    connection.ontrack = ({ streams }) => {
      at('remote').srcObject = streams[0];
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) this.tell('CANDIDATE', candidate);
    };
    connection.onconnectionstatechange = () => {
      if (connection !== this.#connection) return;
      this.onState(connection.connectionState);
      if (connection.connectionState === 'failed' && this.#isOfferer) this.offer();
    };
    return connection;
  }
}

const at = (id) => document.getElementById(id);

/** Shows one part of the page, and the state in words. */
function show(part, state, text) {
  for (const id of ['join', 'call', 'elsewhere']) at(id).hidden = id !== part;
  document.body.dataset.state = state;
  at('notice').textContent = text;
}

const FULL = 'Both seats are taken. One is free again half a minute after its holder has gone.';

const PEER_TEXTS = {
  connecting: 'The other person is here. Connecting…',
  connected: 'You see and hear each other.',
  disconnected: 'The other one’s picture has stopped. Waiting for it to come back…',
  failed: 'The other one has gone, or cannot be reached. Waiting…',
};

async function enter(call) {
  show('call', 'joining', 'Asking for a seat…');
  const media = await openCamera();
  at('own').srcObject = media;
  const peer = new Peer({
    media,
    iceServers: await iceServers(),
    tell: (kind, content) => seat.tell(kind, content),
    onState: (state) => {
      if (state in PEER_TEXTS) show('call', state, PEER_TEXTS[state]);
    },
  });
  const seat = new Seat(call, {
    WELCOME: () => {
      if (['joining', 'away'].includes(document.body.dataset.state)) {
        show('call', 'waiting', 'You have a seat. The other one needs the address of this page.');
      }
    },
    PEER: () => peer.offer(),
    OFFER: (body) => peer.answer(JSON.parse(body)),
    ANSWER: (body) => peer.accept(JSON.parse(body)),
    CANDIDATE: (body) => peer.add(JSON.parse(body)),
    away: () => {
      // An established call continues without the server.
      if (document.body.dataset.state !== 'connected') {
        show('call', 'away', 'The server is away. Trying again…');
      }
    },
    replaced: () => {
      end();
      show('elsewhere', 'replaced', '');
    },
    full: (isFull) => {
      end();
      show('join', 'full', isFull ? FULL : 'No call can have this name.');
    },
  });
  const end = () => {
    peer.close();
    for (const track of media?.getTracks() ?? []) track.stop();
    at('remote').srcObject = null;
    at('own').srcObject = null;
  };
  at('leave').onclick = () => {
    seat.leave();
    end();
    show('join', 'left', 'You have left, and your seat is free.');
  };
  at('return').onclick = () => enter(call);
  await seat.take();
}

/** A participant without a camera can still see and hear. */
async function openCamera() {
  return (
    navigator.mediaDevices?.getUserMedia({ audio: true, video: true }).catch(() => null) ?? null
  );
}

async function iceServers() {
  const response = await fetch(new URL('api/v1/ice-servers', SERVER)).catch(() => null);
  return response?.ok ? (await response.json()).iceServers : [];
}

at('join').onsubmit = (event) => {
  event.preventDefault();
  const call = at('call-name').value.trim();
  // A reload returns to the call, and the address can be shared.
  history.replaceState(null, '', `${location.pathname}?${new URLSearchParams({ call })}`);
  void enter(call);
};

const call = new URLSearchParams(location.search).get('call');
if (call) {
  at('call-name').value = call;
  void enter(call);
} else {
  show('join', 'choosing', '');
}
