/** The ladder, from WebSocket down to nothing and up again, and what a message survives on it. */
import { describe, expect, it } from 'vitest';
import { BROKEN, SOCKET, WITHOUT_WEBSOCKET, routeChat } from './people';
import type { Seat } from './people';
import { Stage } from './stage';
import type { TestServer } from './server';

const stage = Stage.forFile();

function cutNetwork(...all: Seat[]): NonNullable<TestServer['restart']> {
  return async (whileDown) => {
    for (const one of all) await one.context.setOffline(true);
    await whileDown();
    for (const one of all) await one.context.setOffline(false);
  };
}

describe('a server that dies and comes back', () => {
  it('loses and doubles nothing', async () => {
    const [a, b, order] = await stage.two('Перезапуск');
    // A running server is not ours to kill; to the pages a cut network is the same.
    const restart = stage.server.restart ?? cutNetwork(a, b);
    for (const one of [a, b]) one.expected = BROKEN;
    await a.send('до');
    await b.sees('до');
    await restart(async () => {
      await a.send('під час 1');
      await a.send('під час 2');
      await b.send('з іншого боку');
      await a.page.locator('.chat-connection[data-phase="shown"]').waitFor({ timeout: 15_000 });
      await a.photograph('connection-lost');
    });
    await Promise.all([a.live(), b.live()]);
    await a.send('після');
    for (const text of ['під час 1', 'під час 2', 'з іншого боку', 'після']) {
      await a.sees(text, 20_000);
      await b.sees(text, 20_000);
    }
    const stored = await stage.backstage.messages(order, stage.client);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    const inOrder = stored.map(({ content }) => content);
    expect(inOrder.toSorted()).toEqual(['до', 'під час 1', 'під час 2', 'з іншого боку', 'після'].toSorted());
    await expect.poll(() => a.texts()).toEqual(inOrder);
    await expect.poll(() => b.texts()).toEqual(inOrder);
    expect(await a.page.locator('.chat-tick[data-state="queued"], .chat-tick[data-state="sending"]').count()).toBe(0);
  });

  it('is not stormed: twenty pages come back each at its own time', async () => {
    const PAGES = 20;
    const ATTEMPT = 3;
    const seats: Seat[] = [];
    const open = async (): Promise<void> => {
      while (seats.length < PAGES) {
        const at = seats.push(await stage.guest({ width: 500, height: 400 })) - 1;
        await seats[at]!.signIn(stage.server.url, at % 2 === 0 ? stage.client : stage.performer, '/');
        await seats[at]!.live();
      }
    };
    await Promise.all([open(), open(), open()]);
    const restart = stage.server.restart ?? cutNetwork(...seats);
    const attempts = seats.map((seat) => {
      seat.expected = BROKEN;
      const at: number[] = [];
      seat.page.on('request', (request) => {
        if (SOCKET.test(request.url()) && !request.url().includes('sid=')) at.push(Date.now());
      });
      return at;
    });
    await restart(async () => {
      if (stage.server.restart !== null) await expect.poll(() => Math.min(...attempts.map(({ length }) => length)), { timeout: 20_000 }).toBeGreaterThanOrEqual(ATTEMPT);
    });
    await Promise.all(seats.map((seat) => seat.live()));
    if (stage.server.restart === null) return;
    // The third attempt waits 1.2 s, spread by half of that to either side.
    const waits = attempts.map((at) => at[ATTEMPT - 1]! - at[ATTEMPT - 2]!).toSorted((x, y) => x - y);
    expect(waits.at(-1)! - waits[0]!).toBeGreaterThan(400);
    const third = attempts.map((at) => at[ATTEMPT - 1]!).toSorted((x, y) => x - y);
    const crowd = Math.max(...third.map((from) => third.filter((one) => one >= from && one < from + 100).length));
    process.stdout.write(`third attempts: over ${third.at(-1)! - third[0]!} ms, at most ${crowd} of ${PAGES} within 100 ms\n`);
    expect(crowd).toBeLessThanOrEqual(PAGES / 2);
  }, 120_000);
});

describe('a network without WebSocket', () => {
  it.each(WITHOUT_WEBSOCKET)('is as good, over polling, where it $name', async (way) => {
    const order = await stage.order('Лише polling');
    const b = await stage.chat(stage.performer, order);
    const a = await stage.guest();
    a.expected = /WebSocket/;
    await way.break(a);
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.live('polling');
    await a.send('по-старому');
    await b.sees('по-старому');
    await b.send('і назад');
    await a.sees('і назад');
    expect(await a.page.locator('.link-state').getAttribute('data-transport')).toBe('polling');
  });

  it('is climbed out of at the next connection, without loss', async () => {
    const [a, order] = await stage.lab('Знову можна');
    const b = await stage.chat(stage.performer, order);
    a.expected = BROKEN;
    await a.page.getByLabel('Мережа').selectOption('noWebSocket');
    await a.live('polling');
    await a.send('через polling');
    await b.sees('через polling');
    await a.page.getByLabel('Мережа').selectOption('ok');
    await a.context.setOffline(true);
    await a.down();
    await b.send('поки не було');
    await a.send('з черги');
    await a.context.setOffline(false);
    await a.live('websocket');
    await a.sees('поки не було');
    await b.sees('з черги');
    expect((await a.texts()).toSorted()).toEqual(['з черги', 'поки не було', 'через polling']);
    expect(await b.texts()).toEqual(await stage.stored(order));
  });
});

describe('a network without a socket', () => {
  it('carries the chat over REST, and it climbs back', async () => {
    const order = await stage.order('Лише REST');
    const a = await stage.guest();
    a.expected = BROKEN;
    await a.context.route(SOCKET, (route) => route.abort());
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.down('degraded');
    const b = await stage.chat(stage.performer, order);
    await b.send('чуєте?');
    await b.tick('чуєте?', 'sent');
    await a.sees('чуєте?');
    await a.send('чую');
    await b.sees('чую');
    await a.page.locator('.chat-connection[data-phase="shown"]').waitFor();
    // What the list knows of an order is not lost because the chat itself knows less.
    await a.page.locator('.order-row[aria-current] .chat-status', { hasText: 'Створено' }).waitFor();
    expect(await a.page.locator('.order-row[aria-current] .unread').count()).toBe(0);
    await a.photograph('rest-only');
    await a.context.unroute(SOCKET);
    await a.live();
    await b.send('знову наживо');
    await a.sees('знову наживо');
    expect(await a.texts()).toEqual(['чуєте?', 'чую', 'знову наживо']);
    expect(await b.texts()).toEqual(['чуєте?', 'чую', 'знову наживо']);
  });

  it('and without REST shows what the browser has kept, and sends later', async () => {
    const [a, b, order] = await stage.two('З кешу');
    a.expected = BROKEN;
    await b.send('це я прочитаю й без мережі');
    await a.sees('це я прочитаю й без мережі');
    await expect.poll(() => a.page.evaluate(() => new Promise<number>((done) => {
      const opened = indexedDB.open('rozmova-rooms');
      opened.addEventListener('success', () => {
        const count = opened.result.transaction('rooms').objectStore('rooms').getAll();
        count.addEventListener('success', () => done(JSON.stringify(count.result).includes('це я прочитаю') ? 1 : 0));
      });
    }))).toBe(1);
    await a.context.route(/\/(socket\.io|v1)\//, (route) => route.abort());
    await a.page.reload();
    await a.sees('це я прочитаю й без мережі');
    await a.down('offline');
    await a.photograph('offline');
    await a.send('напишу зараз');
    await a.tick('напишу зараз', 'queued');
    await a.context.unroute(/\/(socket\.io|v1)\//);
    await b.sees('напишу зараз', 20_000);
    expect(await stage.stored(order)).toEqual(['це я прочитаю й без мережі', 'напишу зараз']);
  });
});

describe('a message', () => {
  it('written offline outlives a reload, waits on, and is sent once, in its order', async () => {
    const order = await stage.order('Без мережі');
    const b = await stage.chat(stage.performer, order);
    const a = await stage.guest();
    a.expected = BROKEN;
    // A reload needs the page itself, so later the network returns for the page but not for the chat.
    const net = await routeChat(a, /\/(socket\.io|v1)\//);
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.live();
    const written = ['без мережі 1', 'без мережі 2', 'без мережі 3'];
    await a.context.setOffline(true);
    await a.down();
    for (const text of written) await a.send(text);
    for (const text of written) await a.tick(text, 'queued');
    net.blocked = true;
    await a.context.setOffline(false);
    await a.page.reload();
    for (const text of written) await a.tick(text, 'queued');
    expect(await stage.stored(order)).toEqual([]);
    net.blocked = false;
    await a.live();
    await b.sees('без мережі 3', 20_000);
    expect(await stage.stored(order)).toEqual(written);
    await expect.poll(() => a.texts()).toEqual(written);
    expect(await b.texts()).toEqual(written);
  });

  it('whose acknowledgement is lost is repeated, and is there once', async () => {
    const [a, order] = await stage.lab('Загублене підтвердження');
    const b = await stage.chat(stage.performer, order);
    await a.live('websocket');
    await a.page.getByLabel('Губити підтвердження').check();
    await a.send('лише раз');
    await a.tick('лише раз', 'sent');
    await a.page.getByLabel('Губити підтвердження').uncheck();
    await b.sees('лише раз');
    expect(await stage.stored(order)).toEqual(['лише раз']);
    expect(await a.texts()).toEqual(['лише раз']);
    expect(await b.texts()).toEqual(['лише раз']);
  });

  it.each([
    { end: 'is closed', bring: (seat: Seat) => seat.page.close() },
    { end: 'crashes', bring: (seat: Seat) => seat.page.goto('chrome://crash').then(() => {}, () => {}) },
  ])('of two windows of one person is sent once, by the other when one $end', async ({ bring }) => {
    const order = await stage.order('Два вікна');
    const a = await stage.guest();
    a.expected = BROKEN;
    // The page of the second window must load, so only the chat's own paths are cut.
    const net = await routeChat(a, /\/(socket\.io|v1\/orders)\//);
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.live();
    net.blocked = true;
    await a.page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await a.down();
    await a.send('з першого вікна');
    await a.tick('з першого вікна', 'queued');
    const second = await a.context.newPage();
    await second.goto(`${stage.server.url}/orders/${order.id}?as=${stage.client.id}`);
    await second.locator('.chat-input').waitFor();
    // Nothing but the end of the first window may bring it on its way.
    expect(await stage.stored(order)).toEqual([]);
    await bring(a);
    net.blocked = false;
    await second.locator('.chat-message', { hasText: 'з першого вікна' }).waitFor({ timeout: 20_000 });
    await expect.poll(() => stage.stored(order)).toEqual(['з першого вікна']);
  });

  it('of somebody who signed out is not sent by who signs in after him, and waits for its author', async () => {
    const [a, order] = await stage.lab('Чий це лист');
    a.expected = BROKEN;
    await a.page.getByLabel('Мережа').selectOption('none');
    await a.down();
    await a.send('від першого');
    await a.tick('від першого', 'queued');
    await a.page.getByLabel('Лабораторія: зламати мережу').click();
    await a.page.getByRole('button', { name: 'Меню: мова, тема, вихід' }).click();
    await a.page.getByRole('button', { name: 'Змінити людину' }).click();
    await a.page.locator('.signin').waitFor();
    // The same tab, the same browser, another person in the same chat.
    await a.page.goto(`${stage.server.url}/orders/${order.id}?as=${stage.performer.id}`);
    await a.live();
    expect(await a.texts()).toEqual([]);
    await a.send('від другого');
    await a.tick('від другого', 'sent');
    expect(await stage.stored(order)).toEqual(['від другого']);
    await a.page.goto(`${stage.server.url}/orders/${order.id}?as=${stage.client.id}`);
    await expect.poll(() => stage.stored(order), { timeout: 20_000 }).toEqual(['від другого', 'від першого']);
    const [second, first] = (await stage.backstage.messages(order, stage.client));
    expect([second!.senderId, first!.senderId]).toEqual([stage.performer.id, stage.client.id]);
  });
});
