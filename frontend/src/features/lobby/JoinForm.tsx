// Form with the appointment and the name.

import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { TextField } from '../../components/ui/TextField';
import { useTexts } from '../../lib/i18n/useTexts';
import { appointmentProblem, nameProblem, normalizeAppointment } from './fields';
import { NameField } from './NameField';

interface JoinFormProps {
  appointmentId: string;
  name: string;
  onJoin: (appointmentId: string, name: string) => void;
}

export function JoinForm({ onJoin, ...initial }: JoinFormProps) {
  const texts = useTexts().lobby;
  const [appointmentId, setAppointmentId] = useState(initial.appointmentId);
  const [name, setName] = useState(initial.name);
  const [isChecked, setIsChecked] = useState(false);
  const appointmentField = useRef<HTMLInputElement>(null);
  const nameField = useRef<HTMLInputElement>(null);
  const wrongAppointment = appointmentProblem(appointmentId);
  const wrongName = nameProblem(name);

  function focusFirst(appointmentMatters: unknown, nameMatters: unknown) {
    if (appointmentMatters) appointmentField.current?.focus();
    else if (nameMatters) nameField.current?.focus();
  }

  // Only on mounting: a user who empties a field already has the focus there.
  useEffect(() => focusFirst(!initial.appointmentId, !initial.name), []);

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsChecked(true);
    if (wrongAppointment || wrongName) focusFirst(wrongAppointment, wrongName);
    else onJoin(normalizeAppointment(appointmentId), name.trim());
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <TextField
        ref={appointmentField}
        label={texts.login.appointment}
        hint={texts.login.appointmentHint}
        error={isChecked && wrongAppointment ? texts.problems.appointment[wrongAppointment] : null}
        value={appointmentId}
        onChange={(event) => setAppointmentId(event.target.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="next"
        data-testid="appointment-input"
      />
      <NameField
        ref={nameField}
        name={name}
        onChange={setName}
        isChecked={isChecked}
        testId="name-input"
      />
      <Button type="submit" className="min-h-12" data-testid="join-button">
        {texts.login.continue}
      </Button>
    </form>
  );
}
