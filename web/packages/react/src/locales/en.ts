/** `@rozmova/react/locales/en`: with this import the dictionary is there from the start. */
import { registerLocale } from '../i18n/locales';
import type { Strings } from '../i18n/strings';
import { en as strings } from '../i18n/en';

registerLocale('en', strings);
export const en: Strings = strings;
