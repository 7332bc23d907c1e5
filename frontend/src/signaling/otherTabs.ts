// Other tabs of this browser in the same appointment: one of them may hold the very seat that this
// tab is about to ask for.

import type { Unsubscribe } from '../lib/store';
import { askOtherTabs, sitAt } from '../lib/tabs';
import type { SignalingClient } from './client';
import { readTab, type Seat } from './seatStorage';

/** What a tab says of whoever sits in it. */
export interface TabClaim {
  name: string;
  /** Null until it has joined. */
  seat: Seat | null;
}

/** Lets other tabs know that somebody sits in this one, until it is told to stop. */
export function claimThisTab(appointmentId: string, name: string): Unsubscribe {
  return sitAt<TabClaim>(placeOf(appointmentId), () => ({
    name,
    seat: readTab(appointmentId).seat,
  }));
}

/** As `claimThisTab`, except while the room is full: then there is no seat that another tab could take over. */
export function claimTabUnlessFull(
  signaling: SignalingClient,
  appointmentId: string,
  name: string,
): Unsubscribe {
  let withdraw = claimThisTab(appointmentId, name);
  const unsubscribe = signaling.subscribe(({ type }) => {
    if (type === 'roomFull' || type === 'joined') withdraw();
    if (type === 'joined') withdraw = claimThisTab(appointmentId, name);
  });
  return () => {
    unsubscribe();
    withdraw();
  };
}

/**
 * Finds the tab that whoever opened this one has probably forgotten; null when there is none, or
 * when this tab is known to be somebody else's.
 */
export async function findOtherTab(appointmentId: string): Promise<TabClaim | null> {
  const claims = await askOtherTabs<TabClaim>(placeOf(appointmentId));
  const { seat, asAnother } = readTab(appointmentId);
  const sameSeat = claims.find((claim) => claim.seat?.participant === seat?.participant);
  if (seat) return sameSeat ?? null;
  return asAnother ? null : (claims[0] ?? null);
}

function placeOf(appointmentId: string): string {
  return `appointment ${appointmentId}`;
}
