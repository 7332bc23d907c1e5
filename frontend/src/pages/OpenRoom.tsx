// The room while somebody is in it: the call, and the chat beside it or, on a phone, below it.

import { useRef, useState } from 'react';
import { Brand } from '../components/ui/Brand';
import { CallStage } from '../features/call/CallStage';
import { CallStatus } from '../features/call/CallStatus';
import { ControlBar } from '../features/call/ControlBar';
import type { CallView } from '../features/call/useCall';
import { ChatPanel } from '../features/chat/ChatPanel';
import { ChatToggle } from '../features/chat/ChatToggle';
import { useChat } from '../features/chat/useChat';
import { MediaNotice } from '../features/devices/MediaNotice';
import { cn } from '../lib/cn';
import { useTexts } from '../lib/i18n/useTexts';
import { useMediaQuery } from '../lib/useMediaQuery';
import { useTranscript } from './useTranscript';
import type { Visit } from './visit';

interface OpenRoomProps {
  appointmentId: string;
  name: string;
  visit: Visit;
  call: CallView;
}

export function OpenRoom({ appointmentId, name, visit, call }: OpenRoomProps) {
  const hasRoomForChat = useMediaQuery('(min-width: 64rem)');
  const [isChatOpen, setIsChatOpen] = useState(false);
  const chatToggle = useRef<HTMLButtonElement>(null);
  const isChatInSight = hasRoomForChat || isChatOpen;
  const isSheetOpen = !hasRoomForChat && isChatOpen;
  const chat = useChat(visit.chat, isChatInSight);
  const transcript = useTranscript(appointmentId, visit.chat);
  const toggleChat = () => setIsChatOpen(!isChatOpen);

  function closeChat() {
    setIsChatOpen(false);
    chatToggle.current?.focus();
  }

  return (
    <div className="flex h-dvh flex-col overflow-hidden ps-[env(safe-area-inset-left)] pe-[env(safe-area-inset-right)] pt-[env(safe-area-inset-top)]">
      <RoomHeader appointmentId={appointmentId} call={call} />
      {/* Below a picture that stays in sight; beside it where the screen is wide, or low. */}
      <main className="relative flex min-h-0 flex-1 flex-col short:landscape:flex-row lg:flex-row lg:gap-4 lg:px-4">
        <div
          data-compact={isSheetOpen || undefined}
          className="flex min-h-0 min-w-0 flex-1 flex-col"
        >
          <div className="flex min-h-0 flex-1 flex-col lg:gap-4">
            <MediaNotice media={visit.media} />
            <CallStage call={call} ownName={name} />
          </div>
          {/* Makes room when a keyboard has taken most of the screen. */}
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
            </ControlBar>
          </div>
        </div>
        {/* Hidden rather than gone: a draft survives. */}
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
    </div>
  );
}

function RoomHeader({ appointmentId, call }: { appointmentId: string; call: CallView }) {
  const texts = useTexts().call;
  return (
    <header className="flex h-14 short:h-11 shrink-0 items-center gap-3 px-4">
      <Brand className="max-sm:hidden" />
      <h1 className="min-w-0 flex-1 truncate text-sm text-muted">
        {texts.appointment(appointmentId)}
      </h1>
      <CallStatus state={call.state} peerName={call.peerName} />
    </header>
  );
}
