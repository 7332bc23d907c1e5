// Layout of the screens in place of a call: a heading, a text and actions.

import type { ReactNode } from 'react';

interface ScreenProps {
  /** Name of the screen, for tests. */
  name: string;
  title: ReactNode;
  children?: ReactNode;
  /** Buttons, the most likely one first. */
  actions: ReactNode;
}

export function Screen({ name, title, children, actions }: ScreenProps) {
  return (
    <section data-testid="ending" data-ending={name} className="flex flex-col gap-4">
      {title}
      {children}
      <div className="mt-2 flex flex-wrap gap-3 *:min-h-12 *:grow sm:*:grow-0">{actions}</div>
    </section>
  );
}

interface ScreenTitleProps {
  children: ReactNode;
  'data-testid'?: string;
  'data-state'?: string;
}

/** Takes the focus, whose element is gone, so that screen readers announce the screen. */
export function ScreenTitle(props: ScreenTitleProps) {
  return (
    <h1
      {...props}
      ref={focus}
      tabIndex={-1}
      className="text-title font-semibold text-balance wrap-anywhere outline-none"
    />
  );
}

export function Detail({ children }: { children: ReactNode }) {
  return <p className="text-muted wrap-anywhere">{children}</p>;
}

function focus(heading: HTMLElement | null): void {
  heading?.focus();
}
