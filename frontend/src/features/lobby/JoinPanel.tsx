// The appointment, the name and the button that joins, which works in every state of the devices.

import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../components/ui/Button';
import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import { nameProblem } from './fields';
import { NameField } from './NameField';

interface JoinPanelProps {
  appointmentId: string;
  /** Empty when the link has no name. */
  name: string;
  /** True while the room is loading. */
  isJoining: boolean;
  onJoin: (name: string) => void;
}

export function JoinPanel({ appointmentId, isJoining, onJoin, ...initial }: JoinPanelProps) {
  const texts = useTexts().lobby.preJoin;
  const [name, setName] = useState(initial.name);
  const [isAsking, setIsAsking] = useState(nameProblem(initial.name) !== null);
  const [isChecked, setIsChecked] = useState(false);
  const nameField = useRef<HTMLInputElement>(null);
  const joinButton = useRef<HTMLButtonElement>(null);

  useEffect(() => (isAsking ? nameField.current : joinButton.current)?.focus(), [isAsking]);

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsChecked(true);
    if (nameProblem(name)) nameField.current?.focus();
    else if (!isJoining) onJoin(name.trim());
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <div>
        <h1 className="text-2xl font-semibold text-balance">{texts.title}</h1>
        <p className="mt-1 text-muted wrap-anywhere">
          {texts.appointment} <bdi>{appointmentId}</bdi>
        </p>
      </div>
      {isAsking ? (
        <NameField
          ref={nameField}
          name={name}
          onChange={setName}
          isChecked={isChecked}
          testId="prejoin-name-input"
        />
      ) : (
        <div className="flex items-center justify-between gap-3">
          <p className="min-w-0 wrap-anywhere">
            <span className="text-muted">{texts.joinAs} </span>
            <bdi className="font-medium">{name}</bdi>
          </p>
          <Button
            variant="quiet"
            className="-me-3 shrink-0 px-3 text-sm"
            onClick={() => setIsAsking(true)}
          >
            {texts.changeName}
          </Button>
        </div>
      )}
      {/* Sticky on a phone, so that it is always visible. */}
      <div className="fixed inset-x-0 bottom-0 z-10 border-t border-line bg-canvas p-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] wide:static wide:border-0 wide:bg-transparent wide:p-0">
        <div className="mx-auto max-w-xl">
          <Button
            ref={joinButton}
            type="submit"
            aria-disabled={isJoining}
            className="min-h-12 w-full"
            data-testid="prejoin-join-button"
          >
            {isJoining && <Spinner />}
            {isJoining ? texts.joining : texts.join}
          </Button>
        </div>
      </div>
      <p className="text-sm text-muted">{texts.notSeenYet}</p>
    </form>
  );
}
