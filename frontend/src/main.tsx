// Mounts the app in the user's language.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { addressUnderBase } from './lib/basePath';
import { preferredLanguage, showLanguage } from './lib/i18n/language';
import './index.css';

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');
const root = createRoot(element);
const address = addressUnderBase(window.location);

if (address) {
  window.location.replace(address);
} else {
  void showLanguage(preferredLanguage()).then(() =>
    root.render(
      <StrictMode>
        <App />
      </StrictMode>,
    ),
  );
}
