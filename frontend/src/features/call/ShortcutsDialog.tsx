// List of the keyboard shortcuts, with a switch that turns them off.

import { X } from 'lucide-react';
import type { MouseEvent } from 'react';
import { IconButton } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import { type ShortcutName, shortcuts } from './shortcuts';

interface ShortcutsDialogProps {
  isEnabled: boolean;
  onEnable: (on: boolean) => void;
  onClose: () => void;
}

export default function ShortcutsDialog({ isEnabled, onEnable, onClose }: ShortcutsDialogProps) {
  const texts = useTexts();
  const { title, space, enabled, ...actions } = texts.call.shortcuts;
  return (
    <dialog
      ref={showModal}
      aria-label={title}
      onClose={onClose}
      data-testid="shortcuts-dialog"
      className="m-auto w-[min(26rem,calc(100vw-1rem))] rounded-2xl border border-line bg-surface p-5 text-ink shadow-xl backdrop:bg-black/50"
    >
      <div className="flex items-center justify-between gap-3">
        <h2 className="text-lg font-semibold">{title}</h2>
        <IconButton
          variant="quiet"
          label={texts.common.close}
          icon={<X aria-hidden className="size-5" />}
          onClick={close}
        />
      </div>
      <dl className="mt-3 grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2.5 text-sm">
        {(Object.keys(shortcuts) as ShortcutName[]).map((name) => (
          <div key={name} className="contents">
            <dt>
              <kbd className="inline-block min-w-8 rounded-lg border border-edge bg-sunken px-2 py-1 text-center font-sans font-medium">
                {name === 'talk' ? space : shortcuts[name]}
              </kbd>
            </dt>
            <dd>{actions[name]}</dd>
          </div>
        ))}
      </dl>
      <label className="mt-5 flex min-h-11 cursor-pointer items-center gap-3 border-t border-line pt-3 text-sm">
        <input
          type="checkbox"
          checked={isEnabled}
          onChange={({ target }) => onEnable(target.checked)}
          className="size-5 accent-accent"
        />
        {enabled}
      </label>
    </dialog>
  );
}

/** Closes the dialog through the browser, which then restores the focus. */
function close({ currentTarget }: MouseEvent<HTMLElement>): void {
  currentTarget.closest('dialog')?.close();
}

function showModal(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.open) dialog.showModal();
}
