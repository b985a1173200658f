/** Two people who talk: messages, ticks, typing, presence, one person in two windows, somebody who has no business here. */
import { describe, expect, it } from 'vitest';
import { Stage } from './stage';

const stage = Stage.forFile();

describe('two people', () => {
  it('exchange messages: one copy on each side', async () => {
    const [a, b] = await stage.two('Обмін повідомленнями');
    await a.send('Добрий день! Коли почнемо?');
    await b.sees('Добрий день! Коли почнемо?');
    await b.send('Хоч зараз 🙂');
    await a.sees('Хоч зараз 🙂');
    const expected = ['Добрий день! Коли почнемо?', 'Хоч зараз 🙂'];
    expect(await a.texts()).toEqual(expected);
    expect(await b.texts()).toEqual(expected);
  });

  it('see the ticks of a message go forward only, and "read" once the other has it in sight', async () => {
    const [a, order] = await stage.lab('Позначки');
    const b = await stage.chat(stage.performer, order);
    await a.page.getByLabel('Затримка').selectOption('200');
    // Every state that the tick of the message had, as it was drawn.
    await a.page.evaluate(() => {
      const seen: string[] = [];
      (globalThis as unknown as { seen: string[] }).seen = seen;
      new MutationObserver(() => {
        const ticks = document.querySelectorAll<HTMLElement>('.chat-tick');
        const state = ticks[ticks.length - 1]?.dataset['state'];
        if (state !== undefined && seen.at(-1) !== state) seen.push(state);
      }).observe(document.querySelector('.chat-pane')!, { subtree: true, childList: true, attributes: true });
    });
    await b.away(true);
    await a.send('Прочитаєте?');
    await b.sees('Прочитаєте?');
    await a.tick('Прочитаєте?', 'sent');
    // What he types now is told after any read mark that he might have sent.
    await b.composer.pressSequentially('Так', { delay: 10 });
    await a.page.locator('.chat-typing[data-on="true"]').waitFor();
    expect(await a.bubble('Прочитаєте?').locator('.chat-tick[data-state="read"]').count()).toBe(0);
    expect(await stage.backstage.lastRead(order, stage.performer)).toBe(0);
    await b.away(false);
    await a.tick('Прочитаєте?', 'read');
    const seen = await a.page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    expect(['queued', 'sending']).toContain(seen[0]);
    expect(seen.filter((one) => one !== 'queued' && one !== 'sending')).toEqual(['sent', 'read']);
  });

  it('keep the order of a quick burst from both sides', async () => {
    const [a, b, order] = await stage.two('Швидко');
    for (let i = 1; i <= 8; i++) {
      await a.send(`a${i}`);
      await b.send(`b${i}`);
    }
    await a.sees('b8');
    await b.sees('a8');
    const stored = await stage.stored(order);
    expect(stored).toHaveLength(16);
    await expect.poll(() => a.texts()).toEqual(stored);
    await expect.poll(() => b.texts()).toEqual(stored);
  });

  it('see each other typing: until it stops, is sent, or the window is closed', async () => {
    const [a, b] = await stage.two('Друкує');
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
    await a.composer.pressSequentially('І ще', { delay: 20 });
    await indicator.waitFor();
    await a.close();
    await indicator.waitFor({ state: 'detached', timeout: 7_000 });
  });

  it('see who is there, two windows of one person being one, and when he was there last', async () => {
    const [a, b, order] = await stage.two('Присутність');
    const dot = (state: string) => a.page.locator(`.chat-header .chat-dot[data-state="${state}"]`);
    await dot('online').waitFor();
    const second = await stage.chat(stage.performer, order);
    await second.close();
    await b.send('Я ще тут');
    await a.sees('Я ще тут');
    expect(await dot('online').count()).toBe(1);
    await b.close();
    await dot('offline').waitFor();
    await a.page.locator('.chat-header').getByText('не в мережі', { exact: true }).waitFor();
  });

  it('have what was written in the order list of the other, with its count', async () => {
    const order = await stage.order('Лічильник непрочитаного');
    const other = await stage.order('Інше замовлення');
    const a = await stage.chat(stage.client, order);
    const b = await stage.chat(stage.performer, other);
    await a.send('Побачите в списку?');
    const row = b.page.locator('.order-row', { hasText: 'Лічильник непрочитаного' });
    await row.getByText('Побачите в списку?').waitFor();
    await row.locator('.unread', { hasText: '1' }).waitFor();
    await row.click();
    await b.sees('Побачите в списку?');
    await row.locator('.unread').waitFor({ state: 'detached' });
  });

  it('create an order between them', async () => {
    const a = await stage.chat(stage.client, await stage.order('Перше'));
    await a.page.getByRole('button', { name: 'Нове замовлення' }).click();
    await a.page.getByLabel('Що потрібно зробити').fill('Візитівки для студії');
    await a.page.getByRole('button', { name: 'Створити' }).click();
    await a.page.locator('.order-row[aria-current="page"]', { hasText: 'Візитівки для студії' }).waitFor();
    await a.page.getByText('Тут почнеться ваша розмова').waitFor();
  });

  it('are in two windows each: what one window sends, reads or clears, the other has too', async () => {
    const [order, other] = [await stage.order('Двоє вікон'), await stage.order('Друге вікно деінде')];
    const first = await stage.chat(stage.client, order);
    const second = await stage.chat(stage.client, other);
    await first.send('пишу з першого');
    const row = second.page.locator('.order-row', { hasText: 'Двоє вікон' });
    await row.getByText('пишу з першого').waitFor();
    expect(await row.locator('.unread').count()).toBe(0);
    await first.away(true);
    const b = await stage.chat(stage.performer, order);
    await b.send('прочитайте будь-де');
    await row.locator('.unread', { hasText: '1' }).waitFor();
    await first.away(false);
    await row.locator('.unread').waitFor({ state: 'detached' });
    await row.click();
    await second.sees('пишу з першого');
    expect(await second.texts()).toEqual(await first.texts());
  });
});

describe('a stranger', () => {
  it('is told that the chat is not his, and not a frame of it reaches his browser', async () => {
    const order = await stage.order('Не для всіх');
    const one = await stage.guest();
    const heard: string[] = [];
    one.page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => heard.push(String(payload))));
    one.page.on('response', (response) => void response.text().then((text) => heard.push(text), () => {}));
    await one.signIn(stage.server.url, stage.stranger, `/orders/${order.id}`);
    await one.page.getByText('Цей чат не для вас').waitFor();
    await one.live();
    const a = await stage.chat(stage.client, order);
    const b = await stage.chat(stage.performer, order);
    await a.send('Це таємниця');
    await b.sees('Це таємниця');
    await b.composer.pressSequentially('і тут', { delay: 10 });
    await a.page.locator('.chat-typing[data-on="true"]').waitFor();
    // Something of his own, told after all that: had he been told of the rest, it would be here by now.
    const own = await stage.backstage.order('Його власне', stage.client, stage.stranger);
    const c = await stage.chat(stage.client, own);
    await c.send('а це вам');
    await c.tick('а це вам', 'sent');
    await one.page.goto(`${stage.server.url}/orders/${own.id}`);
    await one.sees('а це вам');
    expect(heard.join('\n')).not.toContain('Це таємниця');
    expect(heard.filter((one_) => one_.includes(order.id) && /_message|_typing|_read/.test(one_))).toEqual([]);
  });
});

describe('hostile text', () => {
  const FAMILY = '👨‍👩‍👧‍👦'.repeat(20);
  const LONG_WORD = 'ж'.repeat(400);

  it('stays text: markup, links that are none, direction overrides, invisible characters, very long words', async () => {
    const [a, b] = await stage.two('Вороже <b onclick="alert(1)">');
    const dialogs: string[] = [];
    for (const one of [a, b]) one.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const said = [
      '<img src=x onerror="document.title=1"> javascript:alert(1) \u202Egpj.exe',
      'https://example.com/шлях?a=1 — посилання, [тут](javascript:alert(1)) data:text/html,<script>1</script>',
      `<script>alert(1)</script> a\u200b\u200db \u0007 ${FAMILY}`,
      LONG_WORD,
      `שלום עולם مرحبا ${'рядок\n'.repeat(200)}кінець`,
    ];
    for (const [at, text] of said.entries()) {
      await a.send(`${text} ${at}!`);
      await b.sees(` ${at}!`);
      const shown = await b.bubble(` ${at}!`).locator('.chat-text').textContent();
      // oxlint-disable-next-line no-control-regex
      expect(shown).toBe(`${text} ${at}!`.replace(/[\u202E\u0007]/g, ''));
      expect(await b.page.locator('.chat-text img, .chat-text script, .chat-text b').count()).toBe(0);
      const links = await b.page.locator('.chat-text a').evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).protocol));
      expect(new Set([...links, 'https:'])).toEqual(new Set(['https:']));
    }
    expect(await b.page.locator('.details-title, .order-strip-text').first().textContent()).toContain('<b onclick=');
    for (const one of [a, b]) {
      expect(await one.page.evaluate(() => document.querySelector('.chat-viewport')!.scrollWidth - document.querySelector('.chat-viewport')!.clientWidth)).toBeLessThanOrEqual(0);
      expect(await one.page.title()).not.toBe('1');
    }
    expect(dialogs).toEqual([]);
    await b.photograph('hostile');
  });

  it('of 20 000 characters is counted and held back, nothing is cut off', async () => {
    const [a] = await stage.two('Задовге');
    await a.composer.fill('я'.repeat(20_000));
    await a.page.locator('.chat-counter[data-over="true"]').waitFor();
    await a.composer.press('Enter');
    expect((await a.composer.inputValue()).length).toBe(20_000);
    expect(await a.page.locator('.chat-message').count()).toBe(0);
    await a.composer.fill('я'.repeat(10_000));
    await a.composer.press('Enter');
    await a.page.locator('.chat-tick[data-state="sent"], .chat-tick[data-state="read"]').waitFor();
  });
});
