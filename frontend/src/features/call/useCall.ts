// A call and this side's devices, as components see them.

import { useStore } from '../../lib/useStore';
import type { Call } from '../../rtc/call';
import type { CallSnapshot } from '../../rtc/callState';
import type { LocalMedia, MediaSnapshot } from '../../rtc/media';

export interface CallView extends CallSnapshot {
  local: MediaSnapshot;
  toggleMicrophone(): void;
  toggleCamera(): void;
  /** Asks for the devices once more. */
  retryDevices(): void;
}

export function useCall(call: Call, media: LocalMedia): CallView {
  return {
    ...useStore(call.snapshot),
    local: useStore(media.snapshot),
    toggleMicrophone: () => media.toggleMicrophone(),
    toggleCamera: () => media.toggleCamera(),
    retryDevices: () => void media.acquire(),
  };
}
