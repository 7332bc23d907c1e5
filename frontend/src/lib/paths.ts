// Where the pages are, and what may stand in their addresses: links to an appointment come from
// calendars and invitations.

const appointmentKey = 'appointment_id';
const nameKey = 'name';
const room = '/room/';

export const roomRoute = `${room}*`;

export function roomPath(appointmentId: string): string {
  return room + encodeURIComponent(appointmentId);
}

/**
 * The appointment that a room's address names; null when what is there was not made by roomPath.
 * Read from the address as it is: the router would confuse “%2F” in an id with a “/”.
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
