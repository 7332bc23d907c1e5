// A round button with its label below, for the row of controls under a call.

import type { ComponentProps, ReactNode } from 'react';
import { cn } from '../../lib/cn';

const variants = {
  /** The device is on. */
  idle: 'bg-surface text-ink border-edge group-hover:bg-sunken',
  /** The device is off, shown in a warning colour. */
  off: 'bg-ink text-canvas border-ink',
  danger: 'bg-danger text-on-danger border-danger group-hover:bg-danger-strong',
} as const;

type ControlButtonProps = ComponentProps<'button'> & {
  icon: ReactNode;
  caption: string;
  variant?: keyof typeof variants;
};

export function ControlButton({
  icon,
  caption,
  variant = 'idle',
  className,
  children,
  ...rest
}: ControlButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={cn(
        'group relative flex w-14 cursor-pointer flex-col items-center gap-1 rounded-control sm:w-18',
        'disabled:cursor-not-allowed disabled:opacity-50',
        className,
      )}
    >
      <span
        className={cn(
          'flex size-12 items-center justify-center rounded-full border motion-safe:transition-colors',
          variants[variant],
        )}
      >
        {icon}
      </span>
      <span className="max-w-full truncate text-xs text-muted short:sr-only">{caption}</span>
      {children}
    </button>
  );
}
