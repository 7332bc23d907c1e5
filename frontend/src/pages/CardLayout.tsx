// Layout with one centred card.

import type { ReactNode } from 'react';
import { Brand } from '../components/ui/Brand';
import { LanguagePicker } from '../components/ui/LanguagePicker';

interface CardLayoutProps {
  children: ReactNode;
  /** Small print below the card. */
  note?: string;
  /** Content outside of the card. */
  footer?: ReactNode;
}

export function CardLayout({ children, note, footer }: CardLayoutProps) {
  return (
    <div className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center gap-6 ps-[max(1rem,env(safe-area-inset-left))] pe-[max(1rem,env(safe-area-inset-right))] pt-[max(2rem,env(safe-area-inset-top))] pb-[max(2rem,env(safe-area-inset-bottom))]">
      <header className="flex min-h-11 items-center justify-between gap-4">
        <Brand />
        <LanguagePicker />
      </header>
      <main className="rounded-card border border-line bg-surface p-6 shadow-sm sm:p-8">
        {children}
      </main>
      {(note || footer) && (
        <footer className="flex flex-col gap-4 px-1 text-sm text-muted">
          {note && <p>{note}</p>}
          {footer}
        </footer>
      )}
    </div>
  );
}
