// A small sign of how well the connection carries the call, and what is behind it for whoever asks.

import { Signal, SignalLow, SignalMedium, SignalZero } from 'lucide-react';
import { lazy, Suspense, useRef } from 'react';
import { Popover } from '../../components/ui/Popover';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Readable } from '../../lib/store';
import { useStore } from '../../lib/useStore';
import type { Quality } from '../../rtc/qualityMonitor';

const QualityDetails = lazy(() => import('./QualityDetails'));

const looks = {
  good: { Icon: Signal, color: 'text-good' },
  fair: { Icon: SignalMedium, color: 'text-warn' },
  poor: { Icon: SignalLow, color: 'text-danger' },
  unknown: { Icon: SignalZero, color: 'text-muted' },
} as const;

export function QualitySign({ quality: store }: { quality: Readable<Quality | null> }) {
  const texts = useTexts().call.quality;
  const quality = useStore(store);
  // Comes when there is something to be said, and stays: it may have the focus.
  const wasKnown = useRef(false);
  wasKnown.current ||= quality !== null;
  if (!wasKnown.current) return null;
  const verdict = quality?.verdict ?? 'unknown';
  const { Icon, color } = looks[verdict];
  const label = texts.label[verdict];
  return (
    <Popover
      role="dialog"
      aria-label={texts.details}
      width={320}
      className="p-4"
      trigger={(attributes) => (
        <button
          type="button"
          {...attributes}
          aria-haspopup="dialog"
          aria-label={label}
          title={label}
          data-testid="quality-sign"
          data-quality={verdict}
          data-path={quality?.figures.path?.kind}
          className="flex size-9 shrink-0 cursor-pointer items-center justify-center rounded-full hover:bg-sunken"
        >
          <Icon aria-hidden className={cn('size-5', color)} />
        </button>
      )}
    >
      {() => (
        <Suspense>
          <QualityDetails verdict={verdict} figures={quality?.figures ?? null} />
        </Suspense>
      )}
    </Popover>
  );
}
