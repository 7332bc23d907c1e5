// Draws lazy components, and a message in place of one that cannot be loaded, as on a bad
// connection.

import { Component, type ReactNode, Suspense } from 'react';
import { useTexts } from '../lib/i18n/useTexts';
import { Button } from './ui/Button';
import { Spinner } from './ui/Spinner';

interface LazyProps {
  /** Components made by React.lazy. */
  children: ReactNode;
  /** Shown while they load. */
  fallback?: ReactNode;
}

interface LazyState {
  hasFailed: boolean;
}

export class Lazy extends Component<LazyProps, LazyState> {
  override state: LazyState = { hasFailed: false };

  static getDerivedStateFromError(): LazyState {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (this.state.hasFailed) return <NotLoaded />;
    const { children, fallback = <Loading /> } = this.props;
    return <Suspense fallback={fallback}>{children}</Suspense>;
  }
}

export function Loading() {
  const texts = useTexts().common;
  return (
    <p role="status" className="appear-late flex items-center justify-center gap-3 p-6 text-muted">
      <Spinner />
      {texts.loading}
    </p>
  );
}

function NotLoaded() {
  const texts = useTexts().common;
  return (
    <div role="alert" className="flex flex-col items-center gap-3 p-6 text-center">
      <p>{texts.notLoaded}</p>
      <Button variant="secondary" onClick={() => window.location.reload()}>
        {texts.reload}
      </Button>
    </div>
  );
}
