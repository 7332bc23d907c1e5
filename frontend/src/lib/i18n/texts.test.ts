// Properties of the texts of every language: complete, with every parameter used, and with foreign
// names isolated.

import { afterAll, describe, expect, it } from 'vitest';
import { isolated } from './isolated';
import { showLanguage } from './language';
import { type Language, languages } from './languages';
import { ar } from './texts/ar';
import { en } from './texts/en';
import { es } from './texts/es';

type Leaf = string | string[] | ((...told: unknown[]) => string | string[]);

const everyLanguage = Object.keys(languages) as Language[];
const english = leavesOf(en);

/** Parameters of texts about numbers; others take words. */
const numbers: Record<string, unknown[]> = {
  'chat.unread': [1234],
  'chat.tooLong': [1234, '1234'],
  'connection.roundTrip': [1234],
  'endings.full.joinsIn': [1234],
  'endings.unreachable.nextTry': [1234],
  'call.quality.videoFormat': [1280, 720, '30'],
};
const words = ['Ann', 'Bob', '3:07'];
const tells = (path: string) => numbers[path] ?? words;

/** Texts that may spell a small number as a word. */
const counting = [
  'chat.unread',
  'chat.tooLong',
  'endings.full.joinsIn',
  'endings.unreachable.nextTry',
];

/** Every text of a dictionary by its path, as in `lobby.login.title`. */
function leavesOf(texts: object, parents: string[] = []): Map<string, Leaf> {
  const entries = Object.entries(texts).flatMap(([key, value]) => {
    const path = [...parents, key];
    const isGroup = typeof value === 'object' && !Array.isArray(value);
    return isGroup ? [...leavesOf(value, path)] : [[path.join('.'), value] as const];
  });
  return new Map(entries);
}

/** The text of a leaf, joined and with ASCII digits. */
function said(leaf: Leaf | undefined, ...told: unknown[]): string {
  const text = typeof leaf === 'function' ? leaf(...told) : leaf;
  return [text ?? 'undefined']
    .flat()
    .join('\n')
    .replace(/(\d)[.,](?=\d{3})/g, '$1');
}

/** Parameter for a device; other properties are `undefined`. */
const isChoice = (path: string) => said(english.get(path), ...words).includes('undefined');

function pathsOf(kind: 'words' | 'choices' | 'functions'): string[] {
  return [...english].flatMap(([path, leaf]) => {
    if (typeof leaf !== 'function') return kind === 'words' ? path : [];
    return (kind === 'choices') === isChoice(path) && kind !== 'words' ? path : [];
  });
}

describe.each(everyLanguage)('the texts in %s', (language) => {
  it('are complete, and empty only where there is nothing to say', async () => {
    const leaves = leavesOf(await languages[language].load());
    expect([...leaves.keys()]).toEqual([...english.keys()]);
    for (const path of pathsOf('words')) {
      const lines = [leaves.get(path)].flat() as string[];
      expect(lines.length, path).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line, path).toBe(line.trim());
        expect(line === '', path).toBe(english.get(path) === '');
      }
    }
  });

  it('contain their parameters', async () => {
    const leaves = leavesOf(await languages[language].load());
    for (const path of pathsOf('functions')) {
      const told = tells(path);
      const inEnglish = said(english.get(path), ...told);
      const held = told.map(String).filter((word) => inEnglish.includes(word));
      const text = said(leaves.get(path), ...told);
      for (const word of held) expect(text, path).toContain(word);
    }
  });

  it('distinguish the devices', async () => {
    const leaves = leavesOf(await languages[language].load());
    for (const path of pathsOf('choices')) {
      const choices = ['camera', 'microphone', 'both', 'speaker'].filter(
        (what) => !said(english.get(path), what, 7).includes('undefined'),
      );
      const texts = choices.map((what) => said(leaves.get(path), what, 7));
      const inEnglish = new Set(choices.map((what) => said(english.get(path), what, 7)));
      expect(choices, path).toHaveLength(3);
      expect(texts.join(), path).not.toContain('undefined');
      // English has “it” for both devices; other languages may omit the pronoun.
      if (inEnglish.size === 3) expect(new Set(texts).size, path).toBe(3);
    }
  });

  it('differ by number', async () => {
    const leaves = leavesOf(await languages[language].load());
    const counts = Array.from({ length: 200 }, (_, index) => index + 1);
    for (const path of counting) {
      const texts = counts.map((count) => said(leaves.get(path), count, `${count}`));
      expect(new Set(texts).size, path).toBe(counts.length);
    }
  });
});

describe.each([
  ['es', es],
  ['ar', ar],
] as const)('words of another script in %s', (_, texts) => {
  it('are isolated from the sentence', () => {
    const leaves = leavesOf(texts);
    for (const path of pathsOf('functions')) {
      // A name for the operating system, not part of a sentence.
      if (path in numbers || path === 'chat.transcript.fileName') continue;
      const rest = words.reduce(
        (text, word) => text.replaceAll(isolated(word), ''),
        said(leaves.get(path), ...words),
      );
      for (const word of words) expect(rest, path).not.toContain(word);
    }
  });
});

describe('Arabic', () => {
  afterAll(() => showLanguage('en'));

  it('sets the page’s direction to right-to-left', async () => {
    await showLanguage('ar');
    expect(document.documentElement).toMatchObject({ lang: 'ar', dir: 'rtl' });
    await showLanguage('es');
    expect(document.documentElement).toMatchObject({ lang: 'es', dir: 'ltr' });
  });

  it('is written in Arabic letters', () => {
    const foreign = [...leavesOf(ar)]
      .map(([path, leaf]) => [path, said(leaf, ...tells(path))] as const)
      .filter(([, text]) => text !== '' && !/\p{Script=Arabic}/u.test(text))
      .map(([path]) => path);
    expect(foreign).toEqual([
      'common.productName',
      'call.controls.withKey',
      'call.quality.unknown',
      'chat.said',
      'chat.transcript.fileName',
    ]);
  });

  it.each([
    [0, 'لا رسائل جديدة'],
    [1, 'رسالة جديدة واحدة'],
    [2, 'رسالتان جديدتان'],
    [3, '3 رسائل جديدة'],
    [11, '11 رسالة جديدة'],
    [100, '100 رسالة جديدة'],
  ])('counts %i messages', (count, text) => {
    expect(ar.chat.unread(count)).toBe(text);
  });
});

describe('isolated words', () => {
  it('cannot end their isolation', () => {
    expect(isolated('Ann\u2069\u202e')).toBe('\u2068Ann\u2069');
  });
});
