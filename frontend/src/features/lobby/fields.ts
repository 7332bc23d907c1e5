// What the server takes as an appointment id and as a name, checked here so that a slip of the
// finger is explained at the field it happened in.

const MAX_LENGTH = 128;

/** Returns what is wrong, or null. */
export function appointmentProblem(value: string): string | null {
  const id = normalizeAppointment(value);
  if (id === '') return 'Please enter your appointment number.';
  if (length(id) > MAX_LENGTH) return 'This is too long for an appointment number.';
  if (/[/\p{Cc}\p{Cf}]/u.test(id)) return 'An appointment number has no “/” in it.';
  // In an address they mean folders.
  if (id === '.' || id === '..') return 'Please enter your appointment number.';
  return null;
}

/** Returns what is wrong, or null. */
export function nameProblem(value: string): string | null {
  const name = value.trim();
  if (name === '') return 'Please enter your name.';
  if (length(name) > MAX_LENGTH) return 'Please use a shorter name.';
  if (/\p{Cc}/u.test(name)) return 'Please use letters only.';
  return null;
}

/** The form in which the server compares ids. */
export function normalizeAppointment(value: string): string {
  return value.normalize('NFC').trim();
}

function length(text: string): number {
  return [...text].length;
}
