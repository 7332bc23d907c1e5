// The room without a call: the end of the visit, or waiting for a seat or the server.

import { LinkButton } from '../components/ui/Button';
import { EndingScreen } from '../features/endings/EndingScreen';
import { RoomFull } from '../features/endings/RoomFull';
import { Unreachable } from '../features/endings/Unreachable';
import { useTexts } from '../lib/i18n/useTexts';
import { loginPath } from '../lib/paths';
import { useStore } from '../lib/useStore';
import type { Ending } from '../rtc/call/callState';
import type { Fullness } from '../signaling/client';
import { CardLayout } from './CardLayout';
import { useTranscript } from './useTranscript';
import type { Visit } from './visit';
import { lengthOfVisit } from './visitRecord';

interface RoomProps {
  appointmentId: string;
  visit: Visit;
}

export function EndedRoom(props: RoomProps & { ending: Ending; onReopen: () => void }) {
  const { appointmentId, visit, ending, onReopen } = props;
  const record = useStore(visit.record);
  const { hasMessages, save } = useTranscript(appointmentId, visit.chat);
  return (
    <CardLayout>
      <EndingScreen
        ending={ending}
        refusal={record.refusal}
        lengthMs={lengthOfVisit(record)}
        onSaveTranscript={hasMessages ? save : undefined}
        onReopen={onReopen}
      >
        <FirstPageLink appointmentId={appointmentId} />
      </EndingScreen>
    </CardLayout>
  );
}

/** The visit keeps asking for a seat, and the room opens as soon as it has one. */
export function FullRoom({ appointmentId, visit, seat }: RoomProps & { seat: Fullness }) {
  const { endings } = useTexts();
  const attempt = useStore(visit.signaling.attempt);
  const { hasMessages, save } = useTranscript(appointmentId, visit.chat);
  return (
    <CardLayout>
      <RoomFull
        appointmentId={appointmentId}
        seat={seat}
        attempt={attempt}
        onTryNow={() => visit.signaling.retryNow()}
        onSaveTranscript={hasMessages ? save : undefined}
      >
        <LinkButton to="/" data-testid="another-appointment-link">
          {endings.full.another}
        </LinkButton>
      </RoomFull>
    </CardLayout>
  );
}

/** The visit keeps trying, and the room opens as soon as the server is reached. */
export function UnreachableRoom({ appointmentId, visit }: RoomProps) {
  const attempt = useStore(visit.signaling.attempt);
  return (
    <CardLayout>
      <Unreachable attempt={attempt} onTryNow={() => visit.signaling.retryNow()}>
        <FirstPageLink appointmentId={appointmentId} />
      </Unreachable>
    </CardLayout>
  );
}

function FirstPageLink({ appointmentId }: { appointmentId: string }) {
  const { common } = useTexts();
  return <LinkButton to={loginPath(appointmentId)}>{common.firstPage}</LinkButton>;
}
