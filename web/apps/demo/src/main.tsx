import '@rozmova/react/styles.css';
import './styles/fonts.css';
import './styles/demo.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { SettingsProvider, firstLocale } from './settings';
import { loadStrings } from './strings';

const locale = firstLocale();
const strings = await loadStrings(locale);
createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <SettingsProvider locale={locale} strings={strings}>
      <App />
    </SettingsProvider>
  </StrictMode>,
);
