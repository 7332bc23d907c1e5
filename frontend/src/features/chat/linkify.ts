// Finds the links in a text. Returns text; the page never renders HTML from it.
//
// Runs in linear time: each character is in at most one match, and is read once more to trim it.

export interface Piece {
  text: string;
  /** Address of a link; absent for other text. */
  href?: string;
}

/** Invisible characters end a link: they reorder text and hide what follows. */
const candidates =
  /(?<![\p{L}\p{N}_])(?:https?:\/\/|mailto:|www\.)[^\s<>"“”«»`\\^{|}\p{Cc}\p{Cf}]+/giu;

const closers: Record<string, string> = { ')': '(', ']': '[', '）': '（', '】': '【' };
const punctuation = new Set([...".,:;!?'’‘*~…。、，！？；：」』"]);

/** Splits a text into pieces, which add up to it. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(candidates)) {
    const link = withoutTail(match[0]);
    const href = hrefOf(link);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: link, href });
    end = match.index + link.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Trims the sentence's punctuation: a final full stop, and brackets without an opening one. */
function withoutTail(link: string): string {
  const surplus = surplusClosers(link);
  let length = link.length;
  for (; length > 0; length -= 1) {
    const last = link.charAt(length - 1);
    const isSurplus = (surplus.get(last) ?? 0) > 0;
    if (isSurplus) surplus.set(last, (surplus.get(last) ?? 0) - 1);
    else if (!punctuation.has(last)) break;
  }
  return link.slice(0, length);
}

/** For each closing bracket, how many more of it there are than of the opening one. */
function surplusClosers(link: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const character of link) counts.set(character, (counts.get(character) ?? 0) + 1);
  const surplus = ([closer, opener]: [string, string]): [string, number] => [
    closer,
    (counts.get(closer) ?? 0) - (counts.get(opener) ?? 0),
  ];
  return new Map(Object.entries(closers).map(surplus));
}

function hrefOf(link: string): string | null {
  const address = /^www\./i.test(link) ? `https://${link}` : link;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url) return null;
  if (url.protocol === 'mailto:') return /^[^@?]+@[^@?]+/.test(url.pathname) ? url.href : null;
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
  // `https://your.bank@evil.test` leads to evil.test.
  return isWeb && url.username === '' && url.password === '' ? url.href : null;
}
