// A modal dialog, on a phone a sheet from below. The browser traps the focus, closes it on Escape,
// and restores the focus.

import { X } from 'lucide-react';
import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useTexts } from '../../lib/i18n/useTexts';
import { IconButton } from './Button';

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, isOpen, onClose, children }: DialogProps) {
  const texts = useTexts().common;
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const dialog = ref.current;
    if (!dialog || !isOpen) return;
    dialog.showModal();
    return () => dialog.close();
  }, [isOpen]);

  function onClick(event: MouseEvent) {
    // Children cover the whole dialog, so the dialog itself is clicked on its backdrop only.
    if (event.target === ref.current) onClose();
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is its key, and `cancel` the event.
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onClick={onClick}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="mx-auto mt-auto mb-0 max-h-[85dvh] w-full max-w-none overflow-hidden rounded-t-2xl bg-surface text-ink shadow-xl backdrop:bg-black/50 open:flex sm:m-auto sm:max-w-lg sm:rounded-2xl sm:border sm:border-line"
    >
      <div className="flex min-h-0 w-full flex-col">
        <header className="flex items-center gap-3 border-b border-line py-2 ps-5 pe-2">
          <h2 id={titleId} className="min-w-0 flex-1 font-semibold text-balance">
            {title}
          </h2>
          <IconButton
            variant="quiet"
            label={texts.close}
            icon={<X aria-hidden className="size-5" />}
            onClick={onClose}
          />
        </header>
        <div className="min-h-0 overflow-y-auto p-5 pb-[max(1.25rem,env(safe-area-inset-bottom))]">
          {children}
        </div>
      </div>
    </dialog>
  );
}
