// The texts of the page in the language it is drawn in.

import { useStore } from '../useStore';
import { type Language, translation } from './language';
import type { Texts } from './texts/en';

export function useTexts(): Texts {
  return useStore(translation).texts;
}

export function useLanguage(): Language {
  return useStore(translation).language;
}
