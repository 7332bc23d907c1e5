// Something is going on. What it is, is said in words beside it.

import { LoaderCircle } from 'lucide-react';
import { cn } from '../../lib/cn';

export function Spinner({ className }: { className?: string }) {
  return (
    <LoaderCircle
      aria-hidden
      className={cn('size-5 shrink-0 motion-safe:animate-spin', className)}
    />
  );
}
