// A button with a popover that closes on Escape or a tap elsewhere. Uses the browser's Popover API
// and places it where there is room.

import {
  type ComponentProps,
  type ReactNode,
  type ToggleEvent,
  useId,
  useRef,
  useState,
} from 'react';
import { cn } from '../../lib/cn';

/** Attributes for the button that opens the popover. */
export interface PopoverTrigger {
  popoverTarget: string;
  'aria-expanded': boolean;
  ref: (button: HTMLButtonElement | null) => void;
}

type PopoverProps = Omit<ComponentProps<'div'>, 'children' | 'popover'> & {
  trigger: (attributes: PopoverTrigger) => ReactNode;
  /** In pixels; less where the window is narrower. */
  width: number;
  /** Drawn while the popover is open. */
  children: (id: string) => ReactNode;
  onOpen?: (panel: HTMLElement) => void;
};

const MARGIN = 8;

export function Popover({ trigger, width, children, onOpen, className, ...rest }: PopoverProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);

  function onBeforeToggle({ currentTarget, newState }: ToggleEvent<HTMLElement>) {
    if (newState !== 'open') return;
    setIsOpen(true);
    if (button.current) place(currentTarget, button.current, width);
  }

  function onToggle({ currentTarget, newState }: ToggleEvent<HTMLElement>) {
    if (newState === 'open') onOpen?.(currentTarget);
    // Unmounts after closing: the browser restores the focus only from a focused element.
    else setIsOpen(false);
  }

  return (
    <>
      {trigger({
        popoverTarget: id,
        'aria-expanded': isOpen,
        ref: (element) => {
          button.current = element;
        },
      })}
      <div
        {...rest}
        id={id}
        popover="auto"
        onBeforeToggle={onBeforeToggle}
        onToggle={onToggle}
        className={cn(
          'fixed m-0 overflow-y-auto rounded-2xl border border-line bg-surface p-2 text-ink shadow-xl',
          className,
        )}
      >
        {isOpen && children(id)}
      </div>
    </>
  );
}

/**
 * Places the popover above a button in the lower half of the window, and below one in the upper.
 */
function place({ style }: HTMLElement, button: HTMLElement, wantedWidth: number): void {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const width = Math.min(wantedWidth, innerWidth - 2 * MARGIN);
  const ideal = (left + right - width) / 2;
  const isLow = (top + bottom) / 2 > innerHeight / 2;
  const room = (isLow ? top : innerHeight - bottom) - 2 * MARGIN;
  style.width = `${width}px`;
  style.left = `${Math.max(MARGIN, Math.min(ideal, innerWidth - width - MARGIN))}px`;
  style.right = 'auto';
  style.top = isLow ? 'auto' : `${bottom + MARGIN}px`;
  style.bottom = isLow ? `${innerHeight - top + MARGIN}px` : 'auto';
  style.maxHeight = `${room}px`;
}
