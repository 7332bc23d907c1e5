// A value that others can watch. What rtc/, signaling/ and chat keep is kept in these, so that it
// lives outside React and is read there with one hook (useStore).

export type Unsubscribe = () => void;

/** The side of a store that is handed out. */
export interface Readable<T> {
  get(): T;
  subscribe(listener: () => void): Unsubscribe;
}

export class Store<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  // Arrow functions: React calls both without their object.
  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }
}
