// Plays a test sound and asks whether it was heard.

import { Check, Play } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../components/ui/Button';
import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { LocalMedia } from '../../rtc/media/localMedia';
import { playTestSound } from '../../rtc/media/speakerTest';

type Step = 'idle' | 'playing' | 'asking' | 'heard' | 'unheard' | 'failed';

export function SpeakerTest({ media }: { media: LocalMedia }) {
  const texts = useTexts().devices.speakerTest;
  const { speaker } = useStore(media.snapshot);
  const [step, setStep] = useState<Step>('idle');

  function play() {
    setStep('playing');
    playTestSound(speaker).then(
      () => setStep('asking'),
      () => setStep('failed'),
    );
  }

  return (
    <div className="flex flex-col items-start text-sm">
      <Button
        variant="secondary"
        onClick={play}
        aria-disabled={step === 'playing'}
        data-testid="speaker-test-button"
      >
        {step === 'playing' ? <Spinner /> : <Play aria-hidden className="size-4" />}
        {step === 'playing' ? texts.playing : texts.play}
      </Button>
      <div role="status" className="*:mt-2">
        {step === 'asking' && (
          <div className="flex flex-wrap items-center gap-2">
            <p className="pe-1">{texts.question}</p>
            <Button variant="secondary" onClick={() => setStep('heard')}>
              {texts.yes}
            </Button>
            <Button variant="secondary" onClick={() => setStep('unheard')}>
              {texts.no}
            </Button>
          </div>
        )}
        {step === 'heard' && (
          <p className="flex items-center gap-2">
            <Check aria-hidden className="size-4 text-good" />
            {texts.heard}
          </p>
        )}
        {step === 'unheard' && (
          <ul className="list-disc space-y-1 ps-5 text-muted">
            {texts.help.map((advice) => (
              <li key={advice}>{advice}</li>
            ))}
          </ul>
        )}
        {step === 'failed' && <p className="text-danger">{texts.failed}</p>}
      </div>
    </div>
  );
}
