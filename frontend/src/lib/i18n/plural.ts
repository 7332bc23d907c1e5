// Picks the form of a word that goes with a number. English has two of them, Arabic six.

/** By the names of the Unicode plural rules; a form that a language does not need is left out. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export function pluralIn(language: string): (count: number, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(language);
  return (count, forms) => forms[rules.select(count)] ?? forms.other;
}
