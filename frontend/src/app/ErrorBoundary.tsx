// What is left of the page when a part of it has failed. The visit was closed without leaving it, so
// the seat is kept, and loading the page again leads back to it.

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

/** Stands alone: whatever the page is otherwise made of may be what failed. */
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
