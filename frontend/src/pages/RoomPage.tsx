// The way into a room: is the address one, does another tab sit there, the check before joining, or
// straight into a call that this tab has a seat in. The camera and microphone opened for the check go on
// in the call.

import { useEffect, useState, useTransition } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { Lazy } from '../components/Lazy';
import { PageTitle } from '../components/ui/PageTitle';
import { OtherTab } from '../features/endings/OtherTab';
import { useOtherTab } from '../features/endings/useOtherTab';
import { appointmentProblem } from '../features/lobby/fields';
import { appointmentInPath, nameIn, roomPath } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { LocalMedia } from '../rtc/media/localMedia';
import { readTab } from '../signaling/seatStorage';
import { CardLayout } from './CardLayout';
import { preloadRoom, Room } from './lazyRoom';
import { NotFoundPage } from './NotFoundPage';
import { PreJoinPage } from './PreJoinPage';

export function RoomPage() {
  const appointmentId = appointmentInPath(useLocation().pathname);
  if (appointmentId === null || appointmentProblem(appointmentId)) {
    return <NotFoundPage what="invalidAppointment" />;
  }
  return <RoomUnlessElsewhere key={appointmentId} appointmentId={appointmentId} />;
}

function RoomUnlessElsewhere({ appointmentId }: { appointmentId: string }) {
  const otherTab = useOtherTab(appointmentId);
  const [query] = useSearchParams();
  if (otherTab.phase === 'asking') return null;
  return (
    <>
      <PageTitle text={appointmentId} />
      {otherTab.phase === 'clear' ? (
        <Entrance
          appointmentId={appointmentId}
          name={otherTab.name ?? (nameIn(query) || recallName())}
        />
      ) : (
        <CardLayout>
          <OtherTab otherTab={otherTab} />
        </CardLayout>
      )}
    </>
  );
}

interface EntranceProps {
  appointmentId: string;
  /** As far as it is known; empty when it must be asked for. */
  name: string;
}

function Entrance({ appointmentId, name }: EntranceProps) {
  /** Under which name somebody went in; null as long as they are outside. */
  const [insideAs, setInsideAs] = useState(() => (name && hasSeatIn(appointmentId) ? name : null));
  const [isJoining, startJoining] = useTransition();
  const media = useLocalMedia();
  useLinkWithoutOthersName(appointmentId, insideAs ?? name);

  // While people look at themselves, the rest of the page can come.
  useEffect(preloadRoom, []);

  function join(givenName: string) {
    rememberName(givenName);
    startJoining(() => setInsideAs(givenName));
  }

  if (insideAs === null) {
    return (
      <PreJoinPage
        appointmentId={appointmentId}
        name={name}
        media={media}
        isJoining={isJoining}
        onJoin={join}
      />
    );
  }
  return (
    <Lazy>
      <Room appointmentId={appointmentId} name={insideAs} media={media} />
    </Lazy>
  );
}

/** Somebody who comes back after a reload, or to another tab of theirs, is in the middle of a call. */
function hasSeatIn(appointmentId: string): boolean {
  return readTab(appointmentId).seat !== null;
}

/** A link with another name in it would bring that name back with every reload. */
function useLinkWithoutOthersName(appointmentId: string, name: string): void {
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const isOthers = ![name, ''].includes(nameIn(query));
  useEffect(() => {
    if (isOthers) navigate(roomPath(appointmentId), { replace: true });
  }, [isOthers, appointmentId, navigate]);
}

function useLocalMedia(): LocalMedia {
  const [media] = useState(() => new LocalMedia());
  useEffect(() => () => media.stop(), [media]);
  return media;
}
