// Folds long messages until the user expands them.

const MAX_LENGTH = 1_000;
const MAX_LINES = 15;

/** The beginning of a long text, cut between words if possible; null for a short text. */
export function beginningOf(text: string): string | null {
  const byLines = endOfLine(text, MAX_LINES);
  // A text slightly above the limit is shown whole.
  if (text.length <= 1.25 * MAX_LENGTH && byLines === text.length) return null;
  const end = Math.min(byLines, MAX_LENGTH);
  return text.slice(0, end === byLines ? end : endOfWord(text, end)).trimEnd();
}

/** End of the line with that number, or of the text. */
function endOfLine(text: string, number: number): number {
  let end = -1;
  for (let line = 0; line < number; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end === -1) return text.length;
  }
  return end;
}

/** The last space before `limit`, unless it is far from it. */
function endOfWord(text: string, limit: number): number {
  const gap = text.slice(0, limit).search(/\s\S*$/u);
  if (gap > limit / 2) return gap;
  const isWithinCharacter = /[\ud800-\udbff]/.test(text.charAt(limit - 1));
  return isWithinCharacter ? limit - 1 : limit;
}
