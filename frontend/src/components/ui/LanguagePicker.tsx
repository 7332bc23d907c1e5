// Chooses the language of the page. There is nothing to see where there is only one.

import { Languages } from 'lucide-react';
import { cn } from '../../lib/cn';
import { chooseLanguage } from '../../lib/i18n/language';
import { type Language, type LanguageInfo, languages } from '../../lib/i18n/languages';
import { useLanguage, useTexts } from '../../lib/i18n/useTexts';

export function LanguagePicker({ className }: { className?: string }) {
  const { common } = useTexts();
  const language = useLanguage();
  const choices = Object.entries(languages) as Array<[Language, LanguageInfo]>;
  if (choices.length < 2) return null;
  return (
    <label className={cn('inline-flex items-center gap-2 text-sm', className)}>
      <Languages aria-hidden className="size-5 shrink-0 text-muted" />
      <span className="sr-only">{common.language}</span>
      <select
        value={language}
        onChange={(event) => void chooseLanguage(event.target.value as Language)}
        className="min-h-11 cursor-pointer rounded-control border border-edge bg-surface px-2 text-ink"
        data-testid="language-select"
      >
        {choices.map(([tag, { name }]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
