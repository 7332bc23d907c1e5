// One entry of a chat's history: any JSON that any client saved. An entry that cannot be read as a
// message is shown as JSON.

/** A message as this server stores it, and as this page saves its own. */
export interface SavedMessage {
  id: string;
  from: string;
  name: string;
  body: string;
  sent_at: string;
}

export interface ReadEntry {
  id: string | null;
  from: string | null;
  name: string | null;
  text: string;
  sentAt: Date | null;
}

const textFields = ['body', 'text', 'message'];
const nameFields = ['name', 'sender', 'from'];
const timeFields = ['sent_at', 'timestamp', 'time'];

export function readEntry(entry: unknown): ReadEntry {
  const fields = isRecord(entry) ? entry : {};
  return {
    id: entryId(entry),
    from: stringIn(fields, ['from']),
    name: stringIn(fields, nameFields),
    text: stringIn(fields, textFields) ?? textOf(entry),
    sentAt: dateIn(fields),
  };
}

/** Id of an entry; null without one. Two senders may use the same id. */
export function entryId(entry: unknown): string | null {
  if (!isRecord(entry)) return null;
  const { id } = entry;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}

function textOf(entry: unknown): string {
  return typeof entry === 'string' ? entry : JSON.stringify(entry);
}

function stringIn(fields: Record<string, unknown>, names: string[]): string | null {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

function dateIn(fields: Record<string, unknown>): Date | null {
  for (const name of timeFields) {
    const value = fields[name];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const date = new Date(value);
    if (!Number.isNaN(date.getTime())) return date;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
