// One visit to one room: signaling, devices, call and chat, opened and closed together.

import { ChatStore } from '../features/chat/chatStore';
import { readPositionStorage } from '../features/chat/readPosition';
import { settledWithin } from '../lib/settled';
import type { Readable } from '../lib/store';
import { Call } from '../rtc/call/call';
import type { LocalMedia } from '../rtc/media/localMedia';
import { createChatArchive } from '../signaling/chatArchive';
import type { SignalingClient } from '../signaling/client';
import { announceTabUnlessFull } from '../signaling/otherTabs';
import { createSocketIoSignaling } from '../signaling/socketIo';
import { type VisitRecord, VisitRecorder } from './visitRecord';

export interface Visit {
  readonly signaling: SignalingClient;
  readonly call: Call;
  readonly media: LocalMedia;
  readonly chat: ChatStore;
  readonly record: Readable<VisitRecord>;
  /** Ends the visit and frees the seat. */
  leave(): void;
  /** Closes everything but keeps the seat for its lease, since this page may return. */
  close(): void;
}

/** Time to wait for devices, so that the first offer contains their tracks. */
const DEVICES_WAIT_MS = 1_000;

/** `media` may be open already; it closes with the visit. */
export function openVisit(appointmentId: string, name: string, media: LocalMedia): Visit {
  const signaling = createSocketIoSignaling({ appointmentId, name });
  const call = new Call({ signaling, media });
  const archive = createChatArchive(appointmentId);
  const chat = new ChatStore({
    name,
    signaling,
    archive,
    readPosition: readPositionStorage(appointmentId),
  });
  const withdrawTab = announceTabUnlessFull(signaling, appointmentId, name);
  const recorder = new VisitRecorder(signaling, withdrawTab);
  const saveOnUnload = () => chat.saveOnUnload();
  window.addEventListener('pagehide', saveOnUnload);
  void settledWithin(media.open(), DEVICES_WAIT_MS).then(() => signaling.connect());

  return {
    signaling,
    call,
    media,
    chat,
    record: recorder.record,
    leave() {
      recorder.end();
      withdrawTab();
      call.leave();
      void chat.finish();
      void signaling.leave();
    },
    close() {
      withdrawTab();
      window.removeEventListener('pagehide', saveOnUnload);
      call.close();
      chat.close();
      signaling.disconnect();
    },
  };
}
