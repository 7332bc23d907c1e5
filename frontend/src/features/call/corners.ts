// The four corners for the own tile, and moving between them. Pure.

/** Corners relative to the page's reading direction. */
export interface Corner {
  block: 'start' | 'end';
  inline: 'start' | 'end';
}

export type Direction = 'ltr' | 'rtl';

export const defaultCorner: Corner = { block: 'end', inline: 'end' };

export function cornerFrom(text: string | null): Corner {
  const [block, inline] = text?.split(' ') ?? [];
  const isSide = (side: string | undefined) => side === 'start' || side === 'end';
  return isSide(block) && isSide(inline) ? ({ block, inline } as Corner) : defaultCorner;
}

export function cornerText({ block, inline }: Corner): string {
  return `${block} ${inline}`;
}

/** Corner that a key leads to from `corner`; null for other keys. */
export function afterKey(corner: Corner, key: string, direction: Direction): Corner | null {
  const [left, right] = sides(direction);
  switch (key) {
    case 'ArrowUp':
      return { ...corner, block: 'start' };
    case 'ArrowDown':
      return { ...corner, block: 'end' };
    case 'ArrowLeft':
      return { ...corner, inline: left };
    case 'ArrowRight':
      return { ...corner, inline: right };
    default:
      return null;
  }
}

/** Corner nearest to the centre of `tile`. */
export function nearestCorner(tile: DOMRect, stage: DOMRect, direction: Direction): Corner {
  const [left, right] = sides(direction);
  const isLow = tile.top + tile.height / 2 > stage.top + stage.height / 2;
  const isRight = tile.left + tile.width / 2 > stage.left + stage.width / 2;
  return { block: isLow ? 'end' : 'start', inline: isRight ? right : left };
}

function sides(direction: Direction): ['start' | 'end', 'start' | 'end'] {
  return direction === 'ltr' ? ['start', 'end'] : ['end', 'start'];
}
