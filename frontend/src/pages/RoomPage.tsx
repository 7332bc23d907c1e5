// The way into the room: is the address one, is whoever opens it there already, and who are they?

import { Suspense, useEffect } from 'react';
import { Navigate, useLocation, useSearchParams } from 'react-router';
import { PageTitle } from '../components/ui/PageTitle';
import { OtherTab } from '../features/endings/OtherTab';
import { useOtherTab } from '../features/endings/useOtherTab';
import { appointmentProblem } from '../features/lobby/fields';
import { appointmentInPath, loginPath, nameIn } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { CardLayout } from './CardLayout';
import { Room } from './lazyRoom';
import { NotFoundPage } from './NotFoundPage';

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
  return (
    <Suspense>
      <Room appointmentId={appointmentId} name={name} />
    </Suspense>
  );
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
