// The room: a visit, and the screen after it. A chunk of its own, which loads while the user is on
// an earlier page.

import { useCall } from '../features/call/useCall';
import { useStore } from '../lib/useStore';
import { isEnding } from '../rtc/call/callState';
import type { LocalMedia } from '../rtc/media/localMedia';
import { EndedRoom, FullRoom, UnreachableRoom } from './ClosedRoom';
import { OpenRoom } from './OpenRoom';
import { useVisit } from './useVisit';
import type { Visit } from './visit';

interface RoomProps {
  appointmentId: string;
  name: string;
  media: LocalMedia;
}

export default function Room({ appointmentId, name, media }: RoomProps) {
  const { visit, reopen } = useVisit(appointmentId, name, media);
  if (!visit) return null;
  return <CurrentVisit appointmentId={appointmentId} name={name} visit={visit} onReopen={reopen} />;
}

interface CurrentVisitProps {
  appointmentId: string;
  name: string;
  visit: Visit;
  onReopen: () => void;
}

function CurrentVisit({ appointmentId, name, visit, onReopen }: CurrentVisitProps) {
  const call = useCall(visit.call, visit.media);
  const { isInside } = useStore(visit.record);
  const { state } = call;
  if (isEnding(state)) {
    return (
      <EndedRoom appointmentId={appointmentId} visit={visit} ending={state} onReopen={onReopen} />
    );
  }
  if (state.phase === 'full') {
    return <FullRoom appointmentId={appointmentId} visit={visit} seat={state.seat} />;
  }
  if (state.phase === 'unreachable' && !isInside) {
    return <UnreachableRoom appointmentId={appointmentId} visit={visit} />;
  }
  return (
    <OpenRoom appointmentId={appointmentId} name={name} visit={visit} call={{ ...call, state }} />
  );
}
