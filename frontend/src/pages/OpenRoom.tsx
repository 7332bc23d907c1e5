// The room while somebody is in it: the call, and the chat beside it or, on a phone, over it.

import { useState } from 'react';
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
import { useMediaQuery } from '../lib/useMediaQuery';
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
  const isChatInSight = hasRoomForChat || isChatOpen;
  const isCallCovered = !hasRoomForChat && isChatOpen;
  const chat = useChat(visit.chat, isChatInSight);
  const toggleChat = () => setIsChatOpen(!isChatOpen);

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <RoomHeader appointmentId={appointmentId} call={call} />
      <main className="relative flex min-h-0 flex-1 lg:gap-4 lg:px-4">
        <div inert={isCallCovered} className="flex min-w-0 flex-1 flex-col">
          <div className="flex min-h-0 flex-1 flex-col lg:gap-4">
            <MediaNotice media={visit.media} />
            <CallStage call={call} ownName={name} />
          </div>
          <ControlBar call={call} onLeave={visit.leave}>
            {!hasRoomForChat && (
              <ChatToggle isOpen={isChatOpen} unread={chat.unread} onToggle={toggleChat} />
            )}
          </ControlBar>
        </div>
        {/* Hidden rather than gone: a draft survives. */}
        <ChatPanel
          chat={chat}
          onClose={hasRoomForChat ? undefined : toggleChat}
          className={cn(
            'absolute inset-0 z-10',
            'lg:static lg:mb-4 lg:w-88 lg:overflow-hidden lg:rounded-2xl lg:border lg:border-line',
            !isChatInSight && 'hidden',
          )}
        />
      </main>
    </div>
  );
}

function RoomHeader({ appointmentId, call }: { appointmentId: string; call: CallView }) {
  return (
    <header className="flex h-14 short:h-11 shrink-0 items-center gap-3 px-4">
      <Brand className="max-sm:hidden" />
      <h1 className="min-w-0 flex-1 truncate text-sm text-muted">Appointment {appointmentId}</h1>
      <CallStatus state={call.state} peerName={call.peerName} />
    </header>
  );
}
