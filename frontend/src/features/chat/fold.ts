// Long messages are shown in part until somebody wants the rest.

const MAX_LENGTH = 1_000;
const MAX_LINES = 15;

/** The beginning of a long text, cut between words where that is possible; null when it is short. */
export function beginningOf(text: string): string | null {
  const byLines = endOfLine(text, MAX_LINES);
  // Somewhat too long is better shown than folded.
  if (text.length <= 1.25 * MAX_LENGTH && byLines === text.length) return null;
  const end = Math.min(byLines, MAX_LENGTH);
  return text.slice(0, end === byLines ? end : endOfWord(text, end)).trimEnd();
}

/** Where the line of that number ends, or the text. */
function endOfLine(text: string, number: number): number {
  let end = -1;
  for (let line = 0; line < number; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end === -1) return text.length;
  }
  return end;
}

/** The last gap between words before `limit`, unless that is far away. */
function endOfWord(text: string, limit: number): number {
  const gap = text.slice(0, limit).search(/\s\S*$/u);
  if (gap > limit / 2) return gap;
  const isWithinCharacter = /[\ud800-\udbff]/.test(text.charAt(limit - 1));
  return isWithinCharacter ? limit - 1 : limit;
}
