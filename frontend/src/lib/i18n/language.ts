// Which language somebody wants, and drawing the page in it.

import { recallForever, rememberForever } from '../browserStorage';
import { type Readable, Store } from '../store';
import { type Language, languages } from './languages';
import { en, type Texts } from './texts/en';

export interface Translation {
  language: Language;
  texts: Texts;
}

const storageKey = 'switchboard.language';
const store = new Store<Translation>({ language: 'en', texts: en });

/** The language asked for last: one that loads slowly must not overtake it. */
let wanted: Language = 'en';

/** What the page is drawn in. Read it in components with useTexts. */
export const translation: Readable<Translation> = store;

/** The one chosen earlier, or else the first of the browser's that there is, or else English. */
export function preferredLanguage(): Language {
  const tags = [recallForever(storageKey), ...navigator.languages];
  return tags.map((tag) => tag?.split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

/** Changes to a language for good. */
export async function chooseLanguage(language: Language): Promise<void> {
  rememberForever(storageKey, language);
  await showLanguage(language);
}

/** Loads a language and draws the page in it; stays with the present one if it cannot be loaded. */
export async function showLanguage(language: Language): Promise<void> {
  wanted = language;
  const { direction, load } = languages[language];
  const texts = await load().catch(() => null);
  if (!texts || wanted !== language) return;
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
  store.set({ language, texts });
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(languages, tag);
}
