// The connection in words first, and then in figures.

import { useLanguage, useTexts } from '../../lib/i18n/useTexts';
import type { Figures, Level, Picture } from '../../rtc/quality';

interface QualityDetailsProps {
  verdict: Level | 'unknown';
  figures: Figures | null;
}

export default function QualityDetails({ verdict, figures }: QualityDetailsProps) {
  const texts = useTexts().call.quality;
  return (
    <div data-testid="quality-details" className="text-sm">
      <p className="font-semibold">{texts.label[verdict]}</p>
      <p className="mt-1 text-muted">{texts.advice[verdict]}</p>
      {figures?.path && <p className="mt-1 text-muted">{texts[figures.path.kind]}</p>}
      {figures && <FiguresTable figures={figures} />}
    </div>
  );
}

function FiguresTable({ figures }: { figures: Figures }) {
  const texts = useTexts().call.quality;
  const language = useLanguage();
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const known = <Value,>(value: Value | null, format: (value: Value) => string) =>
    value === null ? texts.unknown : format(value);
  const milliseconds = (amount: number) => texts.milliseconds(whole.format(amount));
  const kilobits = (amount: number) => texts.kilobits(whole.format(amount / 1_000));
  const picture = ({ width, height, framesPerSecond }: Picture) =>
    texts.picture(width, height, whole.format(framesPerSecond));
  const { path } = figures;

  const rows: Array<[name: string, value: string]> = [
    [texts.roundTrip, known(figures.roundTripMs, milliseconds)],
    [texts.lossIn, known(figures.lossIn, percent.format)],
    [texts.lossOut, known(figures.lossOut, percent.format)],
    [texts.jitter, known(figures.jitterMs, milliseconds)],
    [texts.received, known(figures.bitrateIn, kilobits)],
    [texts.sent, known(figures.bitrateOut, kilobits)],
    [texts.pictureIn, known(figures.pictureIn, picture)],
    [texts.pictureOut, known(figures.pictureOut, picture)],
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
