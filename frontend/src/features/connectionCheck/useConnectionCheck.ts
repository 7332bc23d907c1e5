// Runs one connection check; unmounting aborts it.

import { useEffect, useState } from 'react';
import {
  type CheckKind,
  type CheckResult,
  type CheckVerdict,
  checkConnection,
} from '../../rtc/check/connectionCheck';
import type { SeatProof } from '../../signaling/iceServers';

export interface ConnectionReport {
  /** Results known so far. */
  results: Partial<Record<CheckKind, CheckResult>>;
  /** Null while the check runs. */
  verdict: CheckVerdict | null;
}

export function useConnectionCheck(proof?: SeatProof): ConnectionReport {
  const [report, setReport] = useState<ConnectionReport>({ results: {}, verdict: null });
  const { appointmentId, session } = proof ?? {};

  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const onResult = (result: CheckResult) =>
      setReport(({ results, verdict }) => ({
        verdict,
        results: { ...results, [result.kind]: result },
      }));
    const seat = appointmentId && session ? { appointmentId, session } : undefined;
    setReport({ results: {}, verdict: null });
    checkConnection({ proof: seat, signal, onResult }).then(
      (verdict) => setReport(({ results }) => ({ results, verdict })),
      () => {
        // Aborted by unmounting.
      },
    );
    return () => ending.abort();
  }, [appointmentId, session]);

  return report;
}
