// Storage of the proof of a seat: in the tab across reloads, and in the browser for a tab that is
// closed and opened again. Leaving forgets the seat: in the tab at once, and in the browser when
// the server has freed it, so that a participant who left without a network can return to the seat.

import { recall, remember } from '../lib/browserStorage';
import { Recent } from '../lib/recent';
import type { ParticipantId } from './client';

export interface Seat {
  participant: ParticipantId;
  /** The secret token; a new one with every join. */
  session: string;
}

export interface SeatStorage {
  read(): Seat | null;
  write(seat: Seat): void;
  /** Forgets the seat in the tab. The returned function forgets it in the browser. */
  leave(): () => void;
}

/** Stored state of a tab. */
interface Tab {
  seat: Seat | null;
  /** True in a tab for a second participant, who must not get the browser's seat. */
  asAnother: boolean;
}

const browser = new Recent<Seat>('switchboard.seats');

/** Seats by appointment and name, since two people may share a browser. */
export function seatStorageFor(appointmentId: string, name: string): SeatStorage {
  const browserKey = JSON.stringify([appointmentId, name]);
  return {
    read() {
      const { seat, asAnother } = readTab(appointmentId);
      return seat ?? (asAnother ? null : browser.get(browserKey));
    },
    write(seat) {
      writeTab(appointmentId, { ...readTab(appointmentId), seat });
      browser.set(browserKey, seat);
    },
    leave() {
      const { seat, asAnother } = readTab(appointmentId);
      writeTab(appointmentId, { seat: null, asAnother });
      return () => {
        if (browser.get(browserKey)?.participant === seat?.participant) browser.delete(browserKey);
      };
    },
  };
}

/** Seat stored for this tab, regardless of the browser's. */
export function readTab(appointmentId: string): Tab {
  try {
    const tab: unknown = JSON.parse(recall(tabKey(appointmentId)) ?? 'null');
    return isTab(tab) ? tab : { seat: null, asAnother: false };
  } catch {
    return { seat: null, asAnother: false };
  }
}

/** Makes another tab's seat this tab's; the server then replaces that tab's connection. */
export function takeSeat(appointmentId: string, seat: Seat | null): void {
  writeTab(appointmentId, { seat, asAnother: false });
}

/** Makes this tab claim a seat of its own. */
export function joinAsAnother(appointmentId: string): void {
  writeTab(appointmentId, { seat: null, asAnother: true });
}

function writeTab(appointmentId: string, tab: Tab): void {
  remember(tabKey(appointmentId), JSON.stringify(tab));
}

function tabKey(appointmentId: string): string {
  return `switchboard.seat.${appointmentId}`;
}

function isTab(value: unknown): value is Tab {
  return typeof value === 'object' && value !== null && 'seat' in value && 'asAnother' in value;
}
