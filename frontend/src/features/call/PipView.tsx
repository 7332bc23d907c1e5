// Content of the picture-in-picture window: the other participant, and the two most urgent
// controls.

import { Mic, MicOff, PhoneOff } from 'lucide-react';
import { createPortal } from 'react-dom';
import { IconButton } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import type { CallView } from './useCall';
import { VideoView } from './VideoView';

interface PipViewProps {
  window: Window;
  call: CallView;
  onLeave: () => void;
}

export default function PipView({ window, call, onLeave }: PipViewProps) {
  const texts = useTexts().call;
  const { remote, local } = call;
  const name = call.peerName ?? '';
  const isMuted = local.microphone === 'off';
  return createPortal(
    <main className="relative flex h-dvh items-center justify-center overflow-hidden bg-stage text-on-stage">
      <VideoView
        stream={remote?.stream ?? null}
        hasVideo={remote?.hasVideo ?? false}
        name={name}
        label={texts.stage.pictureOf(name)}
        testId="pip-video"
        initialsClass="size-20 text-2xl"
        fit={remote?.status.screen ? 'whole' : undefined}
      />
      <div className="absolute inset-x-0 bottom-3 flex justify-center gap-3">
        <IconButton
          label={isMuted ? texts.controls.unmute : texts.controls.mute}
          icon={isMuted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
          onClick={call.toggleMicrophone}
          disabled={local.microphone === 'missing'}
        />
        <IconButton
          label={texts.controls.leave}
          icon={<PhoneOff aria-hidden />}
          onClick={onLeave}
          className="border-danger! bg-danger! text-on-danger!"
        />
      </div>
    </main>,
    window.document.body,
  );
}
