// The own video, small, in a corner that the user chooses; mirrored, unless the camera faces away.

import { MicOff } from 'lucide-react';
import { cn } from '../../lib/cn';
import { useTexts } from '../../lib/i18n/useTexts';
import type { Corner } from './corners';
import type { CallView } from './useCall';
import type { useCorner } from './useCorner';
import { VideoPaused } from './VideoPaused';
import { VideoView } from './VideoView';

interface LocalTileProps {
  call: CallView;
  name: string;
  corner: Corner;
  /** True while a message is shown at the top. */
  isTopTaken: boolean;
  handlers: ReturnType<typeof useCorner>['handlers'];
}

const places = {
  block: { start: 'top-3 lg:top-4', end: 'bottom-3 lg:bottom-4' },
  inline: { start: 'start-3 lg:start-4', end: 'end-3 lg:end-4' },
} as const;

export function LocalTile({ call, name, corner, isTopTaken, handlers }: LocalTileProps) {
  const { local, screen, isVideoPaused } = call;
  const texts = useTexts().call.stage;
  const hasCamera = local.camera === 'on';
  const isMuted = local.microphone === 'off';
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset holds fields, and here are none.
    <div
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move it.
      tabIndex={0}
      aria-label={`${texts.ownPicture}. ${texts.ownPictureHelp}`}
      title={texts.ownPictureHelp}
      {...handlers}
      data-testid="own-tile"
      data-corner={`${corner.block} ${corner.inline}`}
      className={cn(
        'absolute z-10 flex cursor-grab touch-none items-center justify-center overflow-hidden active:cursor-grabbing',
        'rounded-xl bg-stage-raised shadow-lg ring-1 ring-on-stage/40 focus-visible:outline-on-stage',
        'h-36 w-28 sm:h-36 sm:w-52 short:h-20 short:w-32 3xl:h-56 3xl:w-80',
        isTopTaken && corner.block === 'start' ? 'top-32 short:top-22' : places.block[corner.block],
        places.inline[corner.inline],
      )}
    >
      <VideoView
        stream={screen ?? (hasCamera ? local.stream : null)}
        hasVideo={screen !== null || hasCamera}
        name={name}
        label={screen ? texts.yourScreen : texts.ownPicture}
        testId="local-video"
        initialsClass="size-14 text-xl short:mb-4 short:size-10 short:text-sm"
        fit={screen ? 'whole' : 'filled'}
        className={cn(!screen && !isOfBackCamera(local.stream) && '-scale-x-100')}
      />
      <p className="absolute start-2 bottom-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-stage/80 px-2 py-1 text-xs">
        {isMuted && <MicOff aria-hidden className="size-3.5 shrink-0" />}
        {isMuted && <span className="sr-only">{texts.muted}</span>}
        <span className="truncate">{screen ? texts.yourScreen : texts.you}</span>
      </p>
      {isVideoPaused && (
        <VideoPaused whose="own" className="absolute inset-x-1 top-1 short:hidden" />
      )}
    </div>
  );
}

function isOfBackCamera(stream: MediaStream): boolean {
  const camera = stream.getTracks().find(({ kind }) => kind === 'video');
  return camera?.getSettings().facingMode === 'environment';
}
