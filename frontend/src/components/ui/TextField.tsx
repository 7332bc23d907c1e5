// A labelled text field with a hint below, replaced by an error.

import { type ComponentProps, useId } from 'react';
import { cn } from '../../lib/cn';

type TextFieldProps = ComponentProps<'input'> & {
  label: string;
  hint?: string;
  error?: string | null;
};

export function TextField({ label, hint, error, ...rest }: TextFieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        {label}
      </label>
      <input
        {...rest}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? noteId : undefined}
        className={cn(
          'min-h-12 w-full rounded-control border bg-surface px-4 text-ink',
          error ? 'border-danger' : 'border-edge',
        )}
      />
      {note && (
        <p id={noteId} className={cn('mt-1.5 text-sm', error ? 'text-danger' : 'text-muted')}>
          {note}
        </p>
      )}
    </div>
  );
}
