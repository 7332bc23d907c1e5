// An activity indicator; the text beside it says what is loading.

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
