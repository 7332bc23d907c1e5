// What goes out over one connection: a line for sound and a line for the picture, both there from
// the start, so that microphone, camera and screen come and go without another negotiation.

/** What is to be sent. A kind without a track is sent later, or never. */
export interface Outgoing {
  /** Groups the tracks, so that the other side plays them in step. */
  stream: MediaStream;
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

/** How much of the network the picture may take. */
export interface VideoLimits {
  active: boolean;
  /** In bits per second; as much as the browser sees fit when absent. */
  maxBitrate?: number;
  /** 2 is half the width and half the height. */
  scaleResolutionDownBy?: number;
}

const kinds = ['audio', 'video'] as const;
type Kind = (typeof kinds)[number];

/** Where one has to be late, it is not the sound. */
const priorities = {
  audio: { priority: 'high', networkPriority: 'high' },
  video: { priority: 'low', networkPriority: 'low' },
} as const satisfies Record<Kind, Partial<RTCRtpEncodingParameters>>;

export class MediaLines {
  readonly #connection: RTCPeerConnection;
  readonly #lines = new Map<Kind, RTCRtpTransceiver>();
  #outgoing: Outgoing | null = null;
  #limits: VideoLimits = { active: true };
  /** Parameters are read, changed and written back: one change after the other. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(connection: RTCPeerConnection) {
    this.#connection = connection;
  }

  send(outgoing: Outgoing): void {
    this.#outgoing = outgoing;
    for (const kind of kinds) {
      const line = this.#lines.get(kind);
      if (line) void line.sender.replaceTrack(outgoing[kind]).catch(ignoreClosed);
    }
    if (this.#connection.remoteDescription) this.openMissing();
  }

  /** Opens both lines, also for what there is nothing to send of: it may come, or be received. */
  open(): void {
    for (const kind of kinds) if (!this.#lines.has(kind)) this.#open(kind);
  }

  /** Opens lines for what the other side did not ask for, if there is something to send. */
  openMissing(): void {
    for (const kind of kinds) {
      if (!this.#lines.has(kind) && this.#outgoing?.[kind]) this.#open(kind);
    }
  }

  /** Takes the lines of an offer that was just applied; own ones that it made superfluous end. */
  adopt(): void {
    const transceivers = this.#connection.getTransceivers();
    for (const kind of kinds) {
      const offered = transceivers.find(
        ({ mid, receiver, currentDirection }) =>
          mid !== null && receiver.track.kind === kind && currentDirection !== 'stopped',
      );
      const line = this.#lines.get(kind);
      if (!offered || offered === line) continue;
      // Rolled back when both sides offered at once.
      if (line?.mid === null) line.stop();
      if (line?.mid == null) this.#adopt(kind, offered);
    }
  }

  /** Applies the parameters, some of which browsers forget if they are told before they connect. */
  settle(): void {
    for (const kind of kinds) this.#adjust(kind);
  }

  limitVideo(limits: VideoLimits): void {
    this.#limits = limits;
    this.#adjust('video');
  }

  #open(kind: Kind): void {
    const line = this.#connection.addTransceiver(this.#outgoing?.[kind] ?? kind, {
      direction: 'sendrecv',
      streams: this.#outgoing ? [this.#outgoing.stream] : [],
      sendEncodings: [{ ...priorities[kind], ...(kind === 'video' && this.#limits) }],
    });
    this.#lines.set(kind, line);
  }

  #adopt(kind: Kind, line: RTCRtpTransceiver): void {
    this.#lines.set(kind, line);
    line.direction = 'sendrecv';
    if (!this.#outgoing) return;
    line.sender.setStreams(this.#outgoing.stream);
    void line.sender.replaceTrack(this.#outgoing[kind]).catch(ignoreClosed);
  }

  #adjust(kind: Kind): void {
    const sender = this.#lines.get(kind)?.sender;
    if (!sender) return;
    this.#lastChange = this.#lastChange
      .then(async () => {
        const parameters = sender.getParameters();
        const limits = kind === 'video' ? this.#limits : {};
        for (const encoding of parameters.encodings) {
          // Absent means unlimited, so what was set before must go.
          delete encoding.maxBitrate;
          delete encoding.scaleResolutionDownBy;
          Object.assign(encoding, priorities[kind], limits);
        }
        await sender.setParameters(parameters);
      })
      .catch(ignoreClosed);
  }
}

/** The connection was closed meanwhile, or the browser has no such parameters. */
function ignoreClosed(_error: unknown): void {}
