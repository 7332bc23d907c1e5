// Keeps the newest message visible when messages, the composer or a phone's keyboard change the
// size, unless the user has scrolled up.

import { useCallback, useEffect, useLayoutEffect, useRef } from 'react';

/** Distance from the end that counts as the end, in pixels. */
const NEAR_PX = 48;

export interface StickyScroll {
  /** Ref for the scrolling element, which must have one child. */
  ref: React.RefObject<HTMLElement | null>;
  jumpToNewest(): void;
  /** Keeps the visible content in place when content is added above it. */
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
      // The browser drops the scroll position of a hidden element.
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
