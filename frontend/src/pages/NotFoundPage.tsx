// The page for unknown addresses.

import { LinkButton } from '../components/ui/Button';
import { PageTitle } from '../components/ui/PageTitle';
import { Nowhere } from '../features/endings/Nowhere';
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
      <Nowhere what={what}>
        <LinkButton to="/" variant="primary">
          {common.firstPage}
        </LinkButton>
      </Nowhere>
    </CardLayout>
  );
}
