// Controls under the call: the common ones, a menu with the others, and the button that leaves.

import { Mic, MicOff, MonitorUp, MonitorX, PhoneOff, Video, VideoOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { ControlButton } from '../../components/ui/ControlButton';
import { useTexts } from '../../lib/i18n/useTexts';
import { useMediaQuery } from '../../lib/useMediaQuery';
import { type ShortcutName, shortcuts } from './shortcuts';
import type { CallView } from './useCall';

interface ControlBarProps {
  call: CallView;
  onLeave: () => void;
  /** Further buttons, and the menu. */
  children?: ReactNode;
}

export function ControlBar({ call, onLeave, children }: ControlBarProps) {
  const texts = useTexts().call.controls;
  const hasRoom = useHasRoomForAll();
  const { microphone, camera } = call.local;
  const isMuted = microphone === 'off';
  const isDark = camera === 'off';
  return (
    <section
      aria-label={texts.label}
      className="relative flex justify-center px-1 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] short:pt-2 sm:gap-2"
    >
      <ControlButton
        caption={isMuted ? texts.unmute : texts.mute}
        icon={isMuted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
        variant={isMuted ? 'off' : 'idle'}
        disabled={!isUsable(microphone)}
        onClick={call.toggleMicrophone}
        data-testid="mute-button"
        {...useKeyHint('microphone', isMuted ? texts.unmute : texts.mute)}
      />
      <ControlButton
        caption={texts.camera}
        icon={isDark ? <VideoOff aria-hidden /> : <Video aria-hidden />}
        variant={isDark ? 'off' : 'idle'}
        disabled={!isUsable(camera)}
        onClick={call.toggleCamera}
        aria-label={isDark ? texts.startCamera : texts.stopCamera}
        data-testid="camera-button"
        {...useKeyHint('camera', isDark ? texts.startCamera : texts.stopCamera)}
      />
      {hasRoom && call.canShareScreen && <ShareButton call={call} />}
      {children}
      <ControlButton
        caption={texts.leave}
        icon={<PhoneOff aria-hidden />}
        variant="danger"
        onClick={onLeave}
        data-testid="leave-button"
        className="ms-1 sm:ms-6"
      />
    </section>
  );
}

function ShareButton({ call }: { call: CallView }) {
  const texts = useTexts().call.controls;
  const isSharing = call.screen !== null;
  const action = isSharing ? texts.stopSharing : texts.shareScreen;
  return (
    <ControlButton
      caption={texts.share}
      icon={isSharing ? <MonitorX aria-hidden /> : <MonitorUp aria-hidden />}
      variant={isSharing ? 'off' : 'idle'}
      onClick={call.toggleScreen}
      aria-label={action}
      data-testid="share-button"
      {...useKeyHint('screen', action)}
    />
  );
}

/** Hides less common controls on a narrow phone, where the menu has them. */
export function useHasRoomForAll(): boolean {
  return useMediaQuery('(min-width: 40rem)');
}

function useKeyHint(name: ShortcutName, action: string) {
  const { withKey } = useTexts().call.controls;
  const key = shortcuts[name];
  return { 'aria-keyshortcuts': key, title: withKey(action, key) };
}

function isUsable(device: string): boolean {
  return device === 'on' || device === 'off';
}
