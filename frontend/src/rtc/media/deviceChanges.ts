// Events after which a device may have been plugged in, removed or permitted.

import { sourceKinds } from './devices';
import { permissionOf } from './mediaProblem';

/** Calls `onChange` after each such event until the returned function is called. */
export function watchDevices(onChange: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const listen = (target: EventTarget | undefined, type: string) =>
    target?.addEventListener(type, onChange, { signal });

  listen(navigator.mediaDevices, 'devicechange');
  // Some browsers report no permission changes; returning from the settings focuses the window.
  listen(window, 'focus');
  for (const kind of sourceKinds) {
    void permissionOf(kind).then((permission) => {
      if (permission && !signal.aborted) listen(permission, 'change');
    });
  }
  return () => ending.abort();
}
