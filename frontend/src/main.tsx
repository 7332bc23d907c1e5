// Mounts the app in the user's language.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { preferredLanguage, showLanguage } from './lib/i18n/language';
import './index.css';

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');
const root = createRoot(element);

void showLanguage(preferredLanguage()).then(() =>
  root.render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
);
