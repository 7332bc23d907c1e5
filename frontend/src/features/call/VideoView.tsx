// A participant's video, or the initials while there is none.

import { type RefObject, useEffect, useState } from 'react';
import { cn } from '../../lib/cn';
import { usePlayback } from './usePlayback';

interface VideoViewProps {
  stream: MediaStream | null;
  /** True if `stream` has a video to show. */
  hasVideo: boolean;
  name: string;
  label: string;
  testId: string;
  initialsClass: string;
  /**
   * `whole` for content whose every corner matters, `filled` where cropping does not matter. By
   * default, `filled` where it crops little.
   */
  fit?: 'whole' | 'filled';
  className?: string;
}

export function VideoView(props: VideoViewProps) {
  const { stream, hasVideo, name, label, testId, initialsClass, fit } = props;
  const { ref } = usePlayback<HTMLVideoElement>(stream);
  const { hasFrames, isAlike } = useShape(ref, stream);
  const isShown = hasVideo && hasFrames;
  const isFilled = fit ? fit === 'filled' : isAlike;
  return (
    <>
      {!isShown && name && <Initials name={name} className={initialsClass} />}
      <video
        ref={ref}
        autoPlay
        playsInline
        muted
        aria-label={label}
        data-testid={testId}
        className={cn(
          'absolute inset-0 size-full',
          isFilled ? 'object-cover' : 'object-contain',
          !isShown && 'invisible',
          props.className,
        )}
      />
    </>
  );
}

/** Largest share of a video that may be cropped; more would cut off faces. */
const MAX_CROP = 0.3;

/** Tracks whether frames have arrived, and whether their aspect ratio nearly fits the element's. */
function useShape(ref: RefObject<HTMLVideoElement | null>, stream: MediaStream | null) {
  const [shape, setShape] = useState({ hasFrames: false, isAlike: true });
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    const measure = () => {
      const { videoWidth, videoHeight, clientWidth, clientHeight } = video;
      const ratio = (videoWidth * clientHeight) / (videoHeight * clientWidth || 1);
      const hasFrames = stream !== null && videoWidth > 0;
      setShape({ hasFrames, isAlike: Math.min(ratio, 1 / ratio) > 1 - MAX_CROP });
    };
    const resizing = new ResizeObserver(measure);
    resizing.observe(video);
    video.addEventListener('resize', measure);
    measure();
    return () => {
      resizing.disconnect();
      video.removeEventListener('resize', measure);
    };
  }, [ref, stream]);
  return shape;
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
