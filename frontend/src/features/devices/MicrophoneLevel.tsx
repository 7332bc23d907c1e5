// Level meter of the microphone, updated each frame without React.

import { Mic, MicOff } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { LocalMedia } from '../../rtc/media/localMedia';
import { watchLevel } from '../../rtc/media/microphoneLevel';

/** Time in silence after which the meter explains possible causes. */
const SILENCE_MS = 8_000;

/** Interval of updates for screen readers. */
const ANNOUNCE_MS = 1_000;

type Detection = 'silent' | 'heard' | 'stillSilent' | 'suspended';

export function MicrophoneLevel({ media }: { media: LocalMedia }) {
  const texts = useTexts().devices.level;
  const { stream, microphone } = useStore(media.snapshot);
  const track = microphone === 'on' ? stream.getAudioTracks()[0] : undefined;
  const { bar, detection } = useLevel(track);
  if (microphone === 'missing' || microphone === 'pending') return null;
  const isMuted = microphone === 'off';
  const Icon = isMuted ? MicOff : Mic;
  return (
    <div>
      <div className="flex items-center gap-3">
        <Icon aria-hidden className="size-5 shrink-0 text-muted" />
        {/* biome-ignore lint/a11y/useSemanticElements: <meter> looks different everywhere. */}
        <div
          ref={bar}
          role="meter"
          aria-label={texts.label}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={0}
          data-testid="mic-level"
          className="h-2.5 flex-1 overflow-hidden rounded-full border border-edge bg-sunken"
        >
          <div className="h-full w-full origin-left scale-x-(--level,0) rounded-full bg-accent forced-colors:bg-[Highlight] rtl:origin-right" />
        </div>
      </div>
      <p
        role="status"
        className={cn(
          'mt-1.5 text-sm',
          detection === 'heard' && !isMuted ? 'text-good' : 'text-muted',
        )}
      >
        {isMuted ? texts.muted : texts[detection]}
      </p>
    </div>
  );
}

function useLevel(track: MediaStreamTrack | undefined) {
  const bar = useRef<HTMLDivElement>(null);
  const [detection, setDetection] = useState<Detection>('silent');

  useEffect(() => {
    if (!track) return;
    setDetection('silent');
    let announced = 0;
    const silenceTimer = setTimeout(
      () => setDetection((now) => (now === 'silent' ? 'stillSilent' : now)),
      SILENCE_MS,
    );
    const unwatch = watchLevel(track, {
      onLevel(level) {
        const element = bar.current;
        element?.style.setProperty('--level', level.toFixed(2));
        const now = performance.now();
        if (now < announced + ANNOUNCE_MS) return;
        announced = now;
        element?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
      },
      onHeard: () => setDetection('heard'),
      onSuspended: (isSuspended) =>
        setDetection((now) => (isSuspended ? 'suspended' : now === 'suspended' ? 'silent' : now)),
    });
    const meter = bar.current;
    return () => {
      clearTimeout(silenceTimer);
      unwatch();
      meter?.style.setProperty('--level', '0');
      meter?.setAttribute('aria-valuenow', '0');
    };
  }, [track]);

  return { bar, detection };
}
