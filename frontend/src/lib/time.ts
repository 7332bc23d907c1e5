// Formats times, days and durations in the page's language.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Time of day: “5:05 AM”, “05:05”. */
export function clockTime(time: Date, language: string): string {
  return formatted(time, language, { timeStyle: 'short' });
}

/** Date and time of day. */
export function fullTime(time: Date, language: string): string {
  return formatted(time, language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** Day: “Monday, January 5”, with its year if that is not the current one. */
export function dayName(day: Date, now: Date, language: string): string {
  const isThisYear = day.getFullYear() === now.getFullYear();
  const year = isThisYear ? undefined : 'numeric';
  return formatted(day, language, { weekday: 'long', day: 'numeric', month: 'long', year });
}

/** Number of midnights between the two: 0 for the same day, 1 for the day before. */
export function daysBetween(earlier: Date, later: Date): number {
  const [from, to] = [earlier, later].map((time) =>
    Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()),
  ) as [number, number];
  return (to - from) / (24 * HOUR_MS);
}

/** Duration in words: “1 hour, 5 minutes”; in seconds below a minute. */
export function lengthOfTime(ms: number, language: string): string {
  const locale = localeFor(language);
  const inUnits = (amount: number, unit: string) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(amount);
  if (ms < MINUTE_MS) return inUnits(Math.round(ms / 1_000), 'second');
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const parts: string[] = [];
  if (hours > 0) parts.push(inUnits(hours, 'hour'));
  if (minutes > 0) parts.push(inUnits(minutes, 'minute'));
  return new Intl.ListFormat(locale, { type: 'unit' }).format(parts);
}

export function formattedNumber(value: number, language: string): string {
  return new Intl.NumberFormat(localeFor(language)).format(value);
}

// Cached: creating a format takes as long as using it a hundred times.
function formatted(time: Date, language: string, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify([language, options]);
  const format = formats.get(key) ?? new Intl.DateTimeFormat(localeFor(language), options);
  formats.set(key, format);
  return format.format(time);
}

/** The reader's regional variant of the page's language. */
function localeFor(language: string): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

/** Duration as a clock shows it: 3:07, or 1:03:07. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (amount: number) => String(amount).padStart(2, '0');
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
