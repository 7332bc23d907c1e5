// Icon for the connection's quality; its popover shows the details.

import { Signal, SignalLow, SignalMedium, SignalZero } from 'lucide-react';
import { lazy, Suspense, useRef } from 'react';
import { Popover } from '../../components/ui/Popover';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Readable } from '../../lib/store';
import { useStore } from '../../lib/useStore';
import type { Quality } from '../../rtc/quality/qualityMonitor';

const QualityDetails = lazy(() => import('./QualityDetails'));

const styles = {
  good: { Icon: Signal, color: 'text-good' },
  fair: { Icon: SignalMedium, color: 'text-warn' },
  poor: { Icon: SignalLow, color: 'text-danger' },
  unknown: { Icon: SignalZero, color: 'text-muted' },
} as const;

export function QualityIndicator({ quality: store }: { quality: Readable<Quality | null> }) {
  const texts = useTexts().call.quality;
  const quality = useStore(store);
  // Appears with the first quality and then stays, since it may have the focus.
  const wasKnown = useRef(false);
  wasKnown.current ||= quality !== null;
  if (!wasKnown.current) return null;
  const level = quality?.level ?? 'unknown';
  const { Icon, color } = styles[level];
  const label = texts.label[level];
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
          data-quality={level}
          data-path={quality?.metrics.path?.kind}
          className="flex size-9 shrink-0 cursor-pointer items-center justify-center rounded-full hover:bg-sunken"
        >
          <Icon aria-hidden className={cn('size-5', color)} />
        </button>
      )}
    >
      {() => (
        <Suspense>
          <QualityDetails level={level} metrics={quality?.metrics ?? null} />
        </Suspense>
      )}
    </Popover>
  );
}
