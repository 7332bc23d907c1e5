// The available languages. English is in the main bundle; each other one is a chunk, loaded on
// demand.

import { en, type Texts } from './texts/en';

export interface LanguageInfo {
  /** Its own name. */
  name: string;
  direction: 'ltr' | 'rtl';
  load: () => Promise<Texts>;
}

/** By BCP 47 tag, without a region. */
export const languages = {
  en: { name: 'English', direction: 'ltr', load: async () => en },
  es: { name: 'Español', direction: 'ltr', load: () => import('./texts/es').then(({ es }) => es) },
  ar: { name: 'العربية', direction: 'rtl', load: () => import('./texts/ar').then(({ ar }) => ar) },
} satisfies Record<string, LanguageInfo>;

export type Language = keyof typeof languages;
