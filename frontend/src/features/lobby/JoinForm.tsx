// The two things anybody has to tell to get into an appointment.

import { type FormEvent, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { TextField } from '../../components/ui/TextField';
import { appointmentProblem, nameProblem, normalizeAppointment } from './fields';

interface JoinFormProps {
  appointmentId: string;
  name: string;
  onJoin: (appointmentId: string, name: string) => void;
}

export function JoinForm({ onJoin, ...initial }: JoinFormProps) {
  const [appointmentId, setAppointmentId] = useState(initial.appointmentId);
  const [name, setName] = useState(initial.name);
  const [isChecked, setIsChecked] = useState(false);
  const wrongAppointment = appointmentProblem(appointmentId);
  const wrongName = nameProblem(name);

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsChecked(true);
    if (wrongAppointment || wrongName) return;
    onJoin(normalizeAppointment(appointmentId), name.trim());
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <TextField
        label="Appointment number"
        hint="You find it in your invitation."
        error={isChecked ? wrongAppointment : null}
        value={appointmentId}
        onChange={(event) => setAppointmentId(event.target.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-testid="appointment-input"
      />
      <TextField
        label="Your name"
        hint="The other person will see it."
        error={isChecked ? wrongName : null}
        value={name}
        onChange={(event) => setName(event.target.value)}
        autoComplete="name"
        data-testid="name-input"
      />
      <Button type="submit" className="min-h-12" data-testid="join-button">
        Join
      </Button>
    </form>
  );
}
