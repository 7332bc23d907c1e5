// BroadcastChannel between the tabs of one browser: delivers each message to all other channels of
// the same name in a later microtask.

const open = new Set<FakeBroadcastChannel>();

export class FakeBroadcastChannel {
  readonly name: string;
  onmessage: ((event: MessageEvent) => void) | null = null;

  constructor(name: string) {
    this.name = name;
    open.add(this);
  }

  postMessage(data: unknown): void {
    const event = new MessageEvent('message', { data: structuredClone(data) });
    for (const other of open) {
      if (other === this || other.name !== this.name) continue;
      queueMicrotask(() => {
        if (open.has(other)) other.onmessage?.(event);
      });
    }
  }

  close(): void {
    open.delete(this);
  }
}
