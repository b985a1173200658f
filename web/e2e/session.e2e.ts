/** What a session goes through: tokens that end, pages that sleep, and an administrator who looks on. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backstage, Seat, demoPeople, launch } from './people';
import type { DemoOrder, DemoPerson } from './people';
import { startServer } from './server';
import type { TestServer } from './server';

let server: TestServer;
let browser: Browser;
let backstage: Backstage;
let client: DemoPerson;
let performer: DemoPerson;
let admin: DemoPerson;
let seats: Seat[] = [];

beforeAll(async () => {
  server = await startServer();
  browser = await launch();
  backstage = new Backstage(server.url);
  const people = await demoPeople(server.url);
  const first = (role: string): DemoPerson => people.find((one) => one.role === role)!;
  [client, performer, admin] = [first('client'), first('performer'), first('admin')];
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

async function seat(person: DemoPerson, path: string): Promise<Seat> {
  const one = await Seat.open(browser);
  seats.push(one);
  await one.signIn(server.url, person, path);
  await one.live();
  return one;
}
async function inLab(title: string): Promise<[Seat, DemoOrder]> {
  const order = await backstage.order(title, client, performer);
  const one = await seat(client, `/orders/${order.id}?lab=1`);
  await one.composer.waitFor();
  await one.page.getByLabel('Лабораторія: зламати мережу').click();
  return [one, order];
}

describe('a token', () => {
  it('that is no good any more is replaced without a word', async () => {
    const [a] = await inLab('Новий токен');
    a.expected = /401|auth/;
    await a.page.getByRole('button', { name: 'Зіпсувати токен' }).click();
    await a.page.locator('.link-state[data-link="live"]').waitFor({ state: 'attached' });
    await a.send('після заміни');
    await a.bubble('після заміни').locator('.chat-tick[data-state="sent"]').waitFor();
    expect(await a.page.locator('.signin').count()).toBe(0);
  });

  it('that cannot be replaced leads to the sign-in, and what was written stays', async () => {
    const [a, order] = await inLab('Сеанс завершився');
    a.expected = /401|cut-by-the-lab|\/v1\//;
    await a.page.getByLabel('Мережа').selectOption('none');
    await a.page.locator('.link-state[data-link="live"]').waitFor({ state: 'detached' });
    await a.send('не загубіть мене');
    await a.bubble('не загубіть мене').locator('.chat-tick[data-state="queued"]').waitFor();
    await a.page.route('**/v1/auth/demo', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"code":"UNAUTHORIZED","message":"no"}}' }));
    await a.page.getByRole('button', { name: 'Зіпсувати токен' }).click();
    await a.page.getByLabel('Мережа').selectOption('ok');
    await a.page.locator('.signin').waitFor({ timeout: 20_000 });
    await a.page.unroute('**/v1/auth/demo');
    await a.page.getByRole('button', { name: `Увійти як ${client.name}` }).click();
    await expect.poll(async () => (await backstage.messages(order, client)).map(({ content }) => content), { timeout: 20_000 })
      .toEqual(['не загубіть мене']);
  });
});

describe('a page', () => {
  it('opens for a person by its address, and forgets the address', async () => {
    const one = await Seat.open(browser);
    seats.push(one);
    await one.page.goto(`${server.url}/?as=${performer.id}`);
    await one.page.locator('.me-name', { hasText: performer.name }).waitFor();
    await one.live();
    expect(new URL(one.page.url()).search).toBe('');
  });

  it('that was left and came back is live again, with what was said meanwhile', async () => {
    const order = await backstage.order('Туди й назад', client, performer);
    const a = await seat(client, `/orders/${order.id}`);
    const b = await seat(performer, `/orders/${order.id}`);
    await b.composer.waitFor();
    await a.page.goto('about:blank');
    await b.send('поки вас не було');
    await b.bubble('поки вас не було').locator('.chat-tick').waitFor();
    await a.page.goBack();
    await a.live();
    await a.sees('поки вас не було');
    expect(await a.page.locator('.chat-text').allTextContents()).toEqual(['поки вас не було']);
  });

  it('that has lost acknowledgements repeats itself, and the message is there once', async () => {
    const [a, order] = await inLab('Загублене підтвердження');
    await a.page.locator('.link-state[data-transport="websocket"]').waitFor({ state: 'attached' });
    await a.page.getByLabel('Губити підтвердження').check();
    await a.send('лише раз');
    await a.bubble('лише раз').locator('.chat-tick[data-state="sent"]').waitFor({ timeout: 20_000 });
    await a.page.getByLabel('Губити підтвердження').uncheck();
    expect((await backstage.messages(order, client)).map(({ content }) => content)).toEqual(['лише раз']);
    expect(await a.page.locator('.chat-text').allTextContents()).toEqual(['лише раз']);
  });

  it('is walked by keys: search, panes, conversations', async () => {
    const orders = [await backstage.order('Клавіші 1', client, performer), await backstage.order('Клавіші 2', client, performer)];
    const a = await seat(client, `/orders/${orders[1]!.id}`);
    await a.page.locator('.order-row', { hasText: 'Клавіші 1' }).waitFor();
    await a.page.locator('.pane-list .order-row[aria-current]').focus();
    await a.page.keyboard.press('/');
    expect(await a.page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
    await a.page.keyboard.press('F6');
    await a.page.keyboard.press('Alt+ArrowDown');
    await a.page.waitForURL(`**/orders/${orders[0]!.id}`);
    for (let step = 0; step < 4 && !(await a.composer.evaluate((el) => el === document.activeElement)); step++) {
      await a.page.keyboard.press('F6');
    }
    expect(await a.composer.evaluate((el) => el === document.activeElement)).toBe(true);
  });
});

describe('an administrator', () => {
  it('sees connections come, change and go, and may end one', async () => {
    const watcher = await seat(admin, '/monitor');
    await watcher.page.locator('.board tbody tr').first().waitFor();
    const order = await backstage.order('Під наглядом', client, performer);
    const a = await seat(client, `/orders/${order.id}`);
    await a.composer.waitFor();
    const row = watcher.page.locator('.board tbody tr', { hasText: client.name });
    await row.waitFor({ timeout: 6_000 });
    await row.locator('[data-transport="websocket"]').waitFor();
    await watcher.page.locator('.log li', { hasText: client.name }).first().waitFor();
    await a.send('рахуйте мене');
    await watcher.page.locator('.chart canvas').first().waitFor();
    await watcher.photograph('monitor');

    await row.getByRole('button').click();
    await watcher.page.locator('.log li[data-what="left"]', { hasText: client.name }).first().waitFor({ timeout: 8_000 });
    // The page comes back by itself, as it would after any loss.
    await a.live();
    await a.send('я знову тут');
    await a.bubble('я знову тут').locator('.chat-tick[data-state="sent"]').waitFor();
  });
});
