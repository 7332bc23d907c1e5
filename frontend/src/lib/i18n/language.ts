// Chooses, loads and applies the page's language.

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

/** The language requested last: one that loads slowly must not replace it. */
let wanted: Language = 'en';

/** The current language and its texts. Components read them with useTexts. */
export const translation: Readable<Translation> = store;

/** The chosen language, otherwise the browser's first available one, otherwise English. */
export function preferredLanguage(): Language {
  const tags = [recallForever(storageKey), ...navigator.languages];
  return tags.map((tag) => tag?.split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

/** Changes the language and stores the choice. */
export async function chooseLanguage(language: Language): Promise<void> {
  rememberForever(storageKey, language);
  await showLanguage(language);
}

/** Loads a language and applies it; keeps the current one if it cannot be loaded. */
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
