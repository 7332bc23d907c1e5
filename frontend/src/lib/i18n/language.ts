// The languages of the page: which there are, which one somebody wants, and loading it. English comes
// with the page; the others come when they are wanted.

import { recallForever, rememberForever } from '../browserStorage';
import { type Readable, Store } from '../store';
import { en, type Texts } from './texts/en';

interface LanguageInfo {
  /** What its speakers call it. */
  name: string;
  direction: 'ltr' | 'rtl';
  load: () => Promise<Texts>;
}

export const languages = {
  en: { name: 'English', direction: 'ltr', load: async () => en },
} satisfies Record<string, LanguageInfo>;

export type Language = keyof typeof languages;

export interface Translation {
  language: Language;
  texts: Texts;
}

const storageKey = 'switchboard.language';
const store = new Store<Translation>({ language: 'en', texts: en });

/** What the page is drawn in. Read it in components with useTexts. */
export const translation: Readable<Translation> = store;

/** The one chosen earlier, or else the first of the browser's that there is, or else English. */
export function preferredLanguage(): Language {
  const wanted = [recallForever(storageKey), ...navigator.languages];
  return wanted.map((tag) => tag?.split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

/** Changes to a language for good. */
export async function chooseLanguage(language: Language): Promise<void> {
  rememberForever(storageKey, language);
  await showLanguage(language);
}

/** Loads a language and draws the page in it; stays with the present one if it cannot be loaded. */
export async function showLanguage(language: Language): Promise<void> {
  const { direction, load } = languages[language];
  const texts = await load().catch(() => null);
  if (!texts) return;
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
  store.set({ language, texts });
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(languages, tag);
}
