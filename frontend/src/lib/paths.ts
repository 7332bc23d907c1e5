// Paths of the pages, and the parameters in their URLs. Links to an appointment come from calendars
// and invitations. Paths are without the server's prefix, which the router adds.

import { serverPath } from './basePath';

const appointmentKey = 'appointment_id';
const nameKey = 'name';
const room = '/room/';

export const roomRoute = `${room}*`;

export function roomPath(appointmentId: string): string {
  return room + encodeURIComponent(appointmentId);
}

/** Link for another person, without the own name: that person is asked for theirs. */
export function invitationTo(appointmentId: string): string {
  return new URL(serverPath(roomPath(appointmentId)), window.location.origin).href;
}

/**
 * Appointment in a room's path; null if roomPath did not make the path. Takes the raw path, since
 * the router would decode “%2F” in an id to “/”.
 */
export function appointmentInPath(pathname: string): string | null {
  const encoded = pathname.slice(room.length).replace(/\/$/, '');
  try {
    return encoded.includes('/') ? null : decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

export function loginPath(appointmentId: string): string {
  return `/?${new URLSearchParams({ [appointmentKey]: appointmentId })}`;
}

export function appointmentIn(query: URLSearchParams): string {
  return query.get(appointmentKey) ?? '';
}

export function nameIn(query: URLSearchParams): string {
  return query.get(nameKey)?.trim() ?? '';
}
