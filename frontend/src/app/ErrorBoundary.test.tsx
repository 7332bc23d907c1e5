// A page that fails.

import { render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { ErrorBoundary } from './ErrorBoundary';

it('a part that fails leaves a way on, and words for what happened', () => {
  // React reports what was thrown; so would the browser.
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const Broken = () => {
    throw new Error('thrown on purpose');
  };
  render(
    <ErrorBoundary>
      <Broken />
    </ErrorBoundary>,
  );
  expect(screen.getByTestId('ending').dataset.ending).toBe('crashed');
  expect(screen.getByRole('button', { name: 'Load again' })).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByRole('heading'));
});
