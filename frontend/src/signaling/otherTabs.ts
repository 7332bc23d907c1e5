// Other tabs of this browser in the same appointment, one of which may hold the seat that this tab
// is about to claim.

import type { Unsubscribe } from '../lib/store';
import { askOtherTabs, sitAt } from '../lib/tabs';
import type { SignalingClient } from './client';
import { readTab, type Seat } from './seatStorage';

/** Answer of a tab in the appointment. */
export interface TabClaim {
  name: string;
  /** Null before it has joined. */
  seat: Seat | null;
}

/**
 * Answers other tabs that this one is in the appointment, until the returned function is called.
 */
export function claimThisTab(appointmentId: string, name: string): Unsubscribe {
  return sitAt<TabClaim>(placeOf(appointmentId), () => ({
    name,
    seat: readTab(appointmentId).seat,
  }));
}

/** As `claimThisTab`, but not while the room is full: there is then no seat to take over. */
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
 * Finds another tab that holds this tab's seat, or any other one in the appointment. Null without
 * one, and in a tab for a second participant.
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
