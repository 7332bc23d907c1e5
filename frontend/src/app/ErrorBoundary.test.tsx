// A component that throws.

import { render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { ErrorBoundary } from './ErrorBoundary';

it('an error in a component shows what happened and a way to continue', () => {
  // React logs the error, as would the browser.
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
