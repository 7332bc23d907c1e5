// What the server takes as an appointment id and as a name, checked here so that a slip of the
// finger is explained at the field it happened in.

const MAX_LENGTH = 128;

export type FieldProblem = 'missing' | 'tooLong' | 'forbidden';

/** Returns what is wrong, or null. */
export function appointmentProblem(value: string): FieldProblem | null {
  const id = normalizeAppointment(value);
  // In an address, dots alone mean folders.
  if (id === '' || id === '.' || id === '..') return 'missing';
  if (length(id) > MAX_LENGTH) return 'tooLong';
  return /[/\p{Cc}\p{Cf}]/u.test(id) ? 'forbidden' : null;
}

/** Returns what is wrong, or null. */
export function nameProblem(value: string): FieldProblem | null {
  const name = value.trim();
  if (name === '') return 'missing';
  if (length(name) > MAX_LENGTH) return 'tooLong';
  return /\p{Cc}/u.test(name) ? 'forbidden' : null;
}

/** The form in which the server compares ids. */
export function normalizeAppointment(value: string): string {
  return value.normalize('NFC').trim();
}

function length(text: string): number {
  return [...text].length;
}
