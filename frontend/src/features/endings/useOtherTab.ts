// Asks the other tabs of this browser whether they are in the appointment, and stores the user's
// decision.

import { useEffect, useState } from 'react';
import { forgetName, rememberName } from '../../lib/visitorName';
import { findOtherTab, type TabPresence } from '../../signaling/otherTabs';
import { joinAsAnother, takeSeat } from '../../signaling/seatStorage';

export type OtherTabView =
  /** The tabs have not answered yet; nothing should be drawn. */
  | { phase: 'asking' }
  /** Nothing prevents joining. */
  | {
      phase: 'clear';
      /** Name to join with, empty to ask for one; null without another tab. */
      name: string | null;
    }
  | {
      phase: 'elsewhere';
      /** Name of the participant in the other tab. */
      name: string;
      useThisTab(): void;
      joinAsAnother(): void;
    };

type Found = { appointmentId: string; claim: TabPresence | null; name: string | null };

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
