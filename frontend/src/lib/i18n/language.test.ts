// Languages: which one is chosen, and what happens while it loads. `xx` is written from right to
// left and loads when the test says so.

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

  it('is the one that was chosen, from then on', async () => {
    speak('en');
    await chooseLanguage(xx);
    expect(preferredLanguage()).toBe('xx');
  });
});

describe('a language', () => {
  it('is loaded when it is wanted, and turns the page', async () => {
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
    await showLanguage(xx);
    expect(page()).toEqual({ lang: 'xx', dir: 'rtl' });
    expect(translation.get().texts.common.close).toBe('esolC');
  });

  it('that cannot be loaded leaves the page as it is', async () => {
    load.mockRejectedValue(new Error('offline'));
    await showLanguage(xx);
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
  });

  it('that loads slowly does not overtake the one that was wanted later', async () => {
    let arrive = (_texts: Texts) => {};
    load.mockReturnValue(new Promise((resolve) => (arrive = resolve)));
    const showing = showLanguage(xx);
    await showLanguage('en');
    arrive(texts);
    await showing;
    expect(page()).toEqual({ lang: 'en', dir: 'ltr' });
  });
});
