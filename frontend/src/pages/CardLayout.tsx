// A page that holds one thing, in the middle.

import type { ReactNode } from 'react';
import { Brand } from '../components/ui/Brand';

interface CardLayoutProps {
  children: ReactNode;
  /** Small print below the card. */
  note?: string;
}

export function CardLayout({ children, note }: CardLayoutProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center gap-6 px-4 py-8">
      <Brand />
      <div className="rounded-2xl border border-line bg-surface p-6 shadow-sm sm:p-8">
        {children}
      </div>
      {note && <p className="px-1 text-sm text-muted">{note}</p>}
    </main>
  );
}
