// Lazy components that load, and that fail to load.

import { render, screen } from '@testing-library/react';
import { lazy } from 'react';
import { expect, it, vi } from 'vitest';
import { Lazy } from './Lazy';

it('draws the loaded component', async () => {
  const Part = lazy(async () => ({ default: () => <p>here it is</p> }));
  render(
    <Lazy>
      <Part />
    </Lazy>,
  );
  expect(await screen.findByText('here it is')).toBeTruthy();
});

it('reports a component that cannot be loaded, and keeps the rest of the page', async () => {
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
