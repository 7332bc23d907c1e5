// Parts of the page that come later, or not at all.

import { render, screen } from '@testing-library/react';
import { lazy } from 'react';
import { expect, it, vi } from 'vitest';
import { Lazy } from './Lazy';

it('draws what was loaded', async () => {
  const Part = lazy(async () => ({ default: () => <p>here it is</p> }));
  render(
    <Lazy>
      <Part />
    </Lazy>,
  );
  expect(await screen.findByText('here it is')).toBeTruthy();
});

it('says that something could not be loaded, and leaves the rest as it is', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const Part = lazy(() => Promise.reject(new TypeError('Failed to fetch')));
  render(
    <>
      <p>the rest</p>
      <Lazy>
        <Part />
      </Lazy>
    </>,
  );
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(screen.getByText('the rest')).toBeTruthy();
});
