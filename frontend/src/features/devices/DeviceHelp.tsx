// Problems of camera and microphone, with the remedy for this browser and system.

import { CircleHelp } from 'lucide-react';
import { Button } from '../../components/ui/Button';
import { type BrowserInfo, browserInfo } from '../../lib/browser';
import type { Texts } from '../../lib/i18n/texts/en';
import { useTexts } from '../../lib/i18n/useTexts';
import { useStore } from '../../lib/useStore';
import type { LocalMedia } from '../../rtc/media/localMedia';
import { canAskAgain, type ProblemReport, problemsOf } from './problems';

interface DeviceHelpProps {
  media: LocalMedia;
  /** Text below the remedy. */
  note?: string;
}

/** One box for each problem. */
export function DeviceHelp({ media, note }: DeviceHelpProps) {
  const reports = problemsOf(useStore(media.snapshot));
  return reports.map((report) => (
    <HelpBox key={report.what} report={report} media={media} note={note} />
  ));
}

interface HelpBoxProps extends DeviceHelpProps {
  report: ProblemReport;
}

function HelpBox({ report, media, note }: HelpBoxProps) {
  const texts = useTexts().devices.help;
  const { problem, what } = report;
  return (
    <section
      role="status"
      data-testid="device-help"
      data-problem={problem}
      className="flex gap-3 rounded-2xl border border-line bg-surface p-4 text-sm"
    >
      <CircleHelp aria-hidden className="size-5 shrink-0 text-accent" />
      <div className="flex min-w-0 flex-1 flex-col items-start gap-2">
        <h2 className="font-medium">{texts[problem].title(what)}</h2>
        <Steps steps={stepsFor(report, texts, browserInfo())} />
        {note && <p className="text-muted">{note}</p>}
        {canAskAgain(problem) && (
          <Button variant="secondary" onClick={() => void media.acquire()}>
            {problem === 'denied' || problem === 'dismissed' ? texts.ask : texts.retry}
          </Button>
        )}
        {problem === 'insecure' && <WayOut href={secureAddress()} label={texts.secureAddress} />}
        {problem === 'embedded' && (
          <WayOut href={window.location.href} label={texts.ownTab} target="_blank" />
        )}
      </div>
    </section>
  );
}

function Steps({ steps }: { steps: string[] }) {
  const [only, ...more] = steps;
  if (more.length === 0) return <p className="text-muted">{only}</p>;
  return (
    <ol className="list-decimal space-y-1 ps-5 text-muted">
      {steps.map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  );
}

function WayOut({ href, label, target }: { href: string; label: string; target?: '_blank' }) {
  return (
    <a href={href} target={target} className="py-2 font-medium text-accent underline">
      {label}
    </a>
  );
}

function secureAddress(): string {
  return window.location.href.replace(/^http:/, 'https:');
}

function stepsFor(
  { problem, what }: ProblemReport,
  texts: Texts['devices']['help'],
  { browser, platform }: BrowserInfo,
): string[] {
  if (problem === 'system') return texts.system.steps[platform](what);
  if (problem !== 'denied') return texts[problem].steps(what);
  const { steps } = texts.denied;
  if (platform === 'ios') return steps.ios(what);
  if (browser === 'chrome' && platform === 'android') return steps.chromeOnAndroid(what);
  return steps[browser](what);
}
