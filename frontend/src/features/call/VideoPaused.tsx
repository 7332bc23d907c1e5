// Notice of a paused video, on either side.

import { PauseCircle } from 'lucide-react';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';

interface VideoPausedProps {
  whose: 'own' | 'peer';
  className?: string;
}

export function VideoPaused({ whose, className }: VideoPausedProps) {
  const texts = useTexts().call.stage;
  return (
    <p
      data-testid="video-paused"
      data-whose={whose}
      className={cn(
        'flex items-center gap-1.5 rounded-lg bg-stage/90 px-2.5 py-1.5 text-start',
        whose === 'own' ? 'text-xs' : 'text-sm',
        className,
      )}
    >
      <PauseCircle aria-hidden className="size-4 shrink-0" />
      {texts.videoPaused}
    </p>
  );
}
