// Details of the connection's quality: its level in words, then its metrics.

import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import type { Level } from '../../rtc/quality/level';
import type { Metrics, VideoFormat } from '../../rtc/quality/statistics';

interface QualityDetailsProps {
  level: Level | 'unknown';
  metrics: Metrics | null;
}

export default function QualityDetails({ level, metrics }: QualityDetailsProps) {
  const texts = useTexts().call.quality;
  return (
    <div data-testid="quality-details" className="text-sm">
      <p className="font-semibold">{texts.label[level]}</p>
      <p className="mt-1 text-muted">{texts.advice[level]}</p>
      {metrics?.path && <p className="mt-1 text-muted">{texts[metrics.path.kind]}</p>}
      {metrics && <MetricsTable metrics={metrics} />}
    </div>
  );
}

function MetricsTable({ metrics }: { metrics: Metrics }) {
  const texts = useTexts().call.quality;
  const language = useLanguage();
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const known = <Value,>(value: Value | null, format: (value: Value) => string) =>
    value === null ? texts.unknown : format(value);
  const milliseconds = (amount: number) => texts.milliseconds(whole.format(amount));
  const kilobits = (amount: number) => texts.kilobits(whole.format(amount / 1_000));
  const videoFormat = ({ width, height, framesPerSecond }: VideoFormat) =>
    texts.videoFormat(width, height, whole.format(framesPerSecond));
  const { path } = metrics;

  const rows: Array<[name: string, value: string]> = [
    [texts.roundTrip, known(metrics.roundTripMs, milliseconds)],
    [texts.lossIn, known(metrics.lossIn, percent.format)],
    [texts.lossOut, known(metrics.lossOut, percent.format)],
    [texts.jitter, known(metrics.jitterMs, milliseconds)],
    [texts.received, known(metrics.bitrateIn, kilobits)],
    [texts.sent, known(metrics.bitrateOut, kilobits)],
    [texts.videoIn, known(metrics.videoIn, videoFormat)],
    [texts.videoOut, known(metrics.videoOut, videoFormat)],
    [
      texts.path,
      known(path, ({ kind, protocol }) => `${texts.pathKind[kind]}, ${protocol.toUpperCase()}`),
    ],
  ];

  return (
    <dl className="mt-3 grid grid-cols-[auto_auto] gap-x-4 gap-y-1 border-t border-line pt-3">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="text-end tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
