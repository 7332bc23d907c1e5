// Two browsers, one call, through the signals door: take a seat over HTTP, be there over a WebSocket, tell the other one
// over HTTP what it needs for a peer connection. The wire contract is docs/signals.md.

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

/** How the server ends a WebSocket whose seat has a newer one. */
const REPLACED = 'replaced by a newer connection';

/** How it ends one whose session is good for nothing until one joins with it again. */
const SEAT_GONE = ['bad seat', 'seat renewal failure', 'server stopping'];

/** A seat in a call. Survives lost connections, reloads and restarts of the server. */
class Seat {
  #call;
  #session = null;
  #socket = null;
  #isLeft = false;
  #lastTold = Promise.resolve();

  /** `on` has a function for each kind of message, and `away`, `replaced` and `full`. */
  constructor(call, on) {
    this.#call = call;
    this.on = on;
  }

  /** Takes a free seat, or the one that this tab had before it was loaded anew. */
  async take(retry = FIRST_RETRY_MS) {
    const key = `signals ${this.#call}`;
    const before = sessionStorage.getItem(key);
    const path = `/call/${encodeURIComponent(this.#call)}`;
    const response = await fetch(before ? `${path}?session=${before}` : path).catch(() => null);
    if (this.#isLeft) return;
    const joined = response?.ok ? await response.json().catch(() => null) : null;
    if (joined) {
      this.#session = joined.session;
      sessionStorage.setItem(key, this.#session);
      this.#open();
    } else if (response && response.status < 429) {
      // 409: every seat is held. Otherwise no call can be called that.
      this.on.full(response.status === 409);
    } else {
      this.on.away();
      setTimeout(() => this.take(Math.min(2 * retry, LAST_RETRY_MS)), retry);
    }
  }

  /** Shows the session, and hears what was said since the seat was taken and what is said from now on. */
  #open(retry = FIRST_RETRY_MS) {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
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
      // The peer connection is still there: the same session on a new WebSocket is enough. Where the seat itself is
      // gone, joining with the session gives it back.
      setTimeout(() => (SEAT_GONE.includes(reason) ? this.take(again) : this.#open(again)), next);
    };
  }

  /** Tells the other one. One request after the other, so that nothing overtakes anything. */
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
    // If it does not get through, the WebSocket will show why.
    this.#lastTold = this.#lastTold.then(() => fetch('/signal', request)).catch(() => {});
  }

  /** Gives the seat up, so that somebody else can have it at once. */
  leave() {
    this.#isLeft = true;
    sessionStorage.removeItem(`signals ${this.#call}`);
    this.#socket?.close(1000, 'leave');
  }
}

/** The peer connection to whoever has the other seat. Every offer begins a new one. */
class Peer {
  #connection = null;
  #isOfferer = false;
  #lastHeard = Promise.resolve();

  /** `media` is the own camera and microphone, or null; `tell` tells the other one. */
  constructor({ media, iceServers, tell, onState }) {
    Object.assign(this, { media, iceServers, tell, onState });
  }

  /** Somebody is there and has nothing yet: whoever was here first makes the offer. */
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

  /** One message after the other. What belongs to a connection that is no more fails, and may. */
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

/** Shows one of the page's parts, and says how things stand. */
function show(part, state, text) {
  for (const id of ['join', 'call', 'elsewhere']) at(id).hidden = id !== part;
  document.body.dataset.state = state;
  at('notice').textContent = text;
}

const FULL = 'Both seats are taken. One is free again half a minute after its holder has gone.';

const PEER_TEXTS = {
  connecting: 'Somebody is here. Connecting…',
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
      // A call that stands goes on without the server.
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

/** Without a camera one can still see and hear. */
async function openCamera() {
  return (
    navigator.mediaDevices?.getUserMedia({ audio: true, video: true }).catch(() => null) ?? null
  );
}

async function iceServers() {
  const response = await fetch('/api/v1/ice-servers').catch(() => null);
  return response?.ok ? (await response.json()).iceServers : [];
}

at('join').onsubmit = (event) => {
  event.preventDefault();
  const call = at('call-name').value.trim();
  // A reload finds its way back, and the address can be sent to the other one.
  history.replaceState(null, '', `?${new URLSearchParams({ call })}`);
  void enter(call);
};

const call = new URLSearchParams(location.search).get('call');
if (call) {
  at('call-name').value = call;
  void enter(call);
} else {
  show('join', 'choosing', '');
}
