// Choosing and loading languages. `xx` is right-to-left and loads when the test resolves it.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseLanguage, preferredLanguage, showLanguage, translation } from './language';
import type { Language } from './languages';
import { en, type Texts } from './texts/en';

const load = vi.hoisted(() => vi.fn<() => Promise<Texts>>());

vi.mock('./languages', async (actual) => {
  const { languages } = await actual<typeof import('./languages')>();
  return { languages: { ...languages, xx: { name: 'Xish', direction: 'rtl', load } } };
});

const xx = 'xx' as Language;
const texts: Texts = { ...en, common: { ...en.common, close: 'esolC' } };

beforeEach(async () => {
  load.mockReset().mockResolvedValue(texts);
  await showLanguage('en');
});

function speak(...tags: string[]): void {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(tags);
}

const page = () => ({ lang: document.documentElement.lang, dir: document.documentElement.dir });

describe('the preferred language', () => {
  it.each([
    [['qq', 'xx-QQ', 'en'], 'xx'],
    [['qq'], 'en'],
    [[], 'en'],
  ])('of a browser that speaks %j is %s', (tags, expected) => {
    speak(...tags);
    expect(preferredLanguage()).toBe(expected);
  });

  it('is the chosen one from then on', async () => {
    speak('en');
    await chooseLanguage(xx);
    expect(preferredLanguage()).toBe('xx');
  });
});

describe('a language', () => {
  it('is loaded on demand, and sets the page’s direction', async () => {
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
    await showLanguage(xx);
    expect(page()).toEqual({ lang: 'xx', dir: 'rtl' });
    expect(translation.get().texts.common.close).toBe('esolC');
  });

  it('that cannot be loaded leaves the page unchanged', async () => {
    load.mockRejectedValue(new Error('offline'));
    await showLanguage(xx);
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
  });

  it('that loads slowly does not replace one requested later', async () => {
    let arrive = (_texts: Texts) => {};
    load.mockReturnValue(new Promise((resolve) => (arrive = resolve)));
    const showing = showLanguage(xx);
    await showLanguage('en');
    arrive(texts);
    await showing;
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
  });
});
