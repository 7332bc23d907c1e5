// Times as people in this place write them.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Leaves out the day where it goes without saying. */
export function shortTime(time: Date, now: Date): string {
  const isToday = time.toDateString() === now.toDateString();
  return (isToday ? clock : dayAndClock).format(time);
}
