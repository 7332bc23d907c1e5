// The way into the room: is the address one, is whoever opens it there already, and who are they?

import { Suspense, useEffect } from 'react';
import { Navigate, useLocation, useSearchParams } from 'react-router';
import { PageTitle } from '../components/ui/PageTitle';
import { Spinner } from '../components/ui/Spinner';
import { OtherTab } from '../features/endings/OtherTab';
import { useOtherTab } from '../features/endings/useOtherTab';
import { appointmentProblem } from '../features/lobby/fields';
import { useTexts } from '../lib/i18n/useTexts';
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
    <Suspense fallback={<Loading />}>
      <Room appointmentId={appointmentId} name={name} />
    </Suspense>
  );
}

/** On a slow connection, for as long as the room itself takes to arrive. */
function Loading() {
  const { common } = useTexts();
  return (
    <CardLayout>
      <p role="status" className="flex items-center justify-center gap-3">
        <Spinner />
        {common.loading}
      </p>
    </CardLayout>
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
