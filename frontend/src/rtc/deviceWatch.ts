// The occasions on which a device may have come, gone, or been allowed.

import { sourceKinds } from './devices';
import { permissionOf } from './mediaProblem';

/** Calls `onOccasion` on each of them; returns what ends that. */
export function watchDevices(onOccasion: () => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const listen = (target: EventTarget | undefined, type: string) =>
    target?.addEventListener(type, onOccasion, { signal });

  listen(navigator.mediaDevices, 'devicechange');
  // Not every browser tells of permissions, but whoever changes the settings comes back from there.
  listen(window, 'focus');
  for (const kind of sourceKinds) {
    void permissionOf(kind).then((permission) => {
      if (permission && !signal.aborted) listen(permission, 'change');
    });
  }
  return () => ending.abort();
}
