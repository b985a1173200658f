/** Texts of the demo, on top of those of the package. A language is fetched when it is first wanted. */
import { loadLocale } from '@rozmova/react';
import type { Locale, Plural, Strings } from '@rozmova/react';
import type { uk } from './uk';

export type OwnStrings = { readonly [Key in keyof typeof uk]: string | Plural };
export type DemoStrings = Strings & OwnStrings;

const OWN: Readonly<Record<Locale, () => Promise<OwnStrings>>> = {
  uk: async () => (await import('./uk')).uk,
  en: async () => (await import('./en')).en,
};

export async function loadStrings(locale: Locale): Promise<DemoStrings> {
  const [theirs, own] = await Promise.all([loadLocale(locale), OWN[locale]()]);
  return { ...theirs, ...own };
}
