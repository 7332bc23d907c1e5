// A call and this side's devices, as state for components.

import { useStore } from '../../lib/useStore';
import type { Call } from '../../rtc/call/call';
import type { CallSnapshot, OpenCallState } from '../../rtc/call/callState';
import type { LocalMedia, MediaSnapshot } from '../../rtc/media/localMedia';
import { ScreenShare } from '../../rtc/media/screenShare';

export interface CallView extends CallSnapshot {
  local: MediaSnapshot;
  /** The own screen while it is shared. */
  screen: MediaStream | null;
  canShareScreen: boolean;
  toggleMicrophone(): void;
  setMicrophone(on: boolean): void;
  toggleCamera(): void;
  flipCamera(): void;
  toggleScreen(): void;
}

/** A call that has not ended. */
export interface OpenCallView extends CallView {
  state: OpenCallState;
}

export function useCall(call: Call, media: LocalMedia): CallView {
  const { stream: screen } = useStore(call.screen.snapshot);
  return {
    ...useStore(call.snapshot),
    local: useStore(media.snapshot),
    screen,
    canShareScreen: ScreenShare.isSupported,
    toggleMicrophone: () => media.toggleMicrophone(),
    setMicrophone: (on) => media.setMicrophone(on),
    toggleCamera: () => media.toggleCamera(),
    flipCamera: () => void media.flipCamera(),
    toggleScreen: () => (screen ? call.screen.stop() : void call.screen.start()),
  };
}
