// Isolates foreign words, such as names, from the direction of the sentence around them.

const BEGIN = '\u2068';
const END = '\u2069';

/** Bidirectional controls, which could undo the isolation from within. */
const CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Wraps words in U+2068 and U+2069, so that their direction does not reorder the sentence.
 *
 * Source: Unicode Bidirectional Algorithm, isolates
 */
export function isolated(words: string): string {
  return `${BEGIN}${words.replace(CONTROLS, '')}${END}`;
}
