// The room from the inside: the visit for as long as it lasts, and what is shown when it is over.

import { LinkButton } from '../components/ui/Button';
import { EndingScreen } from '../features/call/EndingScreen';
import { useCall } from '../features/call/useCall';
import { useTexts } from '../lib/i18n/useTexts';
import { loginPath } from '../lib/paths';
import { isEnding } from '../rtc/callState';
import type { LocalMedia } from '../rtc/media';
import { CardLayout } from './CardLayout';
import { OpenRoom } from './OpenRoom';
import { useVisit } from './useVisit';
import type { Visit } from './visit';

interface RoomProps {
  appointmentId: string;
  name: string;
  media: LocalMedia;
}

/** The default, as lazily loaded components are. */
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
  const texts = useTexts().lobby;
  const call = useCall(visit.call, visit.media);
  if (!isEnding(call.state)) {
    return <OpenRoom appointmentId={appointmentId} name={name} visit={visit} call={call} />;
  }
  return (
    <CardLayout>
      <EndingScreen ending={call.state} onReopen={onReopen}>
        <LinkButton to={loginPath(appointmentId)} className="min-h-12">
          {texts.backToFirstPage}
        </LinkButton>
      </EndingScreen>
    </CardLayout>
  );
}
