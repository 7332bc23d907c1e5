// Asks the other tabs of this browser whether they sit in the appointment already, and keeps what
// somebody decides about it.

import { useEffect, useState } from 'react';
import { forgetName, rememberName } from '../../lib/visitorName';
import { findOtherTab, type TabClaim } from '../../signaling/otherTabs';
import { joinAsAnother, takeSeat } from '../../signaling/seatStorage';

export type OtherTabView =
  /** For an instant, in which nothing should be drawn yet. */
  | { phase: 'asking' }
  /** Nothing is in the way of joining. */
  | {
      phase: 'clear';
      /** Who goes on here, empty for somebody yet to be asked; null when there was no other tab. */
      name: string | null;
    }
  | {
      phase: 'elsewhere';
      /** By which the other tab has joined. */
      name: string;
      useThisTab(): void;
      joinAsAnother(): void;
    };

type Found = { appointmentId: string; claim: TabClaim | null; name: string | null };

export function useOtherTab(appointmentId: string): OtherTabView {
  const [found, setFound] = useState<Found | null>(null);

  useEffect(() => {
    let isCurrent = true;
    void findOtherTab(appointmentId).then((claim) => {
      if (isCurrent) setFound({ appointmentId, claim, name: null });
    });
    return () => {
      isCurrent = false;
    };
  }, [appointmentId]);

  if (found?.appointmentId !== appointmentId) return { phase: 'asking' };
  const { claim } = found;
  if (!claim) return { phase: 'clear', name: found.name };
  const goOnAs = (name: string) => setFound({ appointmentId, claim: null, name });
  return {
    phase: 'elsewhere',
    name: claim.name,
    useThisTab() {
      takeSeat(appointmentId, claim.seat);
      rememberName(claim.name);
      goOnAs(claim.name);
    },
    joinAsAnother() {
      joinAsAnother(appointmentId);
      forgetName();
      goOnAs('');
    },
  };
}
