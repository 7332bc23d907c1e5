// The two pictures, and over them the words for whatever is not as it should be.

import { MicOff } from 'lucide-react';
import { Spinner } from '../../components/ui/Spinner';
import type { CallState } from '../../rtc/callState';
import { ParticipantTile } from './ParticipantTile';
import { type Phrase, phraseFor } from './phrases';
import type { CallView } from './useCall';

interface CallStageProps {
  call: CallView;
  ownName: string;
}

export function CallStage({ call, ownName }: CallStageProps) {
  const { state, peerName, remote, local } = call;
  const phrase = phraseFor(state, peerName);
  // Whoever sends neither sound nor picture is there all the same.
  const hasRemote = remote !== null || state.phase === 'connected';
  const hasOwnPicture = local.camera === 'on' || local.camera === 'off';
  return (
    <section
      aria-label="Pictures"
      className="relative min-h-0 flex-1 overflow-hidden bg-stage text-on-stage lg:rounded-2xl lg:border lg:border-line"
    >
      <ParticipantTile
        variant="remote"
        name={hasRemote ? (peerName ?? '') : ''}
        stream={remote?.stream ?? null}
        hasVideo={remote?.hasVideo ?? false}
      />
      {hasRemote && peerName && <NameTag name={peerName} />}
      <StageWords state={state} phrase={phrase} hasRemote={hasRemote} />
      <ParticipantTile
        variant="local"
        name={ownName}
        stream={hasOwnPicture ? local.stream : null}
        hasVideo={local.camera === 'on'}
      >
        {local.microphone === 'off' && <MutedTag />}
      </ParticipantTile>
      {local.camera === 'pending' && <DevicePrompt />}
    </section>
  );
}

function NameTag({ name }: { name: string }) {
  return (
    <p className="absolute bottom-3 left-3 max-w-1/2 truncate rounded-lg bg-stage/80 px-2.5 py-1 text-sm lg:bottom-4 lg:left-4">
      {name}
    </p>
  );
}

function MutedTag() {
  return (
    <p className="absolute bottom-2 left-2 flex items-center gap-1 rounded-lg bg-stage/80 px-2 py-1 text-xs">
      <MicOff aria-hidden className="size-3.5" />
      Muted
    </p>
  );
}

interface StageWordsProps {
  state: CallState;
  phrase: Phrase;
  hasRemote: boolean;
}

/** The status in the header is read out; this is for the eyes. */
function StageWords({ state, phrase, hasRemote }: StageWordsProps) {
  if (state.phase === 'connected') return null;
  const isBusy = state.phase === 'connecting' || state.phase === 'reconnecting';
  if (hasRemote) return <Banner phrase={phrase} isBusy={isBusy} />;
  return (
    <div className="absolute inset-0 flex flex-col items-center justify-center gap-3 p-6 pb-44 text-center short:gap-1 short:px-36 short:py-2 compact:pe-32 compact:py-1">
      {isBusy && <Spinner className="size-8" />}
      <h2 className="text-xl font-semibold text-balance sm:text-2xl compact:text-base">
        {phrase.title}
      </h2>
      <p className="max-w-md text-balance text-on-stage-muted compact:sr-only">{phrase.detail}</p>
    </div>
  );
}

/** Leaves the picture in sight: it may be moving still. */
function Banner({ phrase, isBusy }: { phrase: Phrase; isBusy: boolean }) {
  return (
    <div className="absolute inset-x-3 top-3 flex justify-center">
      <div className="flex items-center gap-3 rounded-2xl bg-stage/90 px-4 py-3 ring-1 ring-on-stage/20">
        {isBusy && <Spinner />}
        <div>
          <h2 className="font-medium">{phrase.title}</h2>
          <p className="text-sm text-on-stage-muted">{phrase.detail}</p>
        </div>
      </div>
    </div>
  );
}

/** Comes late, so that whoever has allowed the devices before never sees it. */
function DevicePrompt() {
  return (
    <p
      role="status"
      className="appear-late absolute inset-x-3 top-3 mx-auto w-fit rounded-2xl bg-stage-raised px-4 py-3 text-center ring-1 ring-on-stage/20"
    >
      If your browser asks for camera and microphone, please choose “Allow”.
    </p>
  );
}
