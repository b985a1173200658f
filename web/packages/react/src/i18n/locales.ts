/**
 * Languages that come with the package. A dictionary is fetched when it is first wanted; who imports
 * `@rozmova/react/locales/uk` has it from the start.
 */
import type { Strings } from './strings';

export type Locale = 'uk' | 'en';

const LOADERS: Readonly<Record<Locale, () => Promise<Strings>>> = {
  uk: async () => (await import('./uk')).uk,
  en: async () => (await import('./en')).en,
};
const RETRY_MS = 3_000;
const loaded: Map<Locale, Strings> = new Map();
const loading: Map<Locale, Promise<Strings>> = new Map();
const listeners: Set<() => void> = new Set();

export function registerLocale(locale: Locale, strings: Strings): void {
  loaded.set(locale, strings);
  for (const listener of listeners) listener();
}

/** Null while it is on its way. */
export function findLocale(locale: Locale): Strings | null {
  return loaded.get(locale) ?? null;
}

export function loadLocale(locale: Locale): Promise<Strings> {
  let promise = loading.get(locale);
  if (promise === undefined) {
    promise = LOADERS[locale]().then((strings) => {
      registerLocale(locale, strings);
      return strings;
    });
    loading.set(locale, promise);
    promise.catch(() => setTimeout(() => {
      loading.delete(locale);
      for (const listener of listeners) listener();
    }, RETRY_MS));
  }
  return promise;
}

export function onLocale(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** The reader's own variety of a language ("en-GB": 24 hours, day before month), as the browser lists it. */
export function regionalLocale(locale: Locale): string {
  const listed = typeof navigator === 'undefined' ? [] : (navigator.languages ?? []);
  return listed.find((one) => one.startsWith(`${locale}-`)) ?? { uk: 'uk-UA', en: 'en-GB' }[locale];
}
