/** Texts, dates and numbers of one locale and time zone. Formatters are made once per translator. */
import { serverNow } from '../clock';
import type { Plural, Strings } from './strings';

export type Params = Readonly<Record<string, string | number>>;

/** `S` may have more texts than the package's own: an application adds its dictionary to ours. */
export interface Translator<S extends Strings = Strings> {
  readonly locale: string;
  t(key: keyof S & string, params?: Params): string;
  /** Is there a text of that name? For names made of what a server says. */
  has(key: string): key is keyof S & string;
  /** 14:03 */
  time(iso: string): string;
  /** "Today", "Yesterday", a weekday of the last six days, else the date. */
  day(iso: string, now?: number): string;
  isToday(iso: string, now?: number): boolean;
  /** Same value for all instants of one calendar day in the zone of the reader. */
  dayKey(iso: string | number): string;
  /** Full date and time, for accessible names and tooltips. */
  full(iso: string): string;
  /** "5 minutes ago", "in 2 days" */
  relative(iso: string, now?: number): string;
  list(names: readonly string[]): string;
  /** 1,4 MB */
  bytes(size: number): string;
}

const DAY_MS = 86_400_000;

export function createTranslator<S extends Strings = Strings>(
  locale: string, strings: S, timeZone?: string, overrides: Partial<S> = {},
): Translator<S> {
  const all: S = { ...strings, ...overrides };
  const zone = timeZone === undefined ? {} : { timeZone };
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const clock = new Intl.DateTimeFormat(locale, { ...zone, hour: '2-digit', minute: '2-digit' });
  const weekday = new Intl.DateTimeFormat(locale, { ...zone, weekday: 'long' });
  const date = new Intl.DateTimeFormat(locale, { ...zone, day: 'numeric', month: 'long' });
  const dateYear = new Intl.DateTimeFormat(locale, { ...zone, day: 'numeric', month: 'long', year: 'numeric' });
  const fullDate = new Intl.DateTimeFormat(locale, { ...zone, dateStyle: 'full', timeStyle: 'short' });
  const isoDay = new Intl.DateTimeFormat('en-CA', { ...zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const names = new Intl.ListFormat(locale, { type: 'conjunction' });

  const form = (plural: Plural, count: number): string =>
    plural[plurals.select(count) as keyof Plural] ?? plural.other;
  const dayKey = (iso: string | number): string => isoDay.format(new Date(iso));
  const at = (iso: string): Date | null => {
    const value = new Date(iso);
    return Number.isNaN(value.getTime()) ? null : value;
  };

  return {
    locale,
    t(key, params = {}) {
      const entry = (all[key] ?? '') as string | Plural;
      const template = typeof entry === 'string' ? entry : form(entry, Number(params['count'] ?? 0));
      return template.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = params[name];
        return typeof value === 'number' ? numbers.format(value) : (value ?? '');
      });
    },
    has: (key): key is keyof S & string => Object.hasOwn(all, key),
    time: (iso) => formatted(clock, at(iso)),
    full: (iso) => formatted(fullDate, at(iso)),
    dayKey,
    isToday: (iso, now = serverNow()) => at(iso) !== null && dayKey(iso) === dayKey(now),
    day(iso, now = serverNow()) {
      const value = at(iso);
      if (value === null) return '';
      const key = dayKey(iso);
      if (key === dayKey(now)) return all['day.today'];
      // Whole days between two calendar days do not depend on daylight saving when both are read as UTC.
      const days = Math.round((Date.parse(dayKey(now)) - Date.parse(key)) / DAY_MS);
      if (days === 1) return all['day.yesterday'];
      if (days > 1 && days < 7) return capital(weekday.format(value), locale);
      return (key.slice(0, 4) === dayKey(now).slice(0, 4) ? date : dateYear).format(value);
    },
    relative(iso, now = serverNow()) {
      const value = at(iso);
      if (value === null) return '';
      const seconds = Math.round((value.getTime() - now) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return ago.format(0, 'minute');
      if (size < 3600) return ago.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return ago.format(Math.round(seconds / 3600), 'hour');
      return ago.format(Math.round(seconds / 86_400), 'day');
    },
    list: (items) => names.format(items),
    bytes(size) {
      const step = size < 1000 ? 0 : size < 1_000_000 ? 1 : 2;
      return new Intl.NumberFormat(locale, {
        style: 'unit', unit: ['byte', 'kilobyte', 'megabyte'][step]!, unitDisplay: 'short', maximumFractionDigits: step === 2 ? 1 : 0,
      }).format(size / 1000 ** step);
    },
  };
}

function formatted(format: Intl.DateTimeFormat, value: Date | null): string {
  return value === null ? '' : format.format(value);
}
function capital(text: string, locale: string): string {
  return text.slice(0, 1).toLocaleUpperCase(locale) + text.slice(1);
}
