/** Long histories: where they open, how they load, what stays in its place. */
import { describe, expect, it } from 'vitest';
import type { DemoOrder, DemoPerson, Seat } from './people';
import { Stage } from './stage';

const stage = Stage.forFile({ RATE_MESSAGES_PER_10S: '0', CONNECTIONS_PER_IP_MAX: '0' });
const DRIFT_MAX_PX = 2;
const ROWS_MAX = 60;

describe('a history of two thousand messages', () => {
  it('opens at the unread line, loads upwards without a jump or a word, and returns', async () => {
    // A running server keeps its pace, and its data.
    const count = stage.server.restart === null ? 120 : 2_000;
    const unread = 30;
    const order = await stage.order('Дві тисячі');
    await write(order, count - unread);
    await stage.backstage.call('POST', `/orders/${order.id}/read`, { seq: count - unread }, await stage.backstage.token(stage.client.id));
    await write(order, unread, stage.performer, 'нове');
    const [a, b] = [await stage.chat(stage.client, order), await stage.chat(stage.performer, order)];
    await expectAtUnreadLine(a);

    const viewport = a.page.locator('.chat-viewport');
    await viewport.hover();
    for (let page = 0; page < 4; page++) {
      const letIn = await holdNextPage(a);
      await wheelUntil(a, -600, () => letIn.asked());
      await a.settle();
      const drift = await watchDrift(a);
      letIn.open();
      await expect.poll(async () => (await drift()).compared, { timeout: 20_000 }).toBeGreaterThan(0);
      await a.frame();
      expect((await drift()).worst).toBeLessThanOrEqual(DRIFT_MAX_PX);
      await letIn.done();
    }
    expect(await a.page.locator('.chat-row').count()).toBeLessThan(ROWS_MAX);
    // History that scrolls by is no news: a screen reader was told nothing.
    expect(await a.page.locator('[role="log"]').textContent()).toBe('');

    await b.send('тим часом унизу');
    await a.page.locator('.chat-to-latest').getByText('1 нове повідомлення').waitFor();
    await expect.poll(() => a.page.locator('[role="log"] p').allTextContents()).toHaveLength(1);
    await a.photograph('new-below');
    await a.send('згори одразу вниз');
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
    await a.sees('тим часом унизу');
    await a.sees('згори одразу вниз');
  }, 120_000);
});

describe('a history', () => {
  it('loads up to its beginning, and a button leads back', async () => {
    const order = await stage.order('До початку');
    await write(order, 120);
    const [a, b] = [await stage.chat(stage.client, order), await stage.chat(stage.performer, order)];
    await a.page.locator('.chat-viewport').hover();
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
    await wheelUntil(a, -900, async () => (await a.page.getByText('Початок розмови').count()) > 0);
    await b.send('останнє');
    await a.page.getByText('1 нове повідомлення').click();
    await a.sees('останнє');
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
  });

  it('stays at the end while the field grows and the window shrinks', async () => {
    const order = await stage.order('Поле росте');
    await write(order, 30);
    const a = await stage.chat(stage.client, order);
    await a.composer.fill('раз\nдва\nтри\nчотири\nп’ять');
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
    await a.page.setViewportSize({ width: 800, height: 480 });
    await expect.poll(() => distanceToEnd(a)).toBeLessThanOrEqual(2);
  });

  it('opens at the first unread message from the list too, under a line that stays', async () => {
    const [read, unread] = [await stage.order('Прочитане'), await stage.order('Непрочитане')];
    await write(unread, 4);
    const first = await stage.chat(stage.client, unread);
    await expect.poll(() => stage.backstage.lastRead(unread, stage.client)).toBe(4);
    await first.close();
    await write(unread, 30, stage.performer, 'нове');
    const a = await stage.chat(stage.client, read);
    await a.page.locator('.order-row strong').getByText('Непрочитане', { exact: true }).click();
    await a.page.locator('.chat-message', { hasText: 'нове' }).first().waitFor();
    await expectAtUnreadLine(a);
    await a.photograph('unread-line');
  });

  it('goes to the unread line when what an earlier visit left was shown first', async () => {
    await stage.order('Інше');
    const order = await stage.order('Знову тут');
    await write(order, 30);
    const a = await stage.chat(stage.client, order);
    await expect.poll(() => stage.backstage.lastRead(order, stage.client)).toBe(30);
    const choose = (title: string): Promise<void> => a.page.locator('.order-row strong').getByText(title, { exact: true }).click();
    const newest = a.page.locator('.chat-message', { hasText: 'нове' });
    await choose('Інше');
    await a.page.locator('.chat-message').first().waitFor({ state: 'detached' });
    await write(order, 30, stage.performer, 'нове');
    await choose('Знову тут');
    await newest.first().waitFor();
    await expectAtUnreadLine(a);

    const url = a.page.url();
    await a.page.keyboard.press('End');
    await a.page.locator('.chat-to-latest').click();
    await expect.poll(() => stage.backstage.lastRead(order, stage.client)).toBe(60);
    await a.page.goto('about:blank');
    await write(order, 30, stage.performer, 'новіше');
    await a.page.goto(url);
    await a.page.locator('.chat-message', { hasText: 'новіше' }).first().waitFor();
    await expectAtUnreadLine(a);
  });
});

const distanceToEnd = (of: Seat): Promise<number> =>
  of.page.locator('.chat-viewport').evaluate((el) => el.scrollHeight - el.scrollTop - el.clientHeight);
/** The first unread message is at the top, and there is more below. */
async function expectAtUnreadLine(of: Seat): Promise<void> {
  await of.page.locator('.chat-unread-line').waitFor();
  await of.settle();
  expect(await topOf(of, '.chat-unread-line')).toBeGreaterThanOrEqual(0);
  expect(await topOf(of, '.chat-unread-line')).toBeLessThan(120);
  await of.page.locator('.chat-to-latest').waitFor();
}
const topOf = (of: Seat, selector: string): Promise<number> => of.page.locator(selector).evaluate(
  (el) => el.getBoundingClientRect().top - el.closest('.chat-viewport')!.getBoundingClientRect().top,
);

async function wheelUntil(of: Seat, by: number, there: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (await there()) return;
    await of.page.mouse.wheel(0, by);
    await of.frame();
  }
  throw new Error('scrolled for long, and it did not come');
}
/** Holds the next page of history back until it is let in. */
async function holdNextPage(of: Seat): Promise<{ asked(): boolean; open(): void; done(): Promise<void> }> {
  const pages = /messages\?limit=50&before=/;
  let asked = false;
  let open = (): void => {};
  const gate = new Promise<void>((opened) => (open = opened));
  await of.page.route(pages, async (route) => {
    asked = true;
    await gate;
    await route.continue();
  });
  return { asked: () => asked, open: () => open(), done: () => of.page.unroute(pages) };
}

/** From now on, in every frame: how far a message that was in sight has moved, at worst. */
async function watchDrift(of: Seat): Promise<() => Promise<{ worst: number; compared: number }>> {
  await of.page.locator('.chat-viewport').evaluate((el) => {
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
    Object.assign(globalThis, { drift });
    const [before, height] = [places(), el.scrollHeight];
    const look = (): void => {
      const grown = el.scrollHeight - height > 400;
      for (const [text, at] of places()) {
        const was = before.get(text);
        if (was === undefined) continue;
        drift.worst = Math.max(drift.worst, Math.abs(at - was));
        if (grown) drift.compared++;
      }
      if ((globalThis as unknown as { drift: object }).drift === drift) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  return () => of.page.evaluate(() => (globalThis as unknown as { drift: { worst: number; compared: number } }).drift);
}

/** Fills a chat over REST, many at a time; both sides write unless one is named. */
async function write(order: DemoOrder, count: number, only?: DemoPerson, word = 'рядок'): Promise<void> {
  const AT_ONCE = 100;
  const tokens = await Promise.all([only ?? stage.performer, only ?? stage.client].map(({ id }) => stage.backstage.token(id)));
  const one = async (i: number): Promise<void> => {
    const wraps = i % 5 === 0 ? ' — довший, щоб перенісся на телефоні на другий рядок, а може, й на третій' : '';
    const message = { content: `${word} ${i}${wraps}`, clientMessageId: `${word}-${order.id}-${i}` };
    await stage.backstage.patiently(() => stage.backstage.call('POST', `/orders/${order.id}/messages`, message, tokens[i % 2]));
  };
  for (let from = 1; from <= count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count + 1 - from) }, (_, i) => one(from + i)));
  }
}
