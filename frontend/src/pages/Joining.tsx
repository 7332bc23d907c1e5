// Shown while the room loads.

import { Spinner } from '../components/ui/Spinner';
import { useTexts } from '../lib/i18n/useTexts';

export function Joining() {
  const { title } = useTexts().call.states.joining;
  return (
    <main className="appear-late flex h-dvh flex-col items-center justify-center gap-3">
      <Spinner className="size-8" />
      <p role="status">{title}</p>
    </main>
  );
}
