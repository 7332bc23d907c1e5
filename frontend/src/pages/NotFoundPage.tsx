// The page for unknown addresses.

import { LinkButton } from '../components/ui/Button';
import { PageTitle } from '../components/ui/PageTitle';
import { UnknownAddress } from '../features/endings/UnknownAddress';
import { useTexts } from '../lib/i18n/useTexts';
import { CardLayout } from './CardLayout';

interface NotFoundPageProps {
  what?: 'invalidAppointment' | 'notFound';
}

export function NotFoundPage({ what = 'notFound' }: NotFoundPageProps) {
  const { common, endings } = useTexts();
  return (
    <CardLayout>
      <PageTitle text={endings[what].title} />
      <UnknownAddress what={what}>
        <LinkButton to="/" variant="primary">
          {common.firstPage}
        </LinkButton>
      </UnknownAddress>
    </CardLayout>
  );
}
