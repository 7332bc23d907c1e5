// Checks appointment ids and names by the server's rules, so that the page reports an error at its
// field.

import { limits } from '../../signaling/client';

export type FieldProblem = 'missing' | 'tooLong' | 'forbidden';

/** Problem of an appointment id, or null. */
export function appointmentProblem(value: string): FieldProblem | null {
  const id = normalizeAppointment(value);
  // In a URL path, these two segments name folders.
  if (id === '' || id === '.' || id === '..') return 'missing';
  if (length(id) > limits.nameChars) return 'tooLong';
  return /[/\p{Cc}\p{Cf}]/u.test(id) ? 'forbidden' : null;
}

/** Problem of a name, or null. */
export function nameProblem(value: string): FieldProblem | null {
  const name = value.trim();
  if (name === '') return 'missing';
  if (length(name) > limits.nameChars) return 'tooLong';
  return /\p{Cc}/u.test(name) ? 'forbidden' : null;
}

/** Normal form in which the server compares ids. */
export function normalizeAppointment(value: string): string {
  return value.normalize('NFC').trim();
}

function length(text: string): number {
  return [...text].length;
}
