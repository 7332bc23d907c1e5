// Corners for the own tile.

import { describe, expect, it } from 'vitest';
import { afterKey, cornerFrom, cornerText, defaultCorner, nearestCorner } from './corners';

const stage = { left: 0, top: 0, width: 400, height: 800 } as DOMRect;
const topLeft = { left: 20, top: 30, width: 100, height: 100 } as DOMRect;

describe('a corner', () => {
  it('is the one nearest to the tile', () => {
    expect(nearestCorner(topLeft, stage, 'ltr')).toEqual({ block: 'start', inline: 'start' });
    expect(nearestCorner(topLeft, stage, 'rtl')).toEqual({ block: 'start', inline: 'end' });
  });

  it('follows the arrow keys in either reading direction', () => {
    const right = { block: 'end', inline: 'end' };
    expect(afterKey({ block: 'end', inline: 'start' }, 'ArrowRight', 'ltr')).toEqual(right);
    expect(afterKey({ block: 'end', inline: 'start' }, 'ArrowLeft', 'rtl')).toEqual(right);
    expect(afterKey(defaultCorner, 'ArrowUp', 'ltr')).toEqual({ block: 'start', inline: 'end' });
    expect(afterKey(defaultCorner, 'Enter', 'ltr')).toBeNull();
  });

  it.each([null, '', 'start', 'top left', 'start end end-of-the-world'])(
    'that is stored as %j is one of the four',
    (text) => {
      expect(['start', 'end']).toContain(cornerFrom(text).block);
      expect(['start', 'end']).toContain(cornerFrom(text).inline);
    },
  );

  it('is stored and read back', () => {
    const corner = { block: 'start', inline: 'end' } as const;
    expect(cornerFrom(cornerText(corner))).toEqual(corner);
  });
});
