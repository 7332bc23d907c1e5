// Where people say who they are.

import type { RefObject } from 'react';
import { TextField } from '../../components/ui/TextField';
import { useTexts } from '../../lib/i18n/useTexts';
import { nameProblem } from './fields';

interface NameFieldProps {
  name: string;
  onChange: (name: string) => void;
  /** Whether to say what is wrong: not before somebody has tried to go on. */
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
