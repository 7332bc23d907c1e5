// Report of the connection check: the verdict, then each result.

import { Check, CircleHelp, CircleSlash, TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import {
  type CheckKind,
  type CheckOutcome,
  type CheckResult,
  type CheckVerdict,
  checkKinds,
} from '../../rtc/check/connectionCheck';
import type { SeatProof } from '../../signaling/iceServers';
import { useConnectionCheck } from './useConnectionCheck';

const icon = 'size-5 shrink-0';

const icons: Record<CheckOutcome, ReactNode> = {
  good: <Check aria-hidden className={`${icon} text-good`} />,
  fair: <TriangleAlert aria-hidden className={`${icon} text-warn`} />,
  bad: <X aria-hidden className={`${icon} text-danger`} />,
  none: <CircleSlash aria-hidden className={`${icon} text-muted`} />,
  unknown: <CircleHelp aria-hidden className={`${icon} text-muted`} />,
};

const verdictIcons: Record<CheckVerdict, ReactNode> = {
  good: icons.good,
  doubtful: icons.fair,
  bad: icons.bad,
};

export default function ConnectionCheck({ proof }: { proof?: SeatProof }) {
  const { results, verdict } = useConnectionCheck(proof);
  return (
    <div
      ref={scrollIntoView}
      className="scroll-mt-4 scroll-mb-28 rounded-2xl border border-line bg-surface p-4 wide:scroll-mb-6"
    >
      <Headline verdict={verdict} />
      <ul className="mt-3 divide-y divide-line border-t border-line">
        {checkKinds.map((kind) => (
          <ResultRow key={kind} kind={kind} result={results[kind]} />
        ))}
      </ul>
    </div>
  );
}

/** Scrolls the report into view: it opens below its button, perhaps below the window's edge. */
function scrollIntoView(report: HTMLElement | null): void {
  report?.scrollIntoView({ block: 'nearest' });
}

function Headline({ verdict }: { verdict: CheckVerdict | null }) {
  const texts = useTexts().connection;
  return (
    <div
      role="status"
      data-testid="connection-check-result"
      data-verdict={verdict ?? 'pending'}
      className="flex gap-3"
    >
      <span className="mt-0.5">{verdict ? verdictIcons[verdict] : <Spinner />}</span>
      <div>
        <h2 className="font-medium">{verdict ? texts.verdicts[verdict].title : texts.checking}</h2>
        {verdict && <p className="mt-0.5 text-sm text-muted">{texts.verdicts[verdict].detail}</p>}
      </div>
    </div>
  );
}

function ResultRow({ kind, result }: { kind: CheckKind; result: CheckResult | undefined }) {
  const texts = useTexts().connection;
  const meaning = result && texts.meanings[kind][result.outcome];
  return (
    <li
      data-testid="connection-line"
      data-kind={kind}
      data-outcome={result?.outcome ?? 'pending'}
      className="flex gap-3 py-2.5 text-sm"
    >
      {result ? icons[result.outcome] : <Spinner />}
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap justify-between gap-x-3">
          <span className="font-medium">{texts.lines[kind]}</span>
          {result && (
            <span className="text-muted">
              {texts.outcomes[result.outcome]}
              {result.roundTrip !== null && ` · ${texts.roundTrip(Math.round(result.roundTrip))}`}
            </span>
          )}
        </p>
        {meaning && (
          <details
            className="mt-0.5 text-muted"
            open={result.outcome === 'bad' || (kind === 'relay' && result.outcome === 'none')}
          >
            <summary className="w-fit cursor-pointer py-0.5">{texts.meaning}</summary>
            <p className="pt-1">{meaning}</p>
          </details>
        )}
      </div>
    </li>
  );
}
