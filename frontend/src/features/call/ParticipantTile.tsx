// One person: their picture, or their initials where there is none.

import { Volume2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../../components/ui/Button';
import { cn } from '../../lib/cn';
import { useVideoElement } from './useVideoElement';

const variants = {
  /** Fills the stage. */
  remote: { tile: 'absolute inset-0', video: '', initials: 'size-28 text-4xl' },
  /** Small and mirrored, as people know themselves; never heard. */
  local: {
    tile: cn(
      'absolute right-3 bottom-3 h-36 w-28 overflow-hidden rounded-xl bg-stage-raised',
      'shadow-lg ring-1 ring-on-stage/20 sm:h-36 sm:w-52 short:h-20 short:w-32 compact:h-16 compact:w-24 lg:right-4 lg:bottom-4',
    ),
    video: '-scale-x-100 object-cover',
    initials: 'size-14 text-xl',
  },
} as const;

interface ParticipantTileProps {
  variant: keyof typeof variants;
  name: string;
  stream: MediaStream | null;
  hasVideo: boolean;
  /** What lies over the picture. */
  children?: ReactNode;
}

export function ParticipantTile(props: ParticipantTileProps) {
  const { variant, name, stream, hasVideo, children } = props;
  const { ref, isBlocked, play } = useVideoElement(stream);
  const look = variants[variant];
  return (
    <div className={cn('flex items-center justify-center', look.tile)}>
      {!hasVideo && name && <Initials name={name} className={look.initials} />}
      <video
        ref={ref}
        autoPlay
        playsInline
        muted={variant === 'local'}
        aria-label={variant === 'local' ? 'Your picture' : `Picture of ${name}`}
        data-testid={`${variant}-video`}
        className={cn('absolute inset-0 size-full', look.video, !hasVideo && 'invisible')}
      />
      {isBlocked && (
        <Button onClick={play} className="relative">
          <Volume2 aria-hidden className="size-5" />
          Tap to hear {name}
        </Button>
      )}
      {children}
    </div>
  );
}

function Initials({ name, className }: { name: string; className: string }) {
  const letters = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0]?.toLocaleUpperCase())
    .join('');
  return (
    <span
      aria-hidden
      className={cn(
        'flex items-center justify-center rounded-full bg-stage-raised font-medium',
        'text-on-stage ring-1 ring-on-stage/20',
        className,
      )}
    >
      {letters}
    </span>
  );
}
