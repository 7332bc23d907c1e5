// The audio and the video transceiver of one connection. Both exist from the start, so microphone,
// camera and screen are turned on and off without renegotiation.

import type { VideoEncoding } from '../quality/videoDegradation';

/** Tracks to send; null for a kind that has none now. */
export interface LocalTracks {
  /** Groups the tracks, so that the remote side plays them in sync. */
  stream: MediaStream;
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

const kinds = ['audio', 'video'] as const;
type Kind = (typeof kinds)[number];

/** Audio is sent before video when the bandwidth does not suffice for both. */
const priorities = {
  audio: { priority: 'high', networkPriority: 'high' },
  video: { priority: 'low', networkPriority: 'low' },
} as const satisfies Record<Kind, Partial<RTCRtpEncodingParameters>>;

export class Transceivers {
  readonly #connection: RTCPeerConnection;
  readonly #transceivers = new Map<Kind, RTCRtpTransceiver>();
  #tracks: LocalTracks | null = null;
  #videoEncoding: VideoEncoding = { active: true };
  /** Serialises changes: each reads the parameters, changes them and writes them back. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(connection: RTCPeerConnection) {
    this.#connection = connection;
  }

  setTracks(tracks: LocalTracks): void {
    this.#tracks = tracks;
    for (const kind of kinds) {
      const transceiver = this.#transceivers.get(kind);
      if (transceiver) void transceiver.sender.replaceTrack(tracks[kind]).catch(ignoreClosed);
    }
    if (this.#connection.remoteDescription) this.addMissing();
  }

  /** Adds both transceivers, also without a track: one may follow, and media may be received. */
  addAll(): void {
    for (const kind of kinds) if (!this.#transceivers.has(kind)) this.#add(kind);
  }

  /** Adds transceivers for tracks of a kind that the remote offer did not contain. */
  addMissing(): void {
    for (const kind of kinds) {
      if (!this.#transceivers.has(kind) && this.#tracks?.[kind]) this.#add(kind);
    }
  }

  /** Uses the transceivers of a remote offer just applied; stops own ones that it replaced. */
  adoptOffered(): void {
    const transceivers = this.#connection.getTransceivers();
    for (const kind of kinds) {
      const offered = transceivers.find(
        ({ mid, receiver, currentDirection }) =>
          mid !== null && receiver.track.kind === kind && currentDirection !== 'stopped',
      );
      const own = this.#transceivers.get(kind);
      if (!offered || offered === own) continue;
      // A null mid means that a collision of offers rolled the own transceiver back.
      if (own?.mid === null) own.stop();
      if (own?.mid == null) this.#adopt(kind, offered);
    }
  }

  /** Applies the encoding parameters; some browsers drop those set before they are connected. */
  applyParameters(): void {
    for (const kind of kinds) this.#applyParametersOf(kind);
  }

  setVideoEncoding(encoding: VideoEncoding): void {
    this.#videoEncoding = encoding;
    this.#applyParametersOf('video');
  }

  #add(kind: Kind): void {
    const transceiver = this.#connection.addTransceiver(this.#tracks?.[kind] ?? kind, {
      direction: 'sendrecv',
      streams: this.#tracks ? [this.#tracks.stream] : [],
      sendEncodings: [{ ...priorities[kind], ...(kind === 'video' && this.#videoEncoding) }],
    });
    this.#transceivers.set(kind, transceiver);
  }

  #adopt(kind: Kind, transceiver: RTCRtpTransceiver): void {
    this.#transceivers.set(kind, transceiver);
    transceiver.direction = 'sendrecv';
    if (!this.#tracks) return;
    transceiver.sender.setStreams(this.#tracks.stream);
    void transceiver.sender.replaceTrack(this.#tracks[kind]).catch(ignoreClosed);
  }

  #applyParametersOf(kind: Kind): void {
    const sender = this.#transceivers.get(kind)?.sender;
    if (!sender) return;
    this.#lastChange = this.#lastChange
      .then(async () => {
        const parameters = sender.getParameters();
        const limits = kind === 'video' ? this.#videoEncoding : {};
        for (const encoding of parameters.encodings) {
          // An absent limit means unlimited, so earlier limits are removed.
          delete encoding.maxBitrate;
          delete encoding.scaleResolutionDownBy;
          Object.assign(encoding, priorities[kind], limits);
        }
        await sender.setParameters(parameters);
      })
      .catch(ignoreClosed);
  }
}

/** Ignores that the connection is closed, or that the browser lacks such parameters. */
function ignoreClosed(_error: unknown): void {}
