// Other tabs of this browser in the same appointment, one of which may hold the seat that this tab
// is about to claim.

import type { Unsubscribe } from '../lib/store';
import { answerTabs, askOtherTabs } from '../lib/tabs';
import type { SignalingClient } from './client';
import { readTab, type Seat } from './seatStorage';

/** Answer of a tab in the appointment. */
export interface TabPresence {
  name: string;
  /** Null before it has joined. */
  seat: Seat | null;
}

/**
 * Answers other tabs that this one is in the appointment, until the returned function is called.
 */
export function announceTab(appointmentId: string, name: string): Unsubscribe {
  return answerTabs<TabPresence>(channelOf(appointmentId), () => ({
    name,
    seat: readTab(appointmentId).seat,
  }));
}

/** As `announceTab`, but not while the room is full: there is then no seat to take over. */
export function announceTabUnlessFull(
  signaling: SignalingClient,
  appointmentId: string,
  name: string,
): Unsubscribe {
  let withdraw = announceTab(appointmentId, name);
  const unsubscribe = signaling.subscribe(({ type }) => {
    if (type === 'roomFull' || type === 'joined') withdraw();
    if (type === 'joined') withdraw = announceTab(appointmentId, name);
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
export async function findOtherTab(appointmentId: string): Promise<TabPresence | null> {
  const tabs = await askOtherTabs<TabPresence>(channelOf(appointmentId));
  const { seat, asAnother } = readTab(appointmentId);
  const sameSeat = tabs.find((tab) => tab.seat?.participant === seat?.participant);
  if (seat) return sameSeat ?? null;
  return asAnother ? null : (tabs[0] ?? null);
}

function channelOf(appointmentId: string): string {
  return `appointment ${appointmentId}`;
}
