// The room: the visit for as long as it lasts, and what is shown when it is over.

import { lazy, Suspense, useEffect } from 'react';
import { Navigate, useParams, useSearchParams } from 'react-router';
import { LinkButton } from '../components/ui/Button';
import { EndingScreen } from '../features/call/EndingScreen';
import { useCall } from '../features/call/useCall';
import { loginPath, nameIn } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { isEnding } from '../rtc/callState';
import { CardLayout } from './CardLayout';
import { Joining } from './Joining';
import { useVisit } from './useVisit';
import type { Visit } from './visit';

/** Comes after the page is there: what comes before a call needs nothing of it. */
const OpenRoom = lazy(() => import('./OpenRoom'));

export function RoomPage() {
  const { appointmentId = '' } = useParams();
  const name = useVisitorName();
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
      <title>{`${appointmentId} · Switchboard`}</title>
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
  if (!isEnding(call.state)) {
    return (
      <Suspense fallback={<Joining />}>
        <OpenRoom appointmentId={appointmentId} name={name} visit={visit} call={call} />
      </Suspense>
    );
  }
  return (
    <CardLayout>
      <EndingScreen ending={call.state} onReopen={onReopen}>
        <LinkButton to={loginPath(appointmentId)} className="min-h-12">
          Back to the first page
        </LinkButton>
      </EndingScreen>
    </CardLayout>
  );
}
