// Lets the user move an element to another corner of its container, by pointer or arrow keys, and
// stores the corner.

import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { recallForever, rememberForever } from '../../lib/browserStorage';
import {
  afterKey,
  type Corner,
  cornerFrom,
  cornerText,
  type Direction,
  nearestCorner,
} from './corners';

const storageKey = 'switchboard.corner';

export function useCorner() {
  const [corner, setCorner] = useState(() => cornerFrom(recallForever(storageKey)));
  const grip = useRef<{ x: number; y: number } | null>(null);

  function moveTo(next: Corner) {
    setCorner(next);
    rememberForever(storageKey, cornerText(next));
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const next = afterKey(corner, event.key, directionOf(event.currentTarget));
    if (!next) return;
    event.preventDefault();
    moveTo(next);
  }

  function onPointerDown({ currentTarget, pointerId, clientX: x, clientY: y }: Pointer) {
    currentTarget.setPointerCapture(pointerId);
    grip.current = { x, y };
  }

  function onPointerMove({ currentTarget, clientX, clientY }: Pointer) {
    if (!grip.current) return;
    const { x, y } = grip.current;
    currentTarget.style.translate = `${clientX - x}px ${clientY - y}px`;
  }

  function onPointerUp({ currentTarget }: Pointer) {
    const stage = currentTarget.offsetParent;
    if (grip.current && stage) {
      const [tile, around] = [currentTarget, stage].map((box) => box.getBoundingClientRect());
      if (tile && around) moveTo(nearestCorner(tile, around, directionOf(currentTarget)));
    }
    onPointerCancel({ currentTarget });
  }

  function onPointerCancel({ currentTarget }: Pick<Pointer, 'currentTarget'>) {
    grip.current = null;
    currentTarget.style.translate = '';
  }

  const handlers = { onKeyDown, onPointerDown, onPointerMove, onPointerUp, onPointerCancel };
  return { corner, handlers };
}

type Pointer = PointerEvent<HTMLElement>;

function directionOf(element: HTMLElement): Direction {
  return getComputedStyle(element).direction === 'rtl' ? 'rtl' : 'ltr';
}
