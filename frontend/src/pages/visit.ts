// One visit to one room: the connection to the server, the devices, the call and the chat, opened
// together and closed together.

import { ChatStore } from '../features/chat/chatStore';
import { settledWithin } from '../lib/settled';
import { Call } from '../rtc/call';
import type { LocalMedia } from '../rtc/media';
import { createChatArchive } from '../signaling/chatArchive';
import { createSocketIoSignaling } from '../signaling/socketIo';

export interface Visit {
  readonly call: Call;
  readonly media: LocalMedia;
  readonly chat: ChatStore;
  /** Ends the visit for good: the seat is free for somebody else. */
  leave(): void;
  close(): void;
}

/** Devices granted this fast go into the first offer; nobody waits for a slow answer, though. */
const DEVICES_HEAD_START_MS = 1_000;

/** `media` may be open already, and closes with the visit. */
export function openVisit(appointmentId: string, name: string, media: LocalMedia): Visit {
  const signaling = createSocketIoSignaling({ appointmentId, name });
  const call = new Call({ signaling, media });
  const archive = createChatArchive(appointmentId);
  const chat = new ChatStore({ name, signaling, archive });
  const saveInPassing = () => chat.saveInPassing();
  window.addEventListener('pagehide', saveInPassing);
  void settledWithin(media.open(), DEVICES_HEAD_START_MS).then(() => signaling.connect());

  return {
    call,
    media,
    chat,
    leave() {
      call.leave();
      void chat.finish();
      void signaling.leave();
    },
    close() {
      window.removeEventListener('pagehide', saveInPassing);
      call.close();
      chat.close();
      signaling.disconnect();
    },
  };
}
