// The documented safety net beside the live chat: the whole array of entries, put from time to
// time. The server merges it, so saving the same again changes nothing.

import { utf8Length } from '../lib/bytes';

export interface ChatArchive {
  /** Rejects when the entries could not be stored. */
  save(chats: unknown[]): Promise<void>;
  /** For a page that is going away: goes out behind its back, and nobody hears of failures. */
  saveInPassing(chats: unknown[]): void;
}

/** What the Fetch standard lets a page leave behind in requests that outlive it. */
const KEEPALIVE_LIMIT_BYTES = 64 * 1024;

export function createChatArchive(appointmentId: string): ChatArchive {
  const url = `/api/v1/signalling/save-chats/${encodeURIComponent(appointmentId)}`;
  return {
    async save(chats) {
      const response = await put(url, JSON.stringify({ chats }));
      if (!response.ok) throw new Error(`save-chats: ${response.status}`);
    },
    saveInPassing(chats) {
      const body = JSON.stringify({ chats });
      if (utf8Length(body) > KEEPALIVE_LIMIT_BYTES) return;
      put(url, body, { keepalive: true }).catch(() => {});
    },
  };
}

function put(url: string, body: string, options: RequestInit = {}): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(url, { ...options, method: 'PUT', headers, body });
}
