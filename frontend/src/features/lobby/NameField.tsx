// Text field for the name.

import type { RefObject } from 'react';
import { TextField } from '../../components/ui/TextField';
import { useTexts } from '../../lib/i18n/useTexts';
import { nameProblem } from './fields';

interface NameFieldProps {
  name: string;
  onChange: (name: string) => void;
  /** True after an attempt to continue: only then are errors shown. */
  isChecked: boolean;
  testId: string;
  ref?: RefObject<HTMLInputElement | null>;
}

export function NameField({ name, onChange, isChecked, testId, ref }: NameFieldProps) {
  const texts = useTexts().lobby;
  const problem = isChecked ? nameProblem(name) : null;
  return (
    <TextField
      ref={ref}
      label={texts.login.name}
      hint={texts.login.nameHint}
      error={problem && texts.problems.name[problem]}
      value={name}
      onChange={(event) => onChange(event.target.value)}
      autoComplete="name"
      enterKeyHint="go"
      data-testid={testId}
    />
  );
}
