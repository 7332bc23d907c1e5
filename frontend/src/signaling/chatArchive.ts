// Saves the whole array of chat entries, the documented safety net beside live messages. The server
// merges arrays, so saving the same one again changes nothing.

import { serverPath } from '../lib/basePath';
import { utf8Length } from '../lib/bytes';

export interface ChatArchive {
  /** Saves the entries. Rejects when they could not be stored. */
  save(chats: unknown[]): Promise<void>;
  /** Saves from a closing page, in a request that outlives it. Failures are not reported. */
  saveOnUnload(chats: unknown[]): void;
}

/** Limit of the Fetch standard on requests that outlive their page. */
const KEEPALIVE_LIMIT_BYTES = 64 * 1024;

export function createChatArchive(appointmentId: string): ChatArchive {
  const path = `/api/v1/signalling/save-chats/${encodeURIComponent(appointmentId)}`;
  const url = serverPath(path);
  return {
    async save(chats) {
      const response = await put(url, JSON.stringify({ chats }));
      if (!response.ok) throw new Error(`save-chats: ${response.status}`);
    },
    saveOnUnload(chats) {
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
