// Picker for the page's language; hidden where there is only one.

import { ChevronDown, Languages } from 'lucide-react';
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
      <Languages aria-hidden className="size-5 shrink-0 text-muted max-[22rem]:hidden" />
      <span className="sr-only">{common.language}</span>
      <span className="relative">
        <select
          value={language}
          onChange={(event) => void chooseLanguage(event.target.value as Language)}
          className="min-h-11 cursor-pointer appearance-none rounded-control border border-edge bg-surface ps-3 pe-8 text-ink"
          data-testid="language-select"
        >
          {choices.map(([tag, { name, direction }]) => (
            <option key={tag} value={tag} lang={tag} dir={direction}>
              {name}
            </option>
          ))}
        </select>
        <ChevronDown
          aria-hidden
          className="pointer-events-none absolute inset-y-0 end-2 my-auto size-4 text-muted"
        />
      </span>
    </label>
  );
}
