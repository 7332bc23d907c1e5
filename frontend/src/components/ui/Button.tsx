// Buttons with text, round buttons with an icon, and links that look like buttons.

import type { ComponentProps, ReactNode } from 'react';
import { Link } from 'react-router';
import { cn } from '../../lib/cn';

// A transparent border, which becomes visible in forced colours mode.
const base = cn(
  'inline-flex cursor-pointer items-center justify-center gap-2 border text-center font-medium',
  'motion-safe:transition-colors',
  'disabled:cursor-not-allowed disabled:opacity-50',
);

const variants = {
  primary: 'border-transparent bg-accent text-on-accent hover:bg-accent-strong',
  secondary: 'border-edge bg-surface text-ink hover:bg-sunken',
  quiet: 'border-transparent text-ink hover:bg-sunken',
  /** For buttons on a video, which is dark in both colour schemes. */
  onStage:
    'border-transparent bg-on-stage text-stage hover:bg-on-stage-muted focus-visible:outline-on-stage',
} as const;

const shapes = {
  regular: 'min-h-11 rounded-control px-5 py-2',
  round: 'size-12 shrink-0 rounded-full',
} as const;

type Variant = keyof typeof variants;

interface Look {
  variant?: Variant;
}

export function Button({
  variant = 'primary',
  className,
  ...rest
}: ComponentProps<'button'> & Look) {
  const look = cn(base, shapes.regular, variants[variant], className);
  return <button type="button" {...rest} className={look} />;
}

export function LinkButton({
  variant = 'secondary',
  className,
  ...rest
}: ComponentProps<typeof Link> & Look) {
  return <Link {...rest} className={cn(base, shapes.regular, variants[variant], className)} />;
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'children'> &
  Look & {
    /** Accessible name and tooltip of the icon. */
    label: string;
    icon: ReactNode;
  };

export function IconButton({
  variant = 'secondary',
  label,
  icon,
  className,
  ...rest
}: IconButtonProps) {
  const look = cn(base, shapes.round, variants[variant], className);
  return (
    <button type="button" {...rest} aria-label={label} title={label} className={look}>
      {icon}
    </button>
  );
}
