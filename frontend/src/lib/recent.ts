// A small store by name, kept until the browser's storage is cleared. Beyond its limit it drops the
// oldest entries.

import { recallForever, rememberForever } from './browserStorage';

const LIMIT = 20;

export class Recent<T> {
  readonly #storageKey: string;

  constructor(storageKey: string) {
    this.#storageKey = storageKey;
  }

  get(name: string): T | null {
    return this.#entries().find(([known]) => known === name)?.[1] ?? null;
  }

  set(name: string, value: T): void {
    this.#write([...this.#without(name), [name, value]]);
  }

  delete(name: string): void {
    this.#write(this.#without(name));
  }

  #without(name: string): Array<[string, T]> {
    return this.#entries().filter(([known]) => known !== name);
  }

  #entries(): Array<[string, T]> {
    try {
      const entries: unknown = JSON.parse(recallForever(this.#storageKey) ?? '[]');
      return Array.isArray(entries) ? (entries.filter(isEntry) as Array<[string, T]>) : [];
    } catch {
      return [];
    }
  }

  #write(entries: Array<[string, T]>): void {
    rememberForever(this.#storageKey, JSON.stringify(entries.slice(-LIMIT)));
  }
}

function isEntry(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2;
}
