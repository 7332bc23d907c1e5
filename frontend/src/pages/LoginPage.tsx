// The first page: appointment and name. The page with the device check follows.

import { useNavigate, useSearchParams } from 'react-router';
import { PageTitle } from '../components/ui/PageTitle';
import { JoinForm } from '../features/lobby/JoinForm';
import { OtherProtocols } from '../features/lobby/OtherProtocols';
import { useTexts } from '../lib/i18n/useTexts';
import { appointmentIn, nameIn, roomPath } from '../lib/paths';
import { recallName, rememberName } from '../lib/visitorName';
import { CardLayout } from './CardLayout';

export function LoginPage() {
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const { lobby } = useTexts();

  function join(appointmentId: string, name: string) {
    rememberName(name);
    navigate(roomPath(appointmentId));
  }

  return (
    <CardLayout note={lobby.login.note} footer={<OtherProtocols />}>
      <PageTitle text={lobby.login.title} />
      <h1 className="mb-6 text-title font-semibold">{lobby.login.title}</h1>
      <JoinForm
        appointmentId={appointmentIn(query)}
        name={nameIn(query) || recallName()}
        onJoin={join}
      />
    </CardLayout>
  );
}
