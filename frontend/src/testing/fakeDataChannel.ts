// A data channel that the test opens, reads and writes.

export class FakeDataChannel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting';
  readonly sent: string[] = [];

  constructor(
    readonly label: string,
    readonly options: RTCDataChannelInit,
  ) {
    super();
  }

  send(message: string): void {
    if (this.readyState !== 'open') throw new DOMException('', 'InvalidStateError');
    this.sent.push(message);
  }

  open(): void {
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }

  /** Receives a message from the remote side. */
  deliver(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}
