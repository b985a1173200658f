/** Browsers that keep nothing: private modes, full disks, plain http. The chat is as good, for as long as the page is open. */
import { describe, expect, it } from 'vitest';
import { Stage } from './stage';

const stage = Stage.forFile();

const browsers: [string, () => void][] = [
  ['has no IndexedDB', () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined })],
  ['forbids IndexedDB', () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  }],
  ['opens IndexedDB in error', () => {
    IDBFactory.prototype.open = () => {
      const request = Object.assign(new EventTarget(), { error: new DOMException('unknown', 'UnknownError'), onerror: null as ((event: Event) => void) | null });
      setTimeout(() => request.onerror?.(new Event('error')));
      return request as unknown as IDBOpenDBRequest;
    };
  }],
  ['is full', () => {
    const full = (): never => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    IDBObjectStore.prototype.put = full;
    Storage.prototype.setItem = full;
  }],
  ['forbids storage of any kind', () => {
    for (const area of ['localStorage', 'sessionStorage', 'indexedDB']) {
      Object.defineProperty(globalThis, area, {
        get: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    }
  }],
  ['knows no locks', () => Reflect.deleteProperty(Navigator.prototype, 'locks')],
  ['knows neither locks nor random UUIDs', () => {
    Reflect.deleteProperty(Navigator.prototype, 'locks');
    Reflect.deleteProperty(Crypto.prototype, 'randomUUID');
  }],
];

describe('a browser', () => {
  it.each(browsers)('that %s sends what was written, with a network and without, once', async (_what, impair) => {
    const order = await stage.order('Без пам’яті');
    const a = await stage.guest();
    a.expected = /ERR_INTERNET|socket\.io|\/v1\/|WebSocket/;
    await a.page.addInitScript(impair);
    await a.page.goto(`${stage.server.url}/orders/${order.id}?as=${stage.client.id}`);
    await a.live();
    await a.send('одразу');
    await a.tick('одразу', 'sent');
    await a.context.setOffline(true);
    await a.down();
    await a.send('без мережі');
    await a.tick('без мережі', 'queued');
    await a.context.setOffline(false);
    await a.tick('без мережі', 'sent');
    expect(await stage.stored(order)).toEqual(['одразу', 'без мережі']);
    expect(await a.texts()).toEqual(['одразу', 'без мережі']);
  });
});
