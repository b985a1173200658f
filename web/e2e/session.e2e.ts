/** What a session goes through: tokens that end, pages that sleep, and an administrator who looks on. */
import { describe, expect, it } from 'vitest';
import type { Seat } from './people';
import { Stage } from './stage';

const stage = Stage.forFile();

describe('a token', () => {
  it('that is no good any more is replaced without a word', async () => {
    const [a] = await stage.lab('Новий токен');
    a.expected = /401|auth/;
    await a.page.getByRole('button', { name: 'Зіпсувати токен' }).click();
    await a.live();
    await a.send('після заміни');
    await a.tick('після заміни', 'sent');
    expect(await a.page.locator('.signin').count()).toBe(0);
  });

  it('that cannot be replaced leads to the sign-in, and what was written stays', async () => {
    const [a, order] = await stage.lab('Сеанс завершився');
    a.expected = /401|cut-by-the-lab|\/v1\//;
    await a.page.getByLabel('Мережа').selectOption('none');
    await a.down();
    await a.send('не загубіть мене');
    await a.tick('не загубіть мене', 'queued');
    await a.page.route('**/v1/auth/demo', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"code":"UNAUTHORIZED","message":"no"}}' }));
    await a.page.getByRole('button', { name: 'Зіпсувати токен' }).click();
    await a.page.getByLabel('Мережа').selectOption('ok');
    await a.page.locator('.signin').waitFor({ timeout: 20_000 });
    await a.page.unroute('**/v1/auth/demo');
    await a.page.getByRole('button', { name: `Увійти як ${stage.client.name}` }).click();
    await expect.poll(() => stage.stored(order), { timeout: 20_000 })
      .toEqual(['не загубіть мене']);
  });
});

describe('a session that is ended from outside', () => {
  // Somebody else than in the other scenarios: his tokens are no good afterwards.
  const revoke = async (): Promise<void> => {
    const body = { issuedBefore: new Date(Date.now() + 1_000).toISOString() };
    await stage.backstage.call('POST', `/admin/users/${stage.stranger.id}/revoke`, body, await stage.backstage.token(stage.admin.id));
  };

  it('is refused at the next deed, and leads to the sign-in where no new one is given', async () => {
    const order = await stage.backstage.order('Відкликано', stage.client, stage.stranger);
    const a = await stage.chat(stage.stranger, order);
    const b = await stage.chat(stage.client, order);
    a.expected = /401|auth|v1/;
    await a.send('ще можна');
    await b.sees('ще можна');
    await a.page.route('**/v1/auth/demo', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"code":"UNAUTHORIZED","message":"no"}}' }));
    await revoke();
    await a.page.locator('.signin').waitFor({ timeout: 20_000 });
    await b.send('вже без нього');
    await b.tick('вже без нього', 'sent');
    expect(await stage.stored(order)).toEqual(['ще можна', 'вже без нього']);
    expect(await a.page.getByText('вже без нього').count()).toBe(0);
  });
});

describe('a page', () => {
  it('opens for a person by its address, and forgets the address', async () => {
    const one = await stage.guest();
    await one.page.goto(`${stage.server.url}/?as=${stage.performer.id}`);
    await one.page.locator('.me-name', { hasText: stage.performer.name }).waitFor();
    await one.live();
    expect(new URL(one.page.url()).search).toBe('');
  });

  it('is walked by keys: search, panes, conversations', async () => {
    const orders = [await stage.order('Клавіші 1'), await stage.order('Клавіші 2')];
    const a = await stage.seat(stage.client, `/orders/${orders[1]!.id}`);
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
    const watcher = await stage.seat(stage.admin, '/monitor');
    await watcher.page.locator('.board tbody tr').first().waitFor();
    const order = await stage.order('Під наглядом');
    const a = await stage.chat(stage.client, order);
    const row = watcher.page.locator('.board tbody tr', { hasText: stage.client.name });
    await row.waitFor({ timeout: 4_000 });
    await row.locator('[data-transport="websocket"]').waitFor();
    await watcher.page.locator('.log li', { hasText: stage.client.name }).first().waitFor();
    await a.send('рахуйте мене');
    await watcher.page.locator('.chart canvas').first().waitFor();
    await expect.poll(async () => (await tilesOf(watcher)).join(' ') === (await metrics()).join(' ') && 'as /metrics').toBe('as /metrics');
    await watcher.photograph('monitor');

    await row.getByRole('button').click();
    await watcher.page.locator('.log li[data-what="left"]', { hasText: stage.client.name }).first().waitFor({ timeout: 8_000 });
    // The page comes back by itself, as it would after any loss.
    await a.live();
    await a.send('я знову тут');
    await a.tick('я знову тут', 'sent');
  });
});

/** Connections, users, messages and rooms, as the page shows them. */
function tilesOf(seat: Seat): Promise<number[]> {
  return seat.page.locator('.tiles dd').evaluateAll((all) => {
    const [connections, , messages, , , rooms] = all.map((dd) => [dd.firstChild!.textContent!, dd.querySelector('small')!.textContent!]);
    return [connections![0]!, connections![1]!, messages![1]!, rooms![0]!].map((text) => Number(text.replace(/\D/g, '')));
  });
}
async function metrics(): Promise<number[]> {
  const text = await (await fetch(`${stage.server.url}/metrics`)).text();
  const value = (name: string): number => Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.slice(name.length));
  const connections = ['websocket', 'polling'].map((one) => value(`rozmova_connections{transport="${one}"}`));
  return [connections[0]! + connections[1]!, ...['rozmova_users_online', 'rozmova_messages_stored_total', 'rozmova_rooms'].map(value)];
}
