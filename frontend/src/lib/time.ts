// Times as people in this place write them.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Leaves out the day where it goes without saying. */
export function shortTime(time: Date, now: Date): string {
  const isToday = time.toDateString() === now.toDateString();
  return (isToday ? clock : dayAndClock).format(time);
}

/** As clocks in a call show it: 3:07, or 1:03:07. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (amount: number) => String(amount).padStart(2, '0');
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
