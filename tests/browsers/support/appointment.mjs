// Appointments of the tests.

import { randomUUID } from 'node:crypto';

/** A unique appointment id. */
export function newAppointment() {
  return `appointment ${randomUUID()}`;
}
