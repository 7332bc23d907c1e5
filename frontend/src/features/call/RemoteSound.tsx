// The other one's voice. It has an element of its own, because a <video> keeps quiet until it has a
// picture to show, and the other side need not send any.

import { Volume2 } from 'lucide-react';
import { useEffect } from 'react';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import { usePlayback } from './usePlayback';

interface RemoteSoundProps {
  stream: MediaStream | null;
  name: string;
  /** Id of the output device; empty for the default one. */
  speaker: string;
}

export function RemoteSound({ stream, name, speaker }: RemoteSoundProps) {
  const { ref, isBlocked, play } = usePlayback<HTMLAudioElement>(stream);
  const texts = useTexts().call.stage;

  useEffect(() => {
    // Where it cannot be chosen, or is gone, sound comes from where it came from before.
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
