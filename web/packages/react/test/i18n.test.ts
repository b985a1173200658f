import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import type { Plural } from '../src/i18n/strings';
import { createTranslator } from '../src/i18n/translator';
import { uk } from '../src/i18n/uk';

describe('texts', () => {
  it('choose Ukrainian plural forms', () => {
    const { t } = createTranslator('uk-UA', uk);
    const said = [1, 2, 5, 11, 21, 22, 25, 111].map((count) => t('list.newBelow', { count }));
    expect(said).toEqual([
      '1 нове повідомлення', '2 нові повідомлення', '5 нових повідомлень', '11 нових повідомлень',
      '21 нове повідомлення', '22 нові повідомлення', '25 нових повідомлень', '111 нових повідомлень',
    ]);
  });

  it('have the same keys and places in both languages, and all forms in Ukrainian', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(uk).sort());
    const places = (entry: string | Plural): string =>
      [...(typeof entry === 'string' ? entry : entry.other).matchAll(/\{\w+\}/g)].map(([place]) => place).sort().join();
    for (const key of Object.keys(uk) as (keyof typeof uk)[]) {
      expect([key, places(uk[key])]).toEqual([key, places(en[key])]);
      const entry = uk[key];
      if (typeof entry !== 'string') expect(Object.keys(entry).sort()).toEqual(['few', 'many', 'one', 'other']);
    }
  });

  it('may be replaced one by one', () => {
    const { t } = createTranslator('en-GB', en, undefined, { 'composer.send': 'Go' });
    expect([t('composer.send'), t('action.retry')]).toEqual(['Go', 'Retry']);
  });
});

describe('days', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  it('belong to the zone of the reader', () => {
    const kyiv = createTranslator('en-GB', en, 'Europe/Kyiv');
    const newYork = createTranslator('en-GB', en, 'America/New_York');
    const late = '2026-03-09T22:30:00.000Z';
    expect([kyiv.day(late, now), newYork.day(late, now)]).toEqual(['Today', 'Yesterday']);
    expect([kyiv.time(late), newYork.time(late)]).toEqual(['00:30', '18:30']);
  });

  it('are named by distance: weekday, date, date with year', () => {
    const { day } = createTranslator('uk-UA', uk, 'Europe/Kyiv');
    expect(day('2026-03-05T10:00:00.000Z', now)).toBe('Четвер');
    expect(day('2026-02-20T10:00:00.000Z', now)).toBe('20 лютого');
    expect(day('2025-12-31T10:00:00.000Z', now)).toMatch(/^31 грудня 2025/);
    expect(day('2026-03-12T10:00:00.000Z', now)).toBe('12 березня');
  });

  it('are whole days over the night when clocks change', () => {
    const { day } = createTranslator('en-GB', en, 'Europe/Kyiv');
    const after = Date.parse('2026-03-29T21:30:00Z');
    expect(day('2026-03-28T22:30:00.000Z', after)).toBe('Yesterday');
    expect(day('2026-03-28T21:30:00.000Z', after)).toBe('Saturday');
  });

  it('of hostile times are empty, not an error', () => {
    const { day, time, full, relative } = createTranslator('uk-UA', uk);
    expect([day('nonsense'), time(''), full('x'), relative('?')]).toEqual(['', '', '', '']);
  });

  it('are told relatively', () => {
    const { relative } = createTranslator('uk-UA', uk);
    expect(relative('2026-03-10T11:55:00.000Z', now)).toBe('5 хвилин тому');
    expect(relative('2026-03-12T12:00:00.000Z', now)).toBe('післязавтра');
  });
});
