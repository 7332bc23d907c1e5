// Names and other words that come from elsewhere, inside a sentence of another direction.

const BEGIN = '\u2068';
const END = '\u2069';

/** What changes the direction of text beyond itself, and could undo the isolation from within. */
const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Sets words apart from the sentence around them, which is then drawn in its right order whatever
 * they are written in: between U+2068 and U+2069, as in the Unicode Bidirectional Algorithm.
 */
export function isolated(words: string): string {
  return `${BEGIN}${words.replace(CONTROLS, '')}${END}`;
}
