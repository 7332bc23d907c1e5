// One entry of a chat's history. Entries are any JSON that any client ever saved, so reading one
// is guessing well: what cannot be read as a message is shown as the JSON it is.

/** An entry as this server writes them, and as this page saves its own. */
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

/** The id of an entry. Ids are a sender's own: two senders may use the same one. */
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
