/** Language and theme: kept per browser, shared by all its tabs at the next load. */
import { createTranslator, regionalLocale } from '@rozmova/react';
import type { Locale, Theme, Translator } from '@rozmova/react';
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { keep, recall } from './storage';
import { loadStrings } from './strings';
import type { DemoStrings } from './strings';

export interface Settings {
  locale: Locale;
  /** Chosen, and perhaps still on its way. */
  wanted: Locale;
  theme: Theme;
  translator: Translator<DemoStrings>;
  setLocale(locale: Locale): void;
  setTheme(theme: Theme): void;
}

const SettingsContext = createContext<Settings | null>(null);

export function useSettings(): Settings {
  const settings = useContext(SettingsContext);
  if (settings === null) throw new Error('useSettings needs <SettingsProvider>');
  return settings;
}

/** The language to start with, as this browser was last left. */
export function firstLocale(): Locale {
  return stored('rozmova.locale', ['uk', 'en']) ?? browserLocale();
}

export function SettingsProvider(props: { locale: Locale; strings: DemoStrings; children: ReactNode }): ReactElement {
  const { children } = props;
  // Language and texts change together.
  const [{ locale, strings }, setLanguage] = useState({ locale: props.locale, strings: props.strings });
  const [wanted, setWanted] = useState(props.locale);
  const setLocale = useCallback((next: Locale) => {
    setWanted(next);
    loadStrings(next).then((found) => setLanguage({ locale: next, strings: found }), () => {});
  }, []);
  const [theme, setTheme] = useState<Theme>(() => stored('rozmova.theme', ['auto', 'light', 'dark']) ?? 'auto');
  const translator = useMemo(() => createTranslator<DemoStrings>(regionalLocale(locale), strings), [locale, strings]);

  useEffect(() => {
    document.documentElement.lang = locale;
    keep('localStorage', 'rozmova.locale', locale);
  }, [locale]);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    keep('localStorage', 'rozmova.theme', theme);
  }, [theme]);

  const settings = useMemo(
    () => ({ locale, wanted, theme, translator, setLocale, setTheme }),
    [locale, wanted, theme, translator, setLocale],
  );
  return <SettingsContext.Provider value={settings}>{children}</SettingsContext.Provider>;
}

function stored<T extends string>(key: string, allowed: readonly T[]): T | null {
  const value = recall('localStorage', key);
  return allowed.find((one) => one === value) ?? null;
}
/** Ukrainian unless the browser clearly asks for something else. */
function browserLocale(): Locale {
  const languages = navigator.languages.map((one) => one.slice(0, 2));
  return languages.includes('uk') || languages.length === 0 ? 'uk' : 'en';
}
