// Entry to a room. Checks the address and other tabs, then shows the page before the room, or the
// call itself to a tab that holds a seat. Devices opened before the room stay open in the call.

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
  return <RoomUnlessInOtherTab key={appointmentId} appointmentId={appointmentId} />;
}

function RoomUnlessInOtherTab({ appointmentId }: { appointmentId: string }) {
  const otherTab = useOtherTab(appointmentId);
  const [query] = useSearchParams();
  if (otherTab.phase === 'asking') return null;
  return (
    <>
      <PageTitle text={appointmentId} />
      {otherTab.phase === 'clear' ? (
        <RoomEntry
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

interface RoomEntryProps {
  appointmentId: string;
  /** The name, as far as it is known; empty to ask for it. */
  name: string;
}

function RoomEntry({ appointmentId, name }: RoomEntryProps) {
  /** Name under which the user joined; null before joining. */
  const [insideAs, setInsideAs] = useState(() => (name && hasSeatIn(appointmentId) ? name : null));
  const [isJoining, startJoining] = useTransition();
  const media = useLocalMedia();
  useUrlWithoutOtherName(appointmentId, insideAs ?? name);

  // Loads the rest of the page while the user is here.
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

/** A tab with a seat, as after a reload, returns to its call. */
function hasSeatIn(appointmentId: string): boolean {
  return readTab(appointmentId).seat !== null;
}

/** Removes another name from the URL, which would return with every reload. */
function useUrlWithoutOtherName(appointmentId: string, name: string): void {
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
