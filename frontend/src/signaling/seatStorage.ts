// The proof that a seat is ours. The tab keeps it over a reload, and the browser keeps it for a tab that
// is closed and opened again. Only leaving forgets it: the tab at once, and the browser when the server
// has freed the seat, so that a person who left without a network does not find the own seat taken.

import { recall, remember } from '../lib/browserStorage';
import { Recent } from '../lib/recent';
import type { ParticipantId } from './client';

export interface Seat {
  participant: ParticipantId;
  /** The secret token; another one with every join. */
  session: string;
}

export interface SeatStorage {
  read(): Seat | null;
  write(seat: Seat): void;
  /** Has the tab forget it. The returned function has the browser forget it as well. */
  leave(): () => void;
}

/** What the tab knows of itself. */
interface Tab {
  seat: Seat | null;
  /** Whoever sits here is somebody else than whoever used this browser before. */
  asAnother: boolean;
}

const browser = new Recent<Seat>('switchboard.seats');

/** The seats of one browser are told apart by name: two people may share it. */
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

/** What this tab knows of its seat, whatever the browser remembers. */
export function readTab(appointmentId: string): Tab {
  try {
    const tab: unknown = JSON.parse(recall(tabKey(appointmentId)) ?? 'null');
    return isTab(tab) ? tab : { seat: null, asAnother: false };
  } catch {
    return { seat: null, asAnother: false };
  }
}

/** Makes another tab's seat this tab's. The server tells the other one. */
export function takeSeat(appointmentId: string, seat: Seat | null): void {
  writeTab(appointmentId, { seat, asAnother: false });
}

/** Has this tab ask for a seat of its own. */
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
