// The way into a room: the check before joining, or straight into a call that this tab has a seat in.
// The camera and microphone opened for the one go on in the other.

import { lazy, useEffect, useState, useTransition } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { Lazy } from '../components/Lazy';
import { nameIn, roomPath } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { LocalMedia } from '../rtc/media';
import { seatStorageFor } from '../signaling/seatStorage';
import { PreJoinPage } from './PreJoinPage';

const loadRoom = () => import('./Room');
const Room = lazy(loadRoom);

export function RoomPage() {
  const { appointmentId = '' } = useParams();
  return <Entrance key={appointmentId} appointmentId={appointmentId} />;
}

function Entrance({ appointmentId }: { appointmentId: string }) {
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const name = nameIn(query) || recallName();
  /** Under which name somebody went in; null as long as they are outside. */
  const [insideAs, setInsideAs] = useState(() => (name && hasSeatIn(appointmentId) ? name : null));
  const [isJoining, startJoining] = useTransition();
  const media = useLocalMedia();

  // While people look at themselves, the rest of the page can come.
  useEffect(() => void loadRoom().catch(() => {}), []);

  function join(givenName: string) {
    rememberName(givenName);
    startJoining(() => {
      setInsideAs(givenName);
      // The link would bring another name back with every reload.
      if (givenName !== name) navigate(roomPath(appointmentId), { replace: true });
    });
  }

  return (
    <>
      <title>{`${appointmentId} · Switchboard`}</title>
      {insideAs !== null ? (
        <Lazy>
          <Room appointmentId={appointmentId} name={insideAs} media={media} />
        </Lazy>
      ) : (
        <PreJoinPage
          appointmentId={appointmentId}
          name={name}
          media={media}
          isJoining={isJoining}
          onJoin={join}
        />
      )}
    </>
  );
}

/** Somebody who comes back after a reload, or to another tab of theirs, is in the middle of a call. */
function hasSeatIn(appointmentId: string): boolean {
  return seatStorageFor(appointmentId).read() !== null;
}

function useLocalMedia(): LocalMedia {
  const [media] = useState(() => new LocalMedia());
  useEffect(() => () => media.stop(), [media]);
  return media;
}
