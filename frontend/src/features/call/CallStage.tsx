// Both participants' tiles, and messages over them about the state of the call.

import { useTexts } from '../../lib/i18n/useTexts';
import type { CallState } from '../../rtc/call/callState';
import { LocalTile } from './LocalTile';
import { phraseFor } from './phrases';
import { RemoteTile } from './RemoteTile';
import { StageMessage } from './StageMessage';
import type { OpenCallView } from './useCall';
import { useCorner } from './useCorner';
import type { Invite } from './useInvite';

interface CallStageProps {
  call: OpenCallView;
  ownName: string;
  /** True while a muted user holds the push-to-talk key. */
  isTalking: boolean;
  invite: Invite;
  /** Absent where the connection cannot be checked. */
  onCheckConnection?: () => void;
}

export function CallStage(props: CallStageProps) {
  const { call, ownName, isTalking, invite, onCheckConnection } = props;
  const { state, remote, local } = call;
  const texts = useTexts();
  const { corner, handlers } = useCorner();
  // A connected participant may send neither audio nor video.
  const isThere = remote !== null || state.phase === 'connected';
  const bottomStart = corner.block === 'end' && corner.inline === 'start';
  return (
    <section
      tabIndex={-1}
      aria-label={texts.call.stage.label}
      className="relative min-h-0 flex-1 overflow-hidden bg-stage text-on-stage outline-none lg:rounded-2xl lg:border lg:border-line"
    >
      <RemoteTile
        remote={remote}
        name={call.peerName ?? ''}
        isThere={isThere}
        isReconnecting={isThere && isInterrupted(state)}
        speaker={local.speaker}
        nameSide={bottomStart ? 'end' : 'start'}
      />
      <StageMessage
        state={state}
        phrase={phraseFor(state, call, texts)}
        hasPicture={isThere}
        isLow={corner.block === 'start'}
        invite={invite}
        onCheckConnection={onCheckConnection}
      />
      <LocalTile
        call={call}
        name={ownName}
        corner={corner}
        isTopTaken={isThere && state.phase !== 'connected'}
        handlers={handlers}
      />
      {isTalking && <Note className="bottom-3">{texts.call.stage.talking}</Note>}
      {local.camera === 'pending' && (
        <Note className="appear-late top-3">{texts.call.stage.allowDevices}</Note>
      )}
    </section>
  );
}

/** State for the remote tile: losing the own server says nothing about the other participant. */
function isInterrupted(state: CallState): boolean {
  return state.phase === 'reconnecting' && state.lost !== 'server';
}

function Note({ className, children }: { className: string; children: string }) {
  return (
    <p
      role="status"
      className={`${className} absolute inset-x-3 z-20 mx-auto w-fit rounded-2xl bg-stage-raised px-4 py-3 text-center ring-1 ring-on-stage/20`}
    >
      {children}
    </p>
  );
}
