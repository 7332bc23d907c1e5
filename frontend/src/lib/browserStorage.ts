// Browser storage: for this tab across reloads, or for this browser until it is cleared. Where the
// browser forbids storage (private modes, embedded pages), memory replaces it.

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
    // A forbidden storage holds nothing to remove.
  }
}

export function recallForever(key: string): string | null {
  return read(() => window.localStorage, key);
}

export function rememberForever(key: string, value: string): void {
  write(() => window.localStorage, key, value);
}

// Reading `window.sessionStorage` throws where it is forbidden, so it is read inside `try`.

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
