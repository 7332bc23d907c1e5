// Lets media keys and headset buttons mute and end the call.

import { useEffect, useRef } from 'react';
import type { CallView } from './useCall';

const actions = ['hangup', 'togglemicrophone', 'togglecamera'] as const;
type Action = (typeof actions)[number];

/** Missing in TypeScript's types. https://www.w3.org/TR/mediasession/ */
type CallSession = Omit<MediaSession, 'setActionHandler'> & {
  setActionHandler(action: Action, handler: (() => void) | null): void;
  setMicrophoneActive?(active: boolean): void;
  setCameraActive?(active: boolean): void;
};

export function useMediaSession(call: CallView, onLeave: () => void): void {
  const { microphone, camera } = call.local;
  const latest = useRef<Record<Action, () => void>>(undefined);
  latest.current = {
    hangup: onLeave,
    togglemicrophone: call.toggleMicrophone,
    togglecamera: call.toggleCamera,
  };

  useEffect(() => {
    for (const action of actions) handle(action, () => latest.current?.[action]());
    return () => {
      for (const action of actions) handle(action, null);
    };
  }, []);

  useEffect(() => {
    session()?.setMicrophoneActive?.(microphone === 'on');
    session()?.setCameraActive?.(camera === 'on');
  }, [microphone, camera]);
}

function handle(action: Action, handler: (() => void) | null): void {
  try {
    session()?.setActionHandler(action, handler);
  } catch {
    // The browser does not support the action.
  }
}

function session(): CallSession | undefined {
  return navigator.mediaSession as unknown as CallSession | undefined;
}
