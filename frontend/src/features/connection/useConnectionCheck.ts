// Runs one check of the connection for as long as it is shown.

import { useEffect, useState } from 'react';
import {
  type CheckLine,
  checkConnection,
  type LineKind,
  type Verdict,
} from '../../rtc/connectionCheck';
import type { SeatProof } from '../../signaling/iceServers';

export interface ConnectionReport {
  /** Those that are known so far. */
  lines: Partial<Record<LineKind, CheckLine>>;
  /** Null while the check goes on. */
  verdict: Verdict | null;
}

export function useConnectionCheck(proof?: SeatProof): ConnectionReport {
  const [report, setReport] = useState<ConnectionReport>({ lines: {}, verdict: null });
  const { appointmentId, session } = proof ?? {};

  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const onLine = (line: CheckLine) =>
      setReport(({ lines, verdict }) => ({ verdict, lines: { ...lines, [line.kind]: line } }));
    const seat = appointmentId && session ? { appointmentId, session } : undefined;
    setReport({ lines: {}, verdict: null });
    checkConnection({ proof: seat, signal, onLine }).then(
      (verdict) => setReport(({ lines }) => ({ lines, verdict })),
      () => {
        // It was ended, and nobody is there to read a verdict.
      },
    );
    return () => ending.abort();
  }, [appointmentId, session]);

  return report;
}
