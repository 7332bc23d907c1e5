// The room while somebody is in it: the call, and the chat beside it or, on a phone, over it.

import { lazy, type ReactNode, Suspense, useState } from 'react';
import { ArrivalNotice } from '../features/call/ArrivalNotice';
import { CallStage } from '../features/call/CallStage';
import { ControlBar } from '../features/call/ControlBar';
import { InviteNote } from '../features/call/InviteNote';
import { MediaNotice } from '../features/call/MediaNotice';
import { MoreMenu } from '../features/call/MoreMenu';
import { News } from '../features/call/News';
import { useArrivalSound } from '../features/call/useArrivalSound';
import type { CallView } from '../features/call/useCall';
import { useFullScreen } from '../features/call/useFullScreen';
import { useInvite } from '../features/call/useInvite';
import { useMediaSession } from '../features/call/useMediaSession';
import { usePictureInPicture } from '../features/call/usePictureInPicture';
import { usePushToTalk } from '../features/call/usePushToTalk';
import { useShortcuts, useShortcutsEnabled } from '../features/call/useShortcuts';
import { useWakeLock } from '../features/call/useWakeLock';
import { ChatPanel } from '../features/chat/ChatPanel';
import { ChatToggle } from '../features/chat/ChatToggle';
import { useChat } from '../features/chat/useChat';
import { cn } from '../lib/cn';
import { useMediaQuery } from '../lib/useMediaQuery';
import { RoomHeader } from './RoomHeader';
import type { Visit } from './visit';

const ShortcutsDialog = lazy(() => import('../features/call/ShortcutsDialog'));
const PipView = lazy(() => import('../features/call/PipView'));

interface OpenRoomProps {
  appointmentId: string;
  name: string;
  visit: Visit;
  call: CallView;
  /** Draw a dialog over the call. Without one there is no button for it. */
  dialogs?: Partial<Record<DialogName, (onClose: () => void) => ReactNode>>;
}

/** The choice of devices, and the check of the connection. */
type DialogName = 'devices' | 'connection';

export default function OpenRoom({
  appointmentId,
  name,
  visit,
  call,
  dialogs = {},
}: OpenRoomProps) {
  const hasRoomForChat = useMediaQuery('(min-width: 64rem)');
  const [isChatOpen, setIsChatOpen] = useState(false);
  const [dialog, setDialog] = useState<DialogName | 'shortcuts' | null>(null);
  const isChatInSight = hasRoomForChat || isChatOpen;
  const isCallCovered = !hasRoomForChat && isChatOpen;
  const chat = useChat(visit.chat, isChatInSight);
  const toggleChat = () => setIsChatOpen(!isChatOpen);
  const closeDialog = () => setDialog(null);
  const opener = (wanted: DialogName) => dialogs[wanted] && (() => setDialog(wanted));
  const invite = useInvite(appointmentId);
  const arrivalSound = useArrivalSound();
  const pip = usePictureInPicture();
  const fullScreen = useFullScreen();
  const { isTalking, talk } = usePushToTalk(call);
  const keys = useShortcutsEnabled();
  useShortcuts(keys.isEnabled, {
    microphone: call.toggleMicrophone,
    camera: call.toggleCamera,
    screen: () => call.canShareScreen && call.toggleScreen(),
    chat: () => (hasRoomForChat ? focusOnChat() : toggleChat()),
    help: () => setDialog('shortcuts'),
    talk,
  });
  useWakeLock(call.state.phase !== 'waiting');
  useMediaSession(call, visit.leave);

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <RoomHeader appointmentId={appointmentId} call={call} quality={visit.call.quality} />
      <main className="relative flex min-h-0 flex-1 lg:gap-4 lg:px-4">
        <div inert={isCallCovered} className="relative flex min-w-0 flex-1 flex-col">
          <div className="flex min-h-0 flex-1 flex-col lg:gap-4">
            <MediaNotice local={call.local} onRetry={call.retryDevices} />
            <CallStage
              call={call}
              ownName={name}
              isTalking={isTalking}
              invite={invite}
              onCheckConnection={opener('connection')}
            />
          </div>
          <ControlBar call={call} onLeave={visit.leave}>
            {!hasRoomForChat && (
              <ChatToggle isOpen={isChatOpen} unread={chat.unread} onToggle={toggleChat} />
            )}
            <MoreMenu
              call={call}
              invite={invite}
              pip={pip}
              fullScreen={fullScreen}
              arrivalSound={arrivalSound}
              onShortcuts={() => setDialog('shortcuts')}
              onDevices={opener('devices')}
            />
          </ControlBar>
          <InviteNote {...invite} />
        </div>
        {/* Hidden rather than gone: a draft survives. */}
        <ChatPanel
          chat={chat}
          onClose={hasRoomForChat ? undefined : toggleChat}
          className={cn(
            'absolute inset-0 z-40',
            'lg:static lg:mb-4 lg:w-88 lg:overflow-hidden lg:rounded-2xl lg:border lg:border-line',
            !isChatInSight && 'hidden',
          )}
        />
      </main>
      <News call={call} />
      <ArrivalNotice call={call} hasSound={arrivalSound.isOn} />
      <Suspense>
        {dialog === 'shortcuts' && (
          <ShortcutsDialog
            isEnabled={keys.isEnabled}
            onEnable={keys.enable}
            onClose={closeDialog}
          />
        )}
        {dialog && dialog !== 'shortcuts' && dialogs[dialog]?.(closeDialog)}
        {pip.window && <PipView window={pip.window} call={call} onLeave={visit.leave} />}
      </Suspense>
    </div>
  );
}

/** Where the chat is always in sight, its key leads to where one writes. */
function focusOnChat(): void {
  document.querySelector<HTMLElement>('[data-testid=chat-input]')?.focus();
}
