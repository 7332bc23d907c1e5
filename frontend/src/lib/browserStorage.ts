// What the browser remembers: for this tab over a reload, or for this browser until it is cleared.
// Plain memory stands in where the browser forbids either (private modes, embedded pages). Losing
// it costs comfort, never the call.

const memory = new Map<string, string>();

export function recall(key: string): string | null {
  return read(() => window.sessionStorage, key);
}

export function remember(key: string, value: string): void {
  write(() => window.sessionStorage, key, value);
}

export function forget(key: string): void {
  memory.delete(key);
  try {
    window.sessionStorage.removeItem(key);
  } catch {
    // There is nothing to remove where nothing can be stored.
  }
}

export function recallForever(key: string): string | null {
  return read(() => window.localStorage, key);
}

export function rememberForever(key: string, value: string): void {
  write(() => window.localStorage, key, value);
}

// Even naming a storage throws where it is forbidden, so it is named inside of `try`.

function read(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(storage: () => Storage, key: string, value: string): void {
  try {
    storage().setItem(key, value);
  } catch {
    memory.set(key, value);
  }
}
