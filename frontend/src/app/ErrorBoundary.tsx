// Screen in place of the page after an error in a component. The visit was closed without leaving,
// so reloading returns to the seat.

import { Component, type ReactNode } from 'react';
import { Button } from '../components/ui/Button';
import { PageTitle } from '../components/ui/PageTitle';
import { Detail, Screen, ScreenTitle } from '../features/endings/Screen';
import { useTexts } from '../lib/i18n/useTexts';

interface ErrorBoundaryProps {
  children: ReactNode;
}

export class ErrorBoundary extends Component<ErrorBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}

/** Imports no other component: any of them may be the one that failed. */
function Crashed() {
  const { crashed } = useTexts().endings;
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center p-6">
      <PageTitle text={crashed.title} />
      <Screen
        name="crashed"
        title={<ScreenTitle>{crashed.title}</ScreenTitle>}
        actions={<Button onClick={() => window.location.reload()}>{crashed.again}</Button>}
      >
        <Detail>{crashed.detail}</Detail>
      </Screen>
    </main>
  );
}
