import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backstage, Seat, demoPeople, launch } from './people';
import type { DemoOrder, DemoPerson, Look } from './people';
import { startServer } from './server';
import type { TestServer } from './server';

let server: TestServer;
let browser: Browser;
let backstage: Backstage;
let people: DemoPerson[];
let client: DemoPerson;
let performer: DemoPerson;
let seats: Seat[] = [];

beforeAll(async () => {
  server = await startServer();
  browser = await launch();
  backstage = new Backstage(server.url);
  people = await demoPeople(server.url);
  client = people.find(({ role }) => role === 'client')!;
  performer = people.find(({ role }) => role === 'performer')!;
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
afterEach(async () => {
  const errors = seats.flatMap((seat) => seat.errors);
  for (const seat of seats) await seat.close();
  seats = [];
  expect(errors).toEqual([]);
});

async function seat(person: DemoPerson, order: DemoOrder, look?: Look): Promise<Seat> {
  const one = await Seat.open(browser, look);
  seats.push(one);
  await one.signIn(server.url, person, `/orders/${order.id}`);
  await one.composer.waitFor();
  await one.live();
  return one;
}
async function two(title: string): Promise<[Seat, Seat, DemoOrder]> {
  const order = await backstage.order(title, client, performer);
  const [a, b] = await Promise.all([seat(client, order), seat(performer, order)]);
  return [a, b, order];
}
function cutNetwork(...all: Seat[]): NonNullable<TestServer['restart']> {
  return async (whileDown) => {
    for (const one of all) await one.context.setOffline(true);
    await whileDown();
    for (const one of all) await one.context.setOffline(false);
  };
}
const texts = (of: Seat): Promise<string[]> => of.page.locator('.chat-text').allTextContents();

describe('two people', () => {
  it('exchange messages: one copy on each side, ticks go from sent to read', async () => {
    const [a, b] = await two('Обмін повідомленнями');
    await a.send('Добрий день! Коли почнемо?');
    await b.sees('Добрий день! Коли почнемо?');
    await b.send('Хоч зараз 🙂');
    await a.sees('Хоч зараз 🙂');
    const expected = ['Добрий день! Коли почнемо?', 'Хоч зараз 🙂'];
    expect(await texts(a)).toEqual(expected);
    expect(await texts(b)).toEqual(expected);
    await a.page.locator('.chat-tick[data-state="read"]').first().waitFor();
  });

  it('keep the order of a quick burst from both sides', async () => {
    const [a, b, order] = await two('Швидко');
    for (let i = 1; i <= 8; i++) {
      await a.send(`a${i}`);
      await b.send(`b${i}`);
    }
    await a.sees('b8');
    await b.sees('a8');
    const stored = (await backstage.messages(order, client)).map(({ content }) => content);
    expect(stored).toHaveLength(16);
    await expect.poll(() => texts(a)).toEqual(stored);
    await expect.poll(() => texts(b)).toEqual(stored);
  });

  it('see each other typing, until it stops', async () => {
    const [a, b] = await two('Друкує');
    const indicator = b.page.locator('.chat-typing[data-on="true"]');
    await a.composer.pressSequentially('Зараз напишу', { delay: 20 });
    await indicator.waitFor();
    await a.composer.fill('');
    await indicator.waitFor({ state: 'detached' });
    await a.composer.pressSequentially('Ось', { delay: 20 });
    await indicator.waitFor();
    await a.composer.press('Enter');
    await b.sees('Ось');
    await indicator.waitFor({ state: 'detached' });
  });

  it('see who is there, two windows of one person being one', async () => {
    const [a, b, order] = await two('Присутність');
    const dot = (state: string) => a.page.locator(`.chat-header .chat-dot[data-state="${state}"]`);
    await dot('online').waitFor();
    const second = await seat(performer, order);
    await second.close();
    await b.send('Я ще тут');
    await a.sees('Я ще тут');
    expect(await dot('online').count()).toBe(1);
    await b.close();
    await dot('offline').waitFor();
  });

  it('have what was written in the order list of the other, with its count', async () => {
    const order = await backstage.order('Лічильник непрочитаного', client, performer);
    const other = await backstage.order('Інше замовлення', client, performer);
    const a = await seat(client, order);
    const b = await seat(performer, other);
    await a.send('Побачите в списку?');
    const row = b.page.locator('.order-row', { hasText: 'Лічильник непрочитаного' });
    await row.getByText('Побачите в списку?').waitFor();
    await row.locator('.unread', { hasText: '1' }).waitFor();
    await row.click();
    await b.sees('Побачите в списку?');
    await row.locator('.unread').waitFor({ state: 'detached' });
  });

  it('create an order between them', async () => {
    const order = await backstage.order('Перше', client, performer);
    const a = await seat(client, order);
    await a.page.getByRole('button', { name: 'Нове замовлення' }).click();
    await a.page.getByLabel('Що потрібно зробити').fill('Візитівки для студії');
    await a.page.getByRole('button', { name: 'Створити' }).click();
    await a.page.locator('.order-row[aria-current="page"]', { hasText: 'Візитівки для студії' }).waitFor();
    await a.page.getByText('Тут почнеться ваша розмова').waitFor();
  });

  it('keep a stranger out', async () => {
    const order = await backstage.order('Не для всіх', client, performer);
    const stranger = people.find(({ id, role }) => role === 'performer' && id !== performer.id)!;
    const one = await Seat.open(browser);
    seats.push(one);
    await one.signIn(server.url, stranger, `/orders/${order.id}`);
    await one.page.getByText('Цей чат не для вас').waitFor();
    const a = await seat(client, order);
    await a.send('Це таємниця');
    await a.page.locator('.chat-tick[data-state="sent"], .chat-tick[data-state="read"]').first().waitFor();
    expect(await one.page.getByText('Це таємниця').count()).toBe(0);
  });
});

describe('trouble', () => {
  it('a server that dies and comes back loses and doubles nothing', async () => {
    const [a, b, order] = await two('Перезапуск');
    // A running server is not ours to kill; to the pages a cut network is the same.
    const restart = server.restart ?? cutNetwork(a, b);
    for (const one of [a, b]) one.expected = /socket\.io|\/v1\/|ERR_CONNECTION|ERR_INTERNET|WebSocket/;
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
    const stored = await backstage.messages(order, client);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(stored.map(({ content }) => content).sort()).toEqual(
      ['до', 'під час 1', 'під час 2', 'з іншого боку', 'після'].sort(),
    );
    const inOrder = stored.map(({ content }) => content);
    await expect.poll(() => texts(a)).toEqual(inOrder);
    await expect.poll(() => texts(b)).toEqual(inOrder);
    expect(await a.page.locator('.chat-tick[data-state="queued"], .chat-tick[data-state="sending"]').count()).toBe(0);
  });

  it('messages written offline outlive a reload and are sent once', async () => {
    const [a, b, order] = await two('Без мережі');
    a.expected = /ERR_INTERNET_DISCONNECTED|socket\.io|\/v1\/|WebSocket/;
    await a.context.setOffline(true);
    await a.send('без мережі 1');
    await a.send('без мережі 2');
    await a.bubble('без мережі 2').locator('.chat-tick[data-state="queued"]').waitFor();
    // A reload needs the page itself, so the network returns for the page but not for the chat.
    await a.context.route(/\/(socket\.io|v1)\//, (route) => route.abort());
    await a.context.setOffline(false);
    await a.page.reload();
    await a.page.locator('#app > *').first().waitFor();
    await a.context.unroute(/\/(socket\.io|v1)\//);
    await a.live();
    await b.sees('без мережі 2', 20_000);
    const stored = (await backstage.messages(order, client)).map(({ content }) => content);
    expect(stored).toEqual(['без мережі 1', 'без мережі 2']);
    await expect.poll(() => texts(a), { timeout: 10_000 }).toEqual(stored);
  });

  it('a network that blocks WebSocket is as good, over polling', async () => {
    const order = await backstage.order('Лише polling', client, performer);
    const a = await Seat.open(browser);
    seats.push(a);
    await a.page.routeWebSocket(/socket\.io/, (socket) => void socket.close());
    a.expected = /WebSocket/;
    await a.signIn(server.url, client, `/orders/${order.id}`);
    await a.live();
    const b = await seat(performer, order);
    await a.send('по-старому');
    await b.sees('по-старому');
    await b.send('і назад');
    await a.sees('і назад');
    expect(await a.page.locator('.link-state').getAttribute('data-transport')).toBe('polling');
  });

  it('a network that starts to swallow WebSocket is left for polling within seconds', async () => {
    const order = await backstage.order('Пастка оновлення', client, performer);
    const a = await Seat.open(browser);
    seats.push(a);
    a.expected = /ERR_INTERNET|socket\.io|\/v1\/|WebSocket/;
    let swallow = false;
    await a.page.routeWebSocket(/socket\.io/, (socket) => {
      if (!swallow) socket.connectToServer();
    });
    await a.signIn(server.url, client, `/orders/${order.id}`);
    await a.page.locator('.link-state[data-transport="websocket"]').waitFor({ state: 'attached' });
    swallow = true;
    await a.context.setOffline(true);
    await a.page.locator('.link-state[data-link="live"]').waitFor({ state: 'detached' });
    await a.context.setOffline(false);
    const since = Date.now();
    await a.live();
    expect(Date.now() - since).toBeLessThan(9_000);
    const b = await seat(performer, order);
    await b.send('знову тут');
    await a.sees('знову тут');
  });

  it('no socket at all: REST carries the chat, and it climbs back', async () => {
    const order = await backstage.order('Лише REST', client, performer);
    const a = await Seat.open(browser);
    seats.push(a);
    a.expected = /socket\.io|WebSocket/;
    await a.context.route(/\/socket\.io\//, (route) => route.abort());
    await a.signIn(server.url, client, `/orders/${order.id}`);
    await a.page.locator('.link-state[data-link="degraded"]').waitFor({ state: 'attached', timeout: 20_000 });
    const b = await seat(performer, order);
    await b.send('чуєте?');
    await a.sees('чуєте?', 8_000);
    await a.send('чую');
    await b.sees('чую', 8_000);
    await a.context.unroute(/\/socket\.io\//);
    await a.live();
    await b.send('знову наживо');
    await a.sees('знову наживо');
    expect(await texts(a)).toEqual(['чуєте?', 'чую', 'знову наживо']);
  });

  it('hostile text stays text', async () => {
    const [a, b] = await two('Вороже');
    const hostile = '<img src=x onerror="document.title=1"> javascript:alert(1) \u202Egpj.exe';
    await a.send(hostile);
    await a.send('https://example.com/шлях?a=1 — посилання');
    await b.sees('посилання');
    expect(await b.page.locator('.chat-text img').count()).toBe(0);
    const links = await b.page.locator('.chat-text a').evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).protocol));
    expect(links).toEqual(['https:']);
    expect((await texts(b))[0]).not.toContain('\u202E');
  });
});

describe('history', () => {
  it('opens at the end, loads upwards without a jump, and returns', async () => {
    const order = await backstage.order('Довга історія', client, performer);
    await write(order, 75);
    const a = await seat(client, order);
    const b = await seat(performer, order);
    await a.sees('рядок 75');
    const viewport = a.page.locator('.chat-viewport');
    expect(await a.page.locator('.chat-row').count()).toBeLessThan(60);
    await viewport.hover();
    await viewport.evaluate((el) => el.scrollTo({ top: el.scrollHeight }));
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);

    let asked = false;
    let letIn = (): void => {};
    const gate = new Promise<void>((open) => (letIn = open));
    await a.page.route(/messages\?limit=50&before=/, async (route) => {
      asked = true;
      await gate;
      await route.continue();
    });
    for (let i = 0; i < 80 && !asked; i++) {
      await a.page.mouse.wheel(0, -600);
      await frame(a);
    }
    expect(asked).toBe(true);
    const top = () => viewport.evaluate((el) => el.scrollTop);
    for (let at = await top(), before = NaN; at !== before; [before, at] = [at, await top()]) {
      for (let i = 0; i < 10; i++) await frame(a);
    }
    // The wheel rests while the page is on its way, so whatever moves now, in whichever frame, moves by our fault.
    await viewport.evaluate((el) => {
      const places = (): Map<string, number> => {
        const ground = el.getBoundingClientRect();
        const found = new Map<string, number>();
        for (const text of el.querySelectorAll('.chat-message .chat-text')) {
          const box = text.getBoundingClientRect();
          if (box.top >= ground.top && box.bottom <= ground.bottom) found.set(text.textContent ?? '', box.top);
        }
        return found;
      };
      const drift = { worst: 0, compared: 0 };
      (globalThis as unknown as { drift: typeof drift }).drift = drift;
      const [before, height] = [places(), el.scrollHeight];
      const look = (): void => {
        const grown = el.scrollHeight - height > 400;
        for (const [text, at] of places()) {
          const was = before.get(text);
          if (was === undefined) continue;
          drift.worst = Math.max(drift.worst, Math.abs(at - was));
          if (grown) drift.compared++;
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    letIn();
    const drifted = () => a.page.evaluate(
      () => (globalThis as unknown as { drift: { worst: number; compared: number } }).drift,
    );
    await expect.poll(async () => (await drifted()).compared, { timeout: 20_000 }).toBeGreaterThan(0);
    await frame(a);
    const drift = await drifted();
    expect(drift.worst).toBeLessThanOrEqual(2);

    for (let i = 0; i < 60 && (await a.page.getByText('Початок розмови').count()) === 0; i++) {
      await a.page.mouse.wheel(0, -900);
      await frame(a);
    }
    await a.page.getByText('рядок 1', { exact: true }).waitFor();
    await b.send('тим часом унизу');
    await a.page.getByText('1 нове повідомлення').click();
    await a.sees('тим часом унизу');
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
  }, 120_000);

  it('stays at the end while the field grows and the window shrinks', async () => {
    const order = await backstage.order('Поле росте', client, performer);
    await write(order, 30);
    const a = await seat(client, order);
    await a.sees('рядок 30');
    await a.composer.fill('раз\nдва\nтри\nчотири\nп’ять');
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
    await a.page.setViewportSize({ width: 800, height: 480 });
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
  });

  it('opens at the first unread message, under a line that stays', async () => {
    const [read, unread] = [await backstage.order('Прочитане', client, performer), await backstage.order('Непрочитане', client, performer)];
    await write(unread, 4);
    const first = await seat(client, unread);
    await first.sees('рядок 4');
    await expect.poll(() => backstage.lastRead(unread, client)).toBe(4);
    await first.close();
    await write(unread, 30, performer, 'нове');
    const a = await seat(client, read);
    await a.page.locator('.order-row strong').getByText('Непрочитане', { exact: true }).click();
    await a.page.locator('.chat-unread-line').waitFor();
    await a.sees('нове 1');
    const top = await a.page.locator('.chat-unread-line').evaluate(
      (el) => el.getBoundingClientRect().top - el.closest('.chat-viewport')!.getBoundingClientRect().top,
    );
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(120);
    expect(await a.page.locator('.chat-to-latest').count()).toBe(1);
    await a.photograph('unread-line');
  }, 90_000);
});

const frame = (of: Seat): Promise<unknown> => of.page.evaluate(() => new Promise(requestAnimationFrame));
const distanceToEnd = (of: Seat): Promise<number> =>
  of.page.locator('.chat-viewport').evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight);

/** Fills a chat over REST, at the pace that the server allows; both sides write unless one is named. */
async function write(order: DemoOrder, count: number, only?: DemoPerson, word = 'рядок'): Promise<void> {
  const tokens = await Promise.all([only ?? performer, only ?? client].map(({ id }) => backstage.token(id)));
  for (let i = 1; i <= count; i++) {
    const wraps = i % 5 === 0 ? ' — довший, щоб перенісся на телефоні на другий рядок, а може, й на третій' : '';
    const message = { content: `${word} ${i}${wraps}`, clientMessageId: `${word}-${order.id}-${i}` };
    for (;;) {
      const sent = await backstage.call('POST', `/orders/${order.id}/messages`, message, tokens[i % 2])
        .catch((error: Error) => error);
      if (!(sent instanceof Error)) break;
      if (!sent.message.includes('RATE_LIMITED')) throw sent;
      await new Promise((next) => setTimeout(next, 300));
    }
  }
}
