/** `@rozmova/react/locales/uk`: with this import the dictionary is there from the start. */
import { registerLocale } from '../i18n/locales';
import type { Strings } from '../i18n/strings';
import { uk as strings } from '../i18n/uk';

registerLocale('uk', strings);
export const uk: Strings = strings;
