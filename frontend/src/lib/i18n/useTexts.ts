// The texts of the page's current language.

import { useStore } from '../useStore';
import { translation } from './language';
import type { Language } from './languages';
import type { Texts } from './texts/en';

export function useTexts(): Texts {
  return useStore(translation).texts;
}

export function useLanguage(): Language {
  return useStore(translation).language;
}
