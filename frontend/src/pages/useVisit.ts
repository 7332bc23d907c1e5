// Keeps a visit open for as long as the room page is shown.

import { useEffect, useState } from 'react';
import type { LocalMedia } from '../rtc/media/localMedia';
import { openVisit, type Visit } from './visit';

interface OpenVisit {
  /** Null for the instant before the first drawing. */
  visit: Visit | null;
  /** Begins afresh. */
  reopen: () => void;
}

export function useVisit(appointmentId: string, name: string, media: LocalMedia): OpenVisit {
  const [visit, setVisit] = useState<Visit | null>(null);
  const [attempt, setAttempt] = useState(0);

  // `attempt` is not read in here; another one simply calls for another visit.
  useEffect(() => {
    const opened = openVisit(appointmentId, name, media);
    setVisit(opened);
    return () => opened.close();
  }, [appointmentId, name, media, attempt]);

  return { visit, reopen: () => setAttempt((count) => count + 1) };
}
