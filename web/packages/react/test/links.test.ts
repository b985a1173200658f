import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLinks } from '../src/react/links';

const hrefs = (text: string): string[] => findLinks(text).map(({ href }) => href).filter((href) => href !== null);

describe('links in text', () => {
  it.each([
    ['див. https://example.com/шлях?a=1, дякую', ['https://example.com/шлях?a=1']],
    ['(https://uk.wikipedia.org/wiki/Київ_(значення))', ['https://uk.wikipedia.org/wiki/Київ_(значення)']],
    ['www.example.com.', ['https://www.example.com']],
    ['пошта: olia@example.com.ua!', ['mailto:olia@example.com.ua']],
    ['mailto:a@example.com', ['mailto:a@example.com']],
    ['rozmova.app/docs і файл.txt, v1.2.3', ['https://rozmova.app/docs']],
    ['«https://example.com»', ['https://example.com']],
    ['http://localhost:3000/x', ['http://localhost:3000/x']],
    ['javascript:alert(1) data:text/html,x file:///etc vbscript:x', []],
    ['xhttps://example', []],
    ['https://', []],
    ['example.community and me.example', []],
  ])('%s', (text, expected) => expect(hrefs(text)).toEqual(expected));

  it('loses no character and opens nothing but web and mail', () => {
    const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(
      'https://', 'www.', 'a.com', 'x@y.ua', 'javascript:', '(', ')', '.', ' ', '//', 'data:', 'шлях',
    ));
    fc.assert(fc.property(fc.array(piece).map((all) => all.join('')), (text) => {
      const parts = findLinks(text);
      expect(parts.map((one) => one.text).join('')).toBe(text);
      for (const { href } of parts) if (href !== null) expect(href).toMatch(/^(https?:\/\/|mailto:)/i);
    }));
  });

  it('is quick on long hostile text', () => {
    const started = performance.now();
    for (const text of ['a.'.repeat(5_000), 'a-'.repeat(5_000), 'x@'.repeat(5_000), 'www.'.repeat(2_500), '('.repeat(10_000)]) findLinks(text);
    findLinks(`https://x/${')'.repeat(9_990)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
