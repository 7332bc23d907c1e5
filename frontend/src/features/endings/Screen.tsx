// One thing to say, in place of a call, and the ways on from there.

import type { ReactNode } from 'react';

interface ScreenProps {
  /** Which of the screens it is, for tests. */
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

/** Takes the focus: what led here is gone, and whoever cannot see the page is told where they are. */
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
