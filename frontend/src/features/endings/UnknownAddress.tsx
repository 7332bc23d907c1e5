// The screens for addresses without a page.

import type { ReactNode } from 'react';
import { useTexts } from '../../lib/i18n/useTexts';
import { Detail, Screen, ScreenTitle } from './Screen';

interface UnknownAddressProps {
  what: 'invalidAppointment' | 'notFound';
  /** Actions. */
  children: ReactNode;
}

export function UnknownAddress({ what, children }: UnknownAddressProps) {
  const { title, detail } = useTexts().endings[what];
  return (
    <Screen name={what} title={<ScreenTitle>{title}</ScreenTitle>} actions={children}>
      <Detail>{detail}</Detail>
    </Screen>
  );
}
