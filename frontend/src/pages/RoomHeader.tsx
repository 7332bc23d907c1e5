// Header of a call: appointment, duration and quality.

import { Brand } from '../components/ui/Brand';
import { CallStatus } from '../features/call/CallStatus';
import { CallTimer } from '../features/call/CallTimer';
import { QualityIndicator } from '../features/call/QualityIndicator';
import type { OpenCallView } from '../features/call/useCall';
import { useTexts } from '../lib/i18n/useTexts';
import type { Readable } from '../lib/store';
import type { Quality } from '../rtc/quality/qualityMonitor';

interface RoomHeaderProps {
  appointmentId: string;
  call: OpenCallView;
  quality: Readable<Quality | null>;
}

export function RoomHeader({ appointmentId, call, quality }: RoomHeaderProps) {
  const texts = useTexts().call;
  const { state, peerName, hasRelay, since, remote } = call;
  return (
    <header className="flex h-14 shrink-0 items-center gap-2 px-3 sm:gap-3 sm:px-4 short:h-11">
      <Brand className="max-sm:hidden" />
      {/* On a phone the appointment alone, which must not be cut off. */}
      <h1
        aria-label={texts.appointment(appointmentId)}
        className="min-w-0 flex-1 truncate text-sm text-muted"
      >
        <span className="max-sm:hidden">{texts.appointment(appointmentId)}</span>
        <bdi className="sm:hidden">{appointmentId}</bdi>
      </h1>
      {since !== null && remote && <CallTimer since={since} />}
      <QualityIndicator quality={quality} />
      <CallStatus state={state} peerName={peerName} hasRelay={hasRelay} />
    </header>
  );
}
