// The logo and name of the service.

import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';

export function Brand({ className }: { className?: string }) {
  const { common } = useTexts();
  return (
    <span className={cn('inline-flex items-center gap-2.5 font-semibold', className)}>
      <svg viewBox="0 0 32 32" aria-hidden="true" className="size-7 text-accent">
        <rect width="32" height="32" rx="8" fill="currentColor" />
        <g className="text-on-accent" stroke="currentColor" strokeWidth="2.5">
          <path d="M11 16h10" />
          <circle cx="9.5" cy="16" r="2.75" fill="currentColor" />
          <circle cx="22.5" cy="16" r="4" fill="none" />
        </g>
      </svg>
      {common.productName}
    </span>
  );
}
