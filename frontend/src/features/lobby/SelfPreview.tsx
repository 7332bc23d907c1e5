// The own video before joining, with the buttons for microphone and camera.

import { Mic, MicOff, Video, VideoOff } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { LocalMedia, MediaSnapshot } from '../../rtc/media/localMedia';

export function SelfPreview({ media }: { media: LocalMedia }) {
  const texts = useTexts();
  const local = useStore(media.snapshot);
  const isMuted = local.microphone === 'off' || local.microphone === 'missing';
  const isDark = local.camera === 'off' || local.camera === 'missing';
  return (
    <div className="relative flex aspect-4/3 max-h-[60dvh] w-full items-center justify-center overflow-hidden rounded-2xl bg-stage text-on-stage ring-1 ring-line sm:aspect-video short:max-h-[calc(100dvh-7rem)]">
      <LocalVideo local={local} label={texts.devices.ownPicture} />
      <p className="px-4 pb-16 text-center text-on-stage-muted">
        {statusText(local, texts.lobby.preJoin)}
      </p>
      <section
        aria-label={texts.lobby.preJoin.controls}
        className="absolute inset-x-0 bottom-0 flex justify-center gap-4 p-4"
      >
        <DeviceButton
          label={isMuted ? texts.devices.unmute : texts.devices.mute}
          icon={isMuted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
          isOff={isMuted}
          isMissing={local.microphone === 'missing'}
          onClick={() => media.toggleMicrophone()}
          testId="prejoin-mute-button"
        />
        <DeviceButton
          label={isDark ? texts.devices.startCamera : texts.devices.stopCamera}
          icon={isDark ? <VideoOff aria-hidden /> : <Video aria-hidden />}
          isOff={isDark}
          isMissing={local.camera === 'missing'}
          onClick={() => media.toggleCamera()}
          testId="prejoin-camera-button"
        />
      </section>
    </div>
  );
}

function statusText(
  { camera }: MediaSnapshot,
  texts: { cameraOff: string; cameraStarting: string; cameraMissing: string },
): string {
  if (camera === 'on') return '';
  if (camera === 'pending') return texts.cameraStarting;
  return camera === 'off' ? texts.cameraOff : texts.cameraMissing;
}

/** Mirrored, unless the camera faces away. */
function LocalVideo({ local, label }: { local: MediaSnapshot; label: string }) {
  const ref = useRef<HTMLVideoElement>(null);
  const isOn = local.camera === 'on';
  // A <video> that waits for a missing track would delay the page's load event.
  const stream = isOn ? local.stream : null;
  useEffect(() => {
    if (ref.current) ref.current.srcObject = stream;
  }, [stream]);
  return (
    <video
      ref={ref}
      autoPlay
      playsInline
      muted
      aria-label={label}
      data-testid="local-video"
      className={cn(
        'absolute inset-0 size-full object-cover',
        local.facing === 'user' && '-scale-x-100',
        !isOn && 'invisible',
      )}
    />
  );
}

interface DeviceButtonProps {
  label: string;
  icon: ReactNode;
  isOff: boolean;
  isMissing: boolean;
  onClick: () => void;
  testId: string;
}

function DeviceButton({ label, icon, isOff, isMissing, onClick, testId }: DeviceButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      data-testid={testId}
      className={cn(
        'relative flex size-13 cursor-pointer items-center justify-center rounded-full shadow-lg transition-colors',
        'focus-visible:outline-on-stage',
        isOff
          ? 'bg-danger text-on-danger hover:bg-danger-strong'
          : 'bg-stage-raised/90 text-on-stage ring-1 ring-on-stage/30 hover:bg-stage',
      )}
    >
      {icon}
      {isMissing && (
        <span
          aria-hidden
          className="absolute -end-1 -top-1 flex size-5 items-center justify-center rounded-full bg-warn text-sm font-bold text-stage ring-2 ring-stage"
        >
          !
        </span>
      )}
    </button>
  );
}
