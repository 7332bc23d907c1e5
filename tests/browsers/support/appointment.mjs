// Appointments to meet at.

import { randomUUID } from 'node:crypto';

/** An appointment that no other test knows. */
export function newAppointment() {
  return `appointment ${randomUUID()}`;
}
