// One visit to one room: the connection to the server, the devices, the call and the chat, opened
// together and closed together.

import { ChatStore } from '../features/chat/chatStore';
import { rememberedReading } from '../features/chat/reading';
import { settledWithin } from '../lib/settled';
import type { Readable } from '../lib/store';
import { Call } from '../rtc/call/call';
import type { LocalMedia } from '../rtc/media/localMedia';
import { createChatArchive } from '../signaling/chatArchive';
import type { SignalingClient } from '../signaling/client';
import { claimTabUnlessFull } from '../signaling/otherTabs';
import { createSocketIoSignaling } from '../signaling/socketIo';
import { type VisitRecord, VisitRecorder } from './visitRecord';

export interface Visit {
  readonly signaling: SignalingClient;
  readonly call: Call;
  readonly media: LocalMedia;
  readonly chat: ChatStore;
  readonly record: Readable<VisitRecord>;
  /** Ends the visit for good: the seat is free for somebody else. */
  leave(): void;
  /** Lets go of everything, but the seat is kept for a while: this page may come back to it. */
  close(): void;
}

/** Devices granted this fast go into the first offer; nobody waits for a slow answer, though. */
const DEVICES_HEAD_START_MS = 1_000;

/** `media` may be open already, and closes with the visit. */
export function openVisit(appointmentId: string, name: string, media: LocalMedia): Visit {
  const signaling = createSocketIoSignaling({ appointmentId, name });
  const call = new Call({ signaling, media });
  const archive = createChatArchive(appointmentId);
  const chat = new ChatStore({
    name,
    signaling,
    archive,
    reading: rememberedReading(appointmentId),
  });
  const leaveTab = claimTabUnlessFull(signaling, appointmentId, name);
  const recorder = new VisitRecorder(signaling, leaveTab);
  const saveInPassing = () => chat.saveInPassing();
  window.addEventListener('pagehide', saveInPassing);
  void settledWithin(media.open(), DEVICES_HEAD_START_MS).then(() => signaling.connect());

  return {
    signaling,
    call,
    media,
    chat,
    record: recorder.record,
    leave() {
      recorder.end();
      leaveTab();
      call.leave();
      void chat.finish();
      void signaling.leave();
    },
    close() {
      leaveTab();
      window.removeEventListener('pagehide', saveInPassing);
      call.close();
      chat.close();
      signaling.disconnect();
    },
  };
}
