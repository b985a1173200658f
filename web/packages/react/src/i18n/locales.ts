import { en } from './en';
import type { Strings } from './strings';
import { uk } from './uk';

/** Languages that come with the package. */
export type Locale = 'uk' | 'en';
export const LOCALES: Readonly<Record<Locale, Strings>> = { uk, en };

/** The reader's own variety of a language ("en-GB": 24 hours, day before month), as the browser lists it. */
export function regionalLocale(locale: Locale): string {
  const listed = typeof navigator === 'undefined' ? [] : (navigator.languages ?? []);
  return listed.find((one) => one.startsWith(`${locale}-`)) ?? { uk: 'uk-UA', en: 'en-GB' }[locale];
}
