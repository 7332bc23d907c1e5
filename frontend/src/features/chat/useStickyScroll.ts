// Keeps the newest message in sight, whatever grows or shrinks (messages, the composer, the keyboard
// of a phone), until somebody scrolls up; then everything stays where it is.

import { useCallback, useEffect, useLayoutEffect, useRef } from 'react';

/** So close to the end counts as being there. */
const NEAR_PX = 48;

export interface StickyScroll {
  /** For the element that scrolls; what it holds must be one element. */
  ref: React.RefObject<HTMLElement | null>;
  jumpToNewest(): void;
  /** Has what is in sight stay there when more is put above it. */
  keepPlace(): void;
}

export function useStickyScroll(onChange: (atNewest: boolean) => void): StickyScroll {
  const ref = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const distanceToKeep = useRef<number | null>(null);

  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    let wasInSight = box.clientHeight > 0;
    const follow = () => {
      const isInSight = box.clientHeight > 0;
      // Where it had been scrolled to is forgotten when it goes out of sight.
      if (isInSight && !wasInSight) isAtEnd.current = true;
      wasInSight = isInSight;
      if (!isAtEnd.current) return;
      scrollToEnd(box);
      onChange(true);
    };
    const onScroll = () => {
      if (box.clientHeight === 0) return;
      isAtEnd.current = distanceToEnd(box) <= NEAR_PX;
      onChange(isAtEnd.current);
    };
    const observer = new ResizeObserver(follow);
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', onScroll);
    };
  }, [onChange]);

  useLayoutEffect(() => {
    const box = ref.current;
    if (!box || distanceToKeep.current === null) return;
    box.scrollTop = box.scrollHeight - distanceToKeep.current;
    distanceToKeep.current = null;
  });

  const jumpToNewest = useCallback(() => {
    isAtEnd.current = true;
    if (ref.current) scrollToEnd(ref.current);
  }, []);

  const keepPlace = useCallback(() => {
    const box = ref.current;
    if (box) distanceToKeep.current = box.scrollHeight - box.scrollTop;
  }, []);

  return { ref, jumpToNewest, keepPlace };
}

function scrollToEnd(box: HTMLElement): void {
  box.scrollTop = box.scrollHeight;
}

function distanceToEnd(box: HTMLElement): number {
  return box.scrollHeight - box.clientHeight - box.scrollTop;
}
