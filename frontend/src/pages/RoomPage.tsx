// The room: the visit for as long as it lasts, and what is shown when it is over.

import { useEffect } from 'react';
import { Navigate, useLocation, useSearchParams } from 'react-router';
import { PageTitle } from '../components/ui/PageTitle';
import { useCall } from '../features/call/useCall';
import { OtherTab } from '../features/endings/OtherTab';
import { useOtherTab } from '../features/endings/useOtherTab';
import { appointmentProblem } from '../features/lobby/fields';
import { appointmentInPath, loginPath, nameIn } from '../lib/paths';
import { useStore } from '../lib/useStore';
import { recallName, rememberName } from '../lib/visitorName';
import { isEnding } from '../rtc/callState';
import { CardLayout } from './CardLayout';
import { EndedRoom, UnreachableRoom } from './ClosedRoom';
import { NotFoundPage } from './NotFoundPage';
import { OpenRoom } from './OpenRoom';
import { useVisit } from './useVisit';
import type { Visit } from './visit';

export function RoomPage() {
  const appointmentId = appointmentInPath(useLocation().pathname);
  if (appointmentId === null || appointmentProblem(appointmentId)) {
    return <NotFoundPage what="invalidAppointment" />;
  }
  return <RoomEntrance appointmentId={appointmentId} />;
}

function RoomEntrance({ appointmentId }: { appointmentId: string }) {
  const otherTab = useOtherTab(appointmentId);
  const name = useVisitorName();
  if (otherTab.phase === 'asking') return null;
  if (otherTab.phase === 'elsewhere') {
    return (
      <CardLayout>
        <PageTitle text={appointmentId} />
        <OtherTab otherTab={otherTab} />
      </CardLayout>
    );
  }
  if (!name) return <Navigate to={loginPath(appointmentId)} replace />;
  return <Room appointmentId={appointmentId} name={name} />;
}

/** The name in the link, or else the one this tab knows already. */
function useVisitorName(): string {
  const [query] = useSearchParams();
  const given = nameIn(query);
  useEffect(() => {
    if (given) rememberName(given);
  }, [given]);
  return given || recallName();
}

interface RoomProps {
  appointmentId: string;
  name: string;
}

function Room({ appointmentId, name }: RoomProps) {
  const { visit, reopen } = useVisit(appointmentId, name);
  return (
    <>
      <PageTitle text={appointmentId} />
      {visit && (
        <CurrentVisit appointmentId={appointmentId} name={name} visit={visit} onReopen={reopen} />
      )}
    </>
  );
}

interface CurrentVisitProps extends RoomProps {
  visit: Visit;
  onReopen: () => void;
}

function CurrentVisit({ appointmentId, name, visit, onReopen }: CurrentVisitProps) {
  const call = useCall(visit.call, visit.media);
  const { joinedAt } = useStore(visit.record);
  const { state } = call;
  if (isEnding(state)) {
    return (
      <EndedRoom appointmentId={appointmentId} visit={visit} ending={state} onReopen={onReopen} />
    );
  }
  if (state.phase === 'unreachable' && joinedAt === null) {
    return <UnreachableRoom appointmentId={appointmentId} visit={visit} />;
  }
  return <OpenRoom appointmentId={appointmentId} name={name} visit={visit} call={call} />;
}
