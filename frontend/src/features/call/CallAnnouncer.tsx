// Announces changes of the other participant's devices, and of paused video, to screen readers.
// CallStatus announces arrivals and departures.

import { useEffect, useRef, useState } from 'react';
import type { Texts } from '../../lib/i18n/texts/en';
import { useTexts } from '../../lib/i18n/useTexts';
import type { CallView } from './useCall';

/** Time without a change before an announcement: toggling to and fro is not announced. */
const DEBOUNCE_MS = 800;

export function CallAnnouncer({ call }: { call: CallView }) {
  const texts = useTexts().call;
  const [announcement, setAnnouncement] = useState('');
  const facts = useDebounced(factsOf(call));
  const before = useRef(facts);

  useEffect(() => {
    const announced = announcementOf(
      before.current,
      facts,
      call.peerName || texts.someone,
      texts.news,
    );
    before.current = facts;
    if (announced) setAnnouncement(announced);
  }, [facts, call.peerName, texts]);

  return (
    <p role="status" className="sr-only">
      {announcement}
    </p>
  );
}

interface Facts {
  /** Null before the first status. */
  microphone: boolean | null;
  screen: boolean | null;
  isPaused: boolean;
}

function factsOf({ remote, isVideoPaused }: CallView): Facts {
  const { microphone = null, screen = null } = remote?.status ?? {};
  return { microphone, screen, isPaused: isVideoPaused };
}

function announcementOf(
  before: Facts,
  now: Facts,
  name: string,
  texts: Texts['call']['news'],
): string {
  const changes: string[] = [];
  const wasKnown = before.microphone !== null && now.microphone !== null;
  if (wasKnown && before.microphone !== now.microphone) {
    changes.push(now.microphone ? texts.unmuted(name) : texts.muted(name));
  } else if (before.microphone === null && now.microphone === false) {
    changes.push(texts.muted(name));
  }
  if ((before.screen ?? false) !== (now.screen ?? false)) {
    changes.push(now.screen ? texts.shares(name) : texts.sharesNoMore(name));
  }
  if (before.isPaused !== now.isPaused) changes.push(now.isPaused ? texts.paused : texts.resumed);
  return changes.join('. ');
}

/** The facts, once they have not changed for `DEBOUNCE_MS`. */
function useDebounced(facts: Facts): Facts {
  const { microphone, screen, isPaused } = facts;
  const [debounced, setDebounced] = useState(facts);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced({ microphone, screen, isPaused }), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [microphone, screen, isPaused]);
  return debounced;
}
