// Keeps a visit open while the room page is shown.

import { useEffect, useState } from 'react';
import type { LocalMedia } from '../rtc/media/localMedia';
import { openVisit, type Visit } from './visit';

interface OpenVisit {
  /** Null before the first effect. */
  visit: Visit | null;
  /** Starts a new visit. */
  reopen: () => void;
}

export function useVisit(appointmentId: string, name: string, media: LocalMedia): OpenVisit {
  const [visit, setVisit] = useState<Visit | null>(null);
  const [attempt, setAttempt] = useState(0);

  // `attempt` is a dependency only to open another visit.
  useEffect(() => {
    const opened = openVisit(appointmentId, name, media);
    setVisit(opened);
    return () => opened.close();
  }, [appointmentId, name, media, attempt]);

  return { visit, reopen: () => setAttempt((count) => count + 1) };
}
