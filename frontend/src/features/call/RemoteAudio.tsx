// The remote audio. It has its own element, because a <video> stays silent until it has a frame,
// and the other side may send none.

import { Volume2 } from 'lucide-react';
import { useEffect } from 'react';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import { usePlayback } from './usePlayback';

interface RemoteAudioProps {
  stream: MediaStream | null;
  name: string;
  /** Id of the output device; empty for the default one. */
  speaker: string;
}

export function RemoteAudio({ stream, name, speaker }: RemoteAudioProps) {
  const { ref, isBlocked, play } = usePlayback<HTMLAudioElement>(stream);
  const texts = useTexts().call.stage;

  useEffect(() => {
    // The output stays as it was where it cannot be chosen, or is missing.
    void ref.current?.setSinkId?.(speaker).catch(() => {});
  }, [ref, speaker]);

  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: a live voice has no captions. */}
      <audio ref={ref} autoPlay data-testid="remote-audio" />
      {isBlocked && (
        <Button onClick={play} className="absolute inset-x-4 bottom-1/4 z-20 mx-auto w-fit">
          <Volume2 aria-hidden className="size-5" />
          {texts.hear(name)}
        </Button>
      )}
    </>
  );
}
