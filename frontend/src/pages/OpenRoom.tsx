// The room during a call: the call, with the chat beside it or, on a phone, below it.

import { lazy, Suspense, useRef, useState } from 'react';
import { ArrivalNotice } from '../features/call/ArrivalNotice';
import { CallAnnouncer } from '../features/call/CallAnnouncer';
import { CallStage } from '../features/call/CallStage';
import { ControlBar } from '../features/call/ControlBar';
import { InviteLink } from '../features/call/InviteLink';
import { MoreMenu } from '../features/call/MoreMenu';
import { useArrivalSound } from '../features/call/useArrivalSound';
import type { OpenCallView } from '../features/call/useCall';
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
import { ConnectionSection } from '../features/connectionCheck/ConnectionSection';
import { DeviceSettings } from '../features/devices/DeviceSettings';
import { MediaNotice } from '../features/devices/MediaNotice';
import { cn } from '../lib/cn';
import { useMediaQuery } from '../lib/useMediaQuery';
import { readTab } from '../signaling/seatStorage';
import { RoomHeader } from './RoomHeader';
import { useTranscript } from './useTranscript';
import type { Visit } from './visit';

const ShortcutsDialog = lazy(() => import('../features/call/ShortcutsDialog'));
const PipView = lazy(() => import('../features/call/PipView'));

interface OpenRoomProps {
  appointmentId: string;
  name: string;
  visit: Visit;
  call: OpenCallView;
}

export function OpenRoom({ appointmentId, name, visit, call }: OpenRoomProps) {
  const hasRoomForChat = useMediaQuery('(min-width: 64rem)');
  const [isChatOpen, setIsChatOpen] = useState(false);
  const [dialog, setDialog] = useState<'devices' | 'shortcuts' | null>(null);
  const chatToggle = useRef<HTMLButtonElement>(null);
  const isChatInSight = hasRoomForChat || isChatOpen;
  const isSheetOpen = !hasRoomForChat && isChatOpen;
  const chat = useChat(visit.chat, isChatInSight);
  const transcript = useTranscript(appointmentId, visit.chat);
  const toggleChat = () => setIsChatOpen(!isChatOpen);
  const openDevices = () => setDialog('devices');
  const openShortcuts = () => setDialog('shortcuts');
  const closeDialog = () => setDialog(null);
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
    help: openShortcuts,
    talk,
  });
  useWakeLock(call.state.phase !== 'waiting');
  useMediaSession(call, visit.leave);

  function closeChat() {
    setIsChatOpen(false);
    chatToggle.current?.focus();
  }

  return (
    <div className="flex h-dvh flex-col overflow-hidden ps-[env(safe-area-inset-left)] pe-[env(safe-area-inset-right)] pt-[env(safe-area-inset-top)]">
      <RoomHeader appointmentId={appointmentId} call={call} quality={visit.call.quality} />
      {/* Below a video that stays visible; beside it on a wide or low screen. */}
      <main className="relative flex min-h-0 flex-1 flex-col short:landscape:flex-row lg:flex-row lg:gap-4 lg:px-4">
        <div
          data-compact={isSheetOpen || undefined}
          className="relative flex min-h-0 min-w-0 flex-1 flex-col"
        >
          <div className="flex min-h-0 flex-1 flex-col lg:gap-4">
            <MediaNotice media={visit.media} />
            <CallStage
              call={call}
              ownName={name}
              isTalking={isTalking}
              invite={invite}
              onCheckConnection={openDevices}
            />
          </div>
          {/* Hides the controls when a keyboard takes most of the screen. */}
          <div className={cn(isSheetOpen && 'short:portrait:hidden')}>
            <ControlBar call={call} onLeave={visit.leave}>
              {!hasRoomForChat && (
                <ChatToggle
                  ref={chatToggle}
                  isOpen={isChatOpen}
                  unread={chat.unread}
                  onToggle={toggleChat}
                />
              )}
              <MoreMenu
                call={call}
                invite={invite}
                pip={pip}
                fullScreen={fullScreen}
                arrivalSound={arrivalSound}
                onShortcuts={openShortcuts}
                onDevices={openDevices}
              />
            </ControlBar>
          </div>
          <InviteLink link={invite.link} />
        </div>
        {/* Hidden, not unmounted, to keep a draft. */}
        <ChatPanel
          chat={chat}
          onClose={hasRoomForChat ? undefined : closeChat}
          onSaveTranscript={transcript.save}
          className={cn(
            'h-3/5 rounded-t-card border-t border-line shadow-lg',
            'short:landscape:h-auto short:landscape:w-1/2 short:landscape:rounded-none',
            'lg:mb-4 lg:h-auto lg:w-88 lg:overflow-hidden lg:rounded-card lg:border lg:shadow-none',
            !isChatInSight && 'hidden',
          )}
        />
      </main>
      <CallAnnouncer call={call} />
      <ArrivalNotice call={call} hasSound={arrivalSound.isOn} />
      <DeviceSettings media={visit.media} isOpen={dialog === 'devices'} onClose={closeDialog}>
        <SeatedConnectionSection appointmentId={appointmentId} />
      </DeviceSettings>
      <Suspense>
        {dialog === 'shortcuts' && (
          <ShortcutsDialog
            isEnabled={keys.isEnabled}
            onEnable={keys.enable}
            onClose={closeDialog}
          />
        )}
        {pip.window && <PipView window={pip.window} call={call} onLeave={visit.leave} />}
      </Suspense>
    </div>
  );
}

/** Proof of the seat, with which the connection check uses relays. */
function SeatedConnectionSection({ appointmentId }: { appointmentId: string }) {
  const session = readTab(appointmentId).seat?.session;
  return <ConnectionSection proof={session ? { appointmentId, session } : undefined} />;
}

/** Where the chat is always visible, its shortcut focuses the composer. */
function focusOnChat(): void {
  document.querySelector<HTMLElement>('[data-testid=chat-input]')?.focus();
}
