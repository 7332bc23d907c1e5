// The proof that a seat is ours. It lives as long as the tab, so that a reload comes back to the
// same seat, while another tab of its own accord does not.

import { forget, recall, remember } from '../lib/browserStorage';

export interface SeatStorage {
  read(): string | null;
  write(session: string): void;
  clear(): void;
}

export function seatStorageFor(appointmentId: string): SeatStorage {
  const key = `switchboard.session.${appointmentId}`;
  return {
    read: () => recall(key),
    write: (session) => remember(key, session),
    clear: () => forget(key),
  };
}
