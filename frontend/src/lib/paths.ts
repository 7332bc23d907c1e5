// Where the pages are, and what may stand in their addresses: links to an appointment come from
// calendars and invitations.

const appointmentKey = 'appointment_id';
const nameKey = 'name';

export const roomRoute = '/room/:appointmentId';

export function roomPath(appointmentId: string): string {
  return `/room/${encodeURIComponent(appointmentId)}`;
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
