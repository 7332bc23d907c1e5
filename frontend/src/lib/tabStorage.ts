// What this tab remembers over a reload: sessionStorage, or plain memory where the browser forbids
// it (private modes, embedded pages). Losing it costs comfort, never the call.

const memory = new Map<string, string>();

export function recall(key: string): string | null {
  try {
    return window.sessionStorage.getItem(key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

export function remember(key: string, value: string): void {
  try {
    window.sessionStorage.setItem(key, value);
  } catch {
    memory.set(key, value);
  }
}

export function forget(key: string): void {
  memory.delete(key);
  try {
    window.sessionStorage.removeItem(key);
  } catch {
    // There is nothing to remove where nothing can be stored.
  }
}
