// What the check of the connection has found: the verdict first, then line by line.

import { Check, CircleHelp, CircleSlash, TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Spinner } from '../../components/ui/Spinner';
import { useTexts } from '../../lib/i18n/useTexts';
import {
  type CheckLine,
  type LineKind,
  lineKinds,
  type Outcome,
  type Verdict,
} from '../../rtc/connectionCheck';
import type { SeatProof } from '../../signaling/iceServers';
import { useConnectionCheck } from './useConnectionCheck';

const icon = 'size-5 shrink-0';

const icons: Record<Outcome, ReactNode> = {
  good: <Check aria-hidden className={`${icon} text-good`} />,
  fair: <TriangleAlert aria-hidden className={`${icon} text-warn`} />,
  bad: <X aria-hidden className={`${icon} text-danger`} />,
  none: <CircleSlash aria-hidden className={`${icon} text-muted`} />,
  unknown: <CircleHelp aria-hidden className={`${icon} text-muted`} />,
};

const verdictIcons: Record<Verdict, ReactNode> = {
  good: icons.good,
  doubtful: icons.fair,
  bad: icons.bad,
};

export default function ConnectionCheck({ proof }: { proof?: SeatProof }) {
  const { lines, verdict } = useConnectionCheck(proof);
  return (
    <div
      ref={bringIntoSight}
      className="scroll-mt-4 scroll-mb-28 rounded-2xl border border-line bg-surface p-4 wide:scroll-mb-6"
    >
      <Headline verdict={verdict} />
      <ul className="mt-3 divide-y divide-line border-t border-line">
        {lineKinds.map((kind) => (
          <Line key={kind} kind={kind} line={lines[kind]} />
        ))}
      </ul>
    </div>
  );
}

/** It opens below the button that was pressed, where the window may have ended. */
function bringIntoSight(report: HTMLElement | null): void {
  report?.scrollIntoView({ block: 'nearest' });
}

function Headline({ verdict }: { verdict: Verdict | null }) {
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

function Line({ kind, line }: { kind: LineKind; line: CheckLine | undefined }) {
  const texts = useTexts().connection;
  const meaning = line && texts.meanings[kind][line.outcome];
  return (
    <li
      data-testid="connection-line"
      data-kind={kind}
      data-outcome={line?.outcome ?? 'pending'}
      className="flex gap-3 py-2.5 text-sm"
    >
      {line ? icons[line.outcome] : <Spinner />}
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap justify-between gap-x-3">
          <span className="font-medium">{texts.lines[kind]}</span>
          {line && (
            <span className="text-muted">
              {texts.outcomes[line.outcome]}
              {line.roundTrip !== null && ` · ${texts.roundTrip(Math.round(line.roundTrip))}`}
            </span>
          )}
        </p>
        {meaning && (
          <details
            className="mt-0.5 text-muted"
            open={line.outcome === 'bad' || (kind === 'relay' && line.outcome === 'none')}
          >
            <summary className="w-fit cursor-pointer py-0.5">{texts.meaning}</summary>
            <p className="pt-1">{meaning}</p>
          </details>
        )}
      </div>
    </li>
  );
}
