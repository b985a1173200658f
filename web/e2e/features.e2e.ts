/** What two people do with messages beside talking: answers, edits, floods, toasts. */
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
let seats: Seat[] = [];
let client: DemoPerson;
let performer: DemoPerson;

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

async function seat(person: DemoPerson, path: string, look?: Look): Promise<Seat> {
  const one = await Seat.open(browser, look);
  seats.push(one);
  await one.signIn(server.url, person, path);
  await one.live();
  return one;
}
async function two(title: string): Promise<[Seat, Seat, DemoOrder]> {
  const order = await backstage.order(title, client, performer);
  const both = await Promise.all([client, performer].map((person) => seat(person, `/orders/${order.id}`)));
  for (const one of both) await one.composer.waitFor();
  return [both[0]!, both[1]!, order];
}
async function menu(of: Seat, text: string, item: string): Promise<void> {
  const bubble = of.bubble(text).first();
  await bubble.hover();
  await bubble.locator('.chat-more').click();
  await of.page.getByRole('menuitem', { name: item }).click();
}

describe('messages', () => {
  it('are answered, edited and deleted on both screens', async () => {
    const [a, b] = await two('Відповіді та правки');
    await a.send('Коли зручно зустрітися?');
    await b.sees('Коли зручно зустрітися?');
    await menu(b, 'Коли зручно', 'Відповісти');
    await b.send('У середу о пятій');
    const quote = a.bubble('У середу').locator('.chat-quote');
    await quote.getByText('Коли зручно зустрітися?').waitFor();
    await quote.click();
    await a.page.locator('.chat-message[data-flash]', { hasText: 'Коли зручно' }).waitFor();

    await menu(b, 'У середу', 'Редагувати');
    await b.page.getByRole('textbox', { name: 'Редагування повідомлення' }).fill('У четвер о п’ятій');
    await b.page.keyboard.press('Enter');
    await a.bubble('У четвер о п’ятій').getByText('змінено').waitFor();
    await a.photograph('reply-and-edit');

    await menu(b, 'У четвер', 'Видалити');
    await b.page.getByRole('button', { name: 'Видалити' }).click();
    await a.page.locator('.chat-deleted').waitFor();
    expect(await a.page.getByText('У четвер о п’ятій').count()).toBe(0);
  });

  it('are waited for when the server is asked too much, and nothing fails', async () => {
    const order = await backstage.order('Забагато одразу', client, performer);
    const a = await seat(client, `/orders/${order.id}?lab=1`);
    await a.composer.waitFor();
    await a.page.getByLabel('Лабораторія: зламати мережу').click();
    await a.page.getByRole('button', { name: 'Надіслати 100 повідомлень' }).click();
    await a.page.locator('.chat-counter[data-paused="true"]').waitFor();
    await a.photograph('too-fast');
    await expect.poll(async () => (await backstage.messages(order, client)).length, { timeout: 20_000 }).toBeGreaterThan(23);
    const stored = (await backstage.messages(order, client)).map(({ content }) => content);
    expect(stored).toEqual(stored.map((_, at) => String(at + 1)));
    expect(await a.page.locator('.chat-message[data-state="failed"]').count()).toBe(0);
  });

  it('of two windows of one person are sent once, from whichever is left', async () => {
    const order = await backstage.order('Два вікна', client, performer);
    const a = await seat(client, `/orders/${order.id}`);
    a.expected = /ERR_INTERNET|socket\.io|\/v1\/|WebSocket/;
    await a.composer.waitFor();
    // The page of the second window must load, so only the chat's own paths are cut.
    await a.context.route(/\/(socket\.io|v1\/orders)\//, (route) => route.abort());
    await a.page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await a.send('з першого вікна');
    await a.bubble('з першого вікна').locator('.chat-tick[data-state="queued"]').waitFor();
    const second = await a.context.newPage();
    await second.goto(`${server.url}/orders/${order.id}?as=${client.id}`);
    await second.locator('.chat-input').waitFor();
    await a.page.close();
    await a.context.unroute(/\/(socket\.io|v1\/orders)\//);
    await second.locator('.chat-message', { hasText: 'з першого вікна' }).waitFor({ timeout: 20_000 });
    await expect.poll(async () => (await backstage.messages(order, client)).map(({ content }) => content)).toEqual(['з першого вікна']);
  });

  it('reach somebody who looks elsewhere as a toast that leads there', async () => {
    const [a, b, order] = await two('Тост');
    const other = await backstage.order('Деінде', client, performer);
    await b.page.goto(`${server.url}/orders/${other.id}`);
    await b.live();
    await b.page.locator('.order-row', { hasText: 'Тост' }).waitFor();
    await expect.poll(async () => {
      await a.send('Погляньте сюди');
      return b.page.locator('.chat-toast', { hasText: 'Погляньте сюди' }).count();
    }, { interval: 1_000, timeout: 15_000 }).toBeGreaterThan(0);
    await b.photograph('toast');
    await b.page.locator('.chat-toast-main', { hasText: 'Погляньте сюди' }).first().click();
    await b.page.waitForURL(`**/orders/${order.id}`);
    await b.sees('Погляньте сюди');
  });

  it('stand under the right day, whatever the zone of the reader', async () => {
    const order = await backstage.longest(client);
    for (const zone of ['Europe/Kyiv', 'America/New_York', 'Pacific/Auckland']) {
      const one = await Seat.open(browser, { zone });
      seats.push(one);
      await one.signIn(server.url, client, `/orders/${order.id}`);
      await one.page.locator('.chat-message').first().waitFor();
      await one.live();
      // Rows in document order: each message belongs to the last day above it.
      const wrong = await one.page.evaluate((timeZone) => {
        const dayOf = (iso: string): string => new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(iso));
        let day = '';
        const found: string[] = [];
        for (const time of document.querySelectorAll<HTMLTimeElement>('.chat-viewport .chat-day time, .chat-viewport .chat-meta time')) {
          if (time.closest('.chat-day') !== null) day = time.dateTime;
          else if (day !== '' && dayOf(time.dateTime) !== day) found.push(`${time.dateTime} under ${day}`);
        }
        return found;
      }, zone);
      expect(wrong).toEqual([]);
      expect(await one.page.locator('.chat-viewport .chat-day').count()).toBeGreaterThan(1);
    }
  });
});
