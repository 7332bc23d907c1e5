// The languages that the page can be drawn in. English comes with the page; any other is a chunk of
// its own, loaded when it is wanted.

import { en, type Texts } from './texts/en';

export interface LanguageInfo {
  /** What its speakers call it. */
  name: string;
  direction: 'ltr' | 'rtl';
  load: () => Promise<Texts>;
}

/** By their BCP 47 tags, without a region. */
export const languages = {
  en: { name: 'English', direction: 'ltr', load: async () => en },
  es: { name: 'Español', direction: 'ltr', load: () => import('./texts/es').then(({ es }) => es) },
  ar: { name: 'العربية', direction: 'rtl', load: () => import('./texts/ar').then(({ ar }) => ar) },
} satisfies Record<string, LanguageInfo>;

export type Language = keyof typeof languages;
