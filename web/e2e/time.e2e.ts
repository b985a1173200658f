/** Clocks and calendars: zones of the readers, nights with an hour twice, clocks that are wrong, pages that sleep. */
import { describe, expect, it } from 'vitest';
import type { Seat } from './people';
import { Stage } from './stage';

const stage = Stage.forFile({ CORS_ORIGIN: '*' });

/** "2026-10-24" for a day, "03:30" for a message: what the history shows, from top to bottom. */
const calendar = (of: Seat): Promise<string[]> => of.page
  .locator('.chat-viewport .chat-day time, .chat-viewport .chat-meta time')
  .evaluateAll((all) => all.map((one) => (one.closest('.chat-day') === null ? one.textContent! : (one as HTMLTimeElement).dateTime)));

/** The page's own clock is off by that much, and goes on from there. */
async function setWrong(seat: Seat, byMs: number): Promise<void> {
  await seat.page.addInitScript((off) => {
    const Right = Date;
    const now = Right.now.bind(Right);
    globalThis.Date = class extends Right {
      constructor(...args: unknown[]) {
        if (args.length === 0) super(now() + off);
        else super(...(args as [number]));
      }
      static override now(): number {
        return now() + off;
      }
    } as DateConstructor;
  }, byMs);
}
const HOUR_MS = 3_600_000;

describe('messages', () => {
  it('stand under the right day, whatever the zone of the reader', async () => {
    const order = await stage.backstage.longest(stage.client);
    for (const zone of ['Europe/Kyiv', 'America/New_York', 'Pacific/Auckland']) {
      const one = await stage.guest({ zone });
      await one.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
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

  it('of the night in which clocks go back are of one day, with an hour twice', async () => {
    const order = await stage.order('Ніч без сну');
    const written = [
      '2026-10-24T20:30:00.000Z', '2026-10-24T21:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z',
      '2026-10-25T21:30:00.000Z', '2026-10-25T22:30:00.000Z',
    ];
    const token = await stage.backstage.token(stage.performer.id);
    for (const content of written) await stage.backstage.call('POST', `/orders/${order.id}/messages`, { content }, token);
    const at = async (zone: string): Promise<string[]> => {
      const one = await stage.guest({ zone });
      one.expected = /socket\.io/;
      // Over REST alone, with the times that the texts say.
      await one.context.route(/\/socket\.io\//, (route) => route.abort());
      await one.context.route(/\/messages\?/, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as { messages: { content: string; createdAt: string }[] };
        for (const message of body.messages) message.createdAt = message.content;
        await route.fulfill({ response: answer, json: body });
      });
      await one.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
      await one.sees(written.at(-1)!, 20_000);
      return calendar(one);
    };
    expect(await at('Europe/Kyiv')).toEqual([
      '2026-10-24', '23:30', '2026-10-25', '00:30', '03:30', '03:30', '23:30', '2026-10-26', '00:30',
    ]);
    expect(await at('America/New_York')).toEqual([
      '2026-10-24', '16:30', '17:30', '20:30', '21:30', '2026-10-25', '17:30', '18:30',
    ]);
  });

  it.each([[-5], [3], [26]])('stay in order and of today when the clock of the computer is wrong by %i hours', async (hours) => {
    const order = await stage.order(`Годинник ${hours}`);
    const b = await stage.chat(stage.performer, order);
    await b.send('перше');
    await b.tick('перше', 'sent');
    const a = await stage.guest();
    await setWrong(a, hours * HOUR_MS);
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.sees('перше');
    await a.live();
    await a.send('друге');
    await b.sees('друге');
    await b.send('третє');
    await a.sees('третє');
    await a.tick('друге', 'sent');
    expect(await a.texts()).toEqual(['перше', 'друге', 'третє']);
    expect(await a.page.locator('.chat-day').allTextContents()).toEqual(['Сьогодні']);
    expect(await calendar(a)).toEqual(await calendar(b));
    // What was written just now may be changed, whatever the computer thinks of the hour.
    await a.bubble('друге').hover();
    await a.bubble('друге').locator('.chat-more').click();
    await a.page.getByRole('menuitem', { name: 'Редагувати' }).waitFor();
  });

  it('are of today for a page of another origin, too: it may read what time the server has', async () => {
    const one = await stage.guest();
    one.expected = /favicon/;
    const { url } = stage.server;
    await one.page.goto(`${url.replace('127.0.0.1', 'localhost')}/readyz`);
    const read = await one.page.evaluate(async (address) => {
      const answer = await fetch(address);
      return [location.origin === new URL(address).origin, answer.ok, answer.headers.get('Date')];
    }, `${url}/v1/demo/people`);
    expect(read).toEqual([false, true, expect.stringContaining('GMT')]);
  });

  it('change their language at once, with everything around them', async () => {
    const [a] = await stage.two('Мова');
    await a.send('Текст лишається, як був');
    await a.page.locator('.chat-day', { hasText: 'Сьогодні' }).waitFor();
    await a.page.getByRole('button', { name: 'Меню: мова, тема, вихід' }).click();
    await a.page.getByLabel('English').check();
    await a.page.locator('.chat-day', { hasText: 'Today' }).waitFor();
    await a.page.getByPlaceholder('Write a message…').waitFor();
    await a.sees('Текст лишається, як був');
    expect(await a.page.locator('.chat-root').getAttribute('lang')).toBe('en');
    await a.page.getByLabel('Українська').check();
    await a.page.locator('.chat-day', { hasText: 'Сьогодні' }).waitFor();
  });
});

describe('a page', () => {
  it('that was left and came back is live again, with what was said meanwhile', async () => {
    const [a, b] = await stage.two('Туди й назад');
    await a.page.goto('about:blank');
    await b.send('поки вас не було');
    await b.bubble('поки вас не було').locator('.chat-tick').waitFor();
    await a.page.goBack();
    await a.live();
    await a.sees('поки вас не було');
    expect(await a.texts()).toEqual(['поки вас не було']);
  });

  it('of a laptop that slept for a night wakes up with what was said, and sends what was written before', async () => {
    const order = await stage.order('Кришка ноутбука');
    const b = await stage.chat(stage.performer, order);
    const a = await stage.guest();
    a.expected = /socket\.io|WebSocket|ERR_/;
    await a.page.clock.install();
    await a.signIn(stage.server.url, stage.client, `/orders/${order.id}`);
    await a.live('websocket');
    // Asleep nothing runs: neither timers nor the network.
    await a.page.clock.pauseAt(Date.now() + 60_000);
    await a.context.setOffline(true);
    await a.send('перед сном');
    await b.send('доброї ночі');
    await b.tick('доброї ночі', 'sent');
    await a.context.setOffline(false);
    await a.page.clock.fastForward('08:00:00');
    await a.page.clock.resume();
    await a.live();
    await a.sees('доброї ночі');
    await b.sees('перед сном');
    expect((await a.texts()).toSorted()).toEqual(['доброї ночі', 'перед сном']);
    expect(await b.texts()).toEqual(await stage.stored(order));
  });

  it('frozen in the background hears what it missed when it is looked at again', async () => {
    const [a, b, order] = await stage.two('Заморожена вкладка');
    await a.live('websocket');
    const session = await a.context.newCDPSession(a.page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    // More than one page of catching up would hold.
    const token = await stage.backstage.token(stage.performer.id);
    for (let i = 1; i <= 15; i++) await stage.backstage.call('POST', `/orders/${order.id}/messages`, { content: `мимо ${i}` }, token);
    await b.sees('мимо 15');
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await a.sees('мимо 15', 20_000);
    await a.send('я прокинувся');
    await b.sees('я прокинувся');
    const stored = await stage.stored(order);
    expect(stored).toHaveLength(16);
    await expect.poll(() => a.texts()).toEqual(stored);
  });

  it('in the background counts in its title what waits, and reads nothing for its owner', async () => {
    const [a, b, order] = await stage.two('На тлі');
    await a.away(true);
    await b.send('гляньте, коли буде час');
    await expect.poll(() => a.page.title()).toMatch(/^\(\d+\)/);
    expect(await stage.backstage.lastRead(order, stage.client)).toBe(0);
    await a.away(false);
    await b.tick('гляньте, коли буде час', 'read');
  });
});
