// The first page: which appointment, and who is there.

import { useNavigate, useSearchParams } from 'react-router';
import { PageTitle } from '../components/ui/PageTitle';
import { JoinForm } from '../features/lobby/JoinForm';
import { appointmentIn, nameIn, roomPath } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { CardLayout } from './CardLayout';

export function LoginPage() {
  const [query] = useSearchParams();
  const navigate = useNavigate();

  function join(appointmentId: string, name: string) {
    rememberName(name);
    navigate(roomPath(appointmentId));
  }

  return (
    <CardLayout note="Your browser will ask for camera and microphone. You can join without them, too.">
      <PageTitle text="Join your appointment" />
      <h1 className="mb-6 text-2xl font-semibold">Join your appointment</h1>
      <JoinForm
        appointmentId={appointmentIn(query)}
        name={nameIn(query) || recallName()}
        onJoin={join}
      />
    </CardLayout>
  );
}
