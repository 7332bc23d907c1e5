// The buttons under the call.

import { Mic, MicOff, PhoneOff, Video, VideoOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { ControlButton } from '../../components/ui/ControlButton';
import type { CallView } from './useCall';

interface ControlBarProps {
  call: CallView;
  onLeave: () => void;
  /** Further buttons, before the one that ends it all. */
  children?: ReactNode;
}

export function ControlBar({ call, onLeave, children }: ControlBarProps) {
  const { microphone, camera } = call.local;
  const isMuted = microphone === 'off';
  const isDark = camera === 'off';
  return (
    <section
      aria-label="Call controls"
      className="flex justify-center px-2 pt-3 short:pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:gap-2"
    >
      <ControlButton
        caption={isMuted ? 'Unmute' : 'Mute'}
        icon={isMuted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
        variant={isMuted ? 'off' : 'idle'}
        disabled={!isUsable(microphone)}
        onClick={call.toggleMicrophone}
        data-testid="mute-button"
      />
      <ControlButton
        caption={isDark ? 'Start camera' : 'Stop camera'}
        icon={isDark ? <VideoOff aria-hidden /> : <Video aria-hidden />}
        variant={isDark ? 'off' : 'idle'}
        disabled={!isUsable(camera)}
        onClick={call.toggleCamera}
        data-testid="camera-button"
      />
      {children}
      <ControlButton
        caption="Leave"
        icon={<PhoneOff aria-hidden />}
        variant="danger"
        onClick={onLeave}
        data-testid="leave-button"
      />
    </section>
  );
}

function isUsable(device: string): boolean {
  return device === 'on' || device === 'off';
}
