import '@rozmova/react/styles.css';
import './styles/fonts.css';
import './styles/demo.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { connectEarly } from './session';
import { SettingsProvider, firstLocale } from './settings';
import { loadStrings } from './strings';

// Before anything connects: what breaks the network has to lie under everything.
const lab = new URLSearchParams(window.location.search).has('lab');
if (lab) (await import('./lab/network')).installLab();

if (!window.location.pathname.startsWith('/gallery')) connectEarly();
const locale = firstLocale();
const strings = await loadStrings(locale);
createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <SettingsProvider locale={locale} strings={strings}>
      <App lab={lab} />
    </SettingsProvider>
  </StrictMode>,
);
