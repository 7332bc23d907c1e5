// A labelled native select.

import { ChevronDown } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { cn } from '../../lib/cn';

export interface Option {
  value: string;
  label: string;
}

type SelectProps = Omit<ComponentProps<'select'>, 'onChange' | 'children'> & {
  label: string;
  /** Icon before the label. */
  icon?: ReactNode;
  options: Option[];
  onPick: (value: string) => void;
};

export function Select({ label, icon, options, onPick, className, ...rest }: SelectProps) {
  const id = useId();
  return (
    <div className={cn('min-w-0', className)}>
      <label htmlFor={id} className="mb-1.5 flex items-center gap-2 text-sm font-medium">
        {icon}
        {label}
      </label>
      <div className="relative">
        <select
          {...rest}
          id={id}
          onChange={(event) => onPick(event.target.value)}
          className="min-h-11 w-full cursor-pointer appearance-none truncate rounded-xl border border-edge bg-surface py-2 ps-3.5 pe-10 text-ink disabled:cursor-not-allowed disabled:text-muted"
        >
          {options.map(({ value, label: name }) => (
            // Aligns by text direction, so that a long name is cut at its end.
            <option key={value} value={value} dir="auto">
              {name}
            </option>
          ))}
        </select>
        <ChevronDown
          aria-hidden
          className="pointer-events-none absolute inset-y-0 end-3 my-auto size-5 text-muted"
        />
      </div>
    </div>
  );
}
