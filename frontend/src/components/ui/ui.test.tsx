// Components with behaviour of their own.

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { showLanguage } from '../../lib/i18n/language';
import type { Texts } from '../../lib/i18n/texts/en';
import { NOTICE_MS, notify } from '../../lib/notices';
import { setUnreadBadge } from '../../lib/unreadBadge';
import { LanguagePicker } from './LanguagePicker';
import { Notices } from './Notices';
import { PageTitle } from './PageTitle';

vi.mock('../../lib/i18n/languages', async (actual) => {
  const { languages } = await actual<typeof import('../../lib/i18n/languages')>();
  const { common, ...rest } = (await import('../../lib/i18n/texts/en')).en;
  const texts: Texts = { ...rest, common: { ...common, language: 'Egaugnal' } };
  const xx = { name: 'Xish', direction: 'rtl', load: async () => texts };
  return { languages: { ...languages, xx } };
});

describe('the language picker', () => {
  it('lists each language under its own name, and draws the page in the chosen one', async () => {
    render(<LanguagePicker />);
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Language' }), 'Xish');
    await screen.findByRole('combobox', { name: 'Egaugnal' });
    expect(document.documentElement).toMatchObject({ lang: 'xx', dir: 'rtl' });
    await act(() => showLanguage('en'));
  });
});

describe('a notice', () => {
  it('is announced, replaced by the next one, and removed after a while', () => {
    vi.useFakeTimers();
    render(<Notices />);
    const region = screen.getByRole('status');
    act(() => notify('Link copied'));
    act(() => vi.advanceTimersByTime(NOTICE_MS - 1));
    act(() => notify('The chat was saved.'));
    act(() => vi.advanceTimersByTime(NOTICE_MS - 1));
    expect(region.textContent).toBe('The chat was saved.');
    act(() => vi.advanceTimersByTime(1));
    expect(region.textContent).toBe('');
  });
});

describe('the title of the page', () => {
  it('starts with the number of unread messages', () => {
    render(<PageTitle text="42" />);
    expect(document.title).toBe('42 · Switchboard');
    act(() => setUnreadBadge(2));
    expect(document.title).toBe('(2) 42 · Switchboard');
    act(() => setUnreadBadge(0));
    expect(document.title).toBe('42 · Switchboard');
  });
});
