// Button for the connection check, whose code is loaded on the first press.

import { Activity } from 'lucide-react';
import { lazy, useState } from 'react';
import { Lazy } from '../../components/Lazy';
import { Button } from '../../components/ui/Button';
import { useTexts } from '../../lib/i18n/useTexts';
import type { SeatProof } from '../../signaling/iceServers';

const ConnectionCheck = lazy(() => import('./ConnectionCheck'));

interface ConnectionSectionProps {
  /** Proof of this tab's seat, with which the check sends data through the relay. */
  proof?: SeatProof;
}

export function ConnectionSection({ proof }: ConnectionSectionProps) {
  const { connection: texts, common } = useTexts();
  /** Number of checks; used as key, so that each check is a new component. */
  const [run, setRun] = useState(0);
  return (
    <section aria-label={texts.check} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button
          variant="secondary"
          onClick={() => setRun(run + 1)}
          data-testid="connection-check-button"
        >
          <Activity aria-hidden className="size-4" />
          {run === 0 ? texts.check : texts.checkAgain}
        </Button>
        {run === 0 ? (
          <p className="min-w-40 flex-1 text-sm text-muted">{texts.intro}</p>
        ) : (
          <Button variant="quiet" onClick={() => setRun(0)}>
            {common.close}
          </Button>
        )}
      </div>
      {run > 0 && (
        <Lazy>
          <ConnectionCheck key={run} proof={proof} />
        </Lazy>
      )}
    </section>
  );
}
