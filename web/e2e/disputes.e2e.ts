/** What happens to orders and disputes, and who makes it happen. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BROKEN, SOCKET } from './people';
import { Stage } from './stage';

const stage = Stage.forFile();

describe('orders and disputes', () => {
  it('move on by those who may move them, told in both chats', async () => {
    const [a, b] = await stage.two('Крок за кроком');
    expect(await a.page.getByRole('button', { name: 'Прийняти замовлення' }).count()).toBe(0);
    await b.page.getByRole('button', { name: 'Прийняти замовлення' }).click();
    await a.page.locator('.chat-system', { hasText: 'Замовлення прийнято' }).waitFor();
    await b.page.getByRole('button', { name: 'Почати роботу' }).click();
    await a.page.locator('.chat-header .chat-status[data-status="in_progress"]').waitFor();
    await b.page.getByRole('button', { name: 'Здати роботу' }).click();
    await b.page.getByLabel('Коментар').fill('Усе готово');
    await b.page.getByRole('dialog').getByRole('button', { name: 'Здати роботу' }).click();
    await a.page.locator('.chat-system', { hasText: 'Усе готово' }).waitFor();
    await a.page.getByRole('button', { name: 'Прийняти роботу' }).click();
    await b.page.locator('.chat-header .chat-status[data-status="completed"]').waitFor();
    await a.photograph('order-completed');
  });

  it('a dispute: opened, seen in the queue at once, taken, talked over, decided, closed', async () => {
    const [a, b] = await stage.two('Спірна плитка');
    await b.page.getByRole('button', { name: 'Прийняти замовлення' }).click();
    await a.page.locator('.chat-header .chat-status[data-status="accepted"]').waitFor();
    const m = await stage.seat(stage.moderator, '/queue');
    await m.page.locator('.board h2').waitFor();
    await expect.poll(() => m.page.locator('.board table, .board .list-notice').count()).toBeGreaterThan(0);

    await a.page.getByRole('button', { name: 'Відкрити спір' }).click();
    await a.page.getByLabel('Що сталося?').fill('Плитка тріснула на другий день');
    await a.photograph('dispute-opening');
    await a.page.getByRole('dialog').getByRole('button', { name: 'Відкрити спір' }).click();
    await a.page.waitForURL('**/disputes/*');
    await a.page.locator('.chat-strip').waitFor();

    const pill = m.page.locator('.pill');
    const row = m.page.locator('tbody tr', { hasText: 'Спірна плитка' });
    await pill.or(row).first().waitFor({ timeout: 15_000 });
    if (await pill.count() > 0) await pill.click();
    await m.photograph('queue');
    await row.getByRole('button', { name: 'Взяти на розгляд' }).click();
    await row.getByText(stage.moderator.name).waitFor();
    await row.getByRole('link').click();
    await m.joined();

    await b.page.getByRole('link', { name: 'Перейти до спору' }).click();
    await b.joined();
    await m.send('Вітаю обох, надішліть, будь ласка, фото');
    await a.page.locator('.chat-message[data-role="moderator"]', { hasText: 'надішліть' }).waitFor();
    // Whoever was here before the moderator came knows of him too.
    await a.page.locator('.chat-header', { hasText: stage.moderator.name }).getByText('Модератор · у мережі').waitFor();
    await b.page.locator('input[type="file"]').setInputFiles(fileURLToPath(new URL('picture.png', import.meta.url)));
    await b.page.locator('.chat-draft[data-state="done"]').waitFor();
    await b.send('Фото в мене є');
    await m.bubble('Фото в мене є').locator('.chat-image img').waitFor();
    await m.page.locator('.pane-details .chat-evidence img').waitFor();
    expect(await m.page.locator('.pane-details').evaluate((pane) => {
      const image = pane.querySelector('.chat-evidence .chat-image')!.getBoundingClientRect();
      return image.right <= pane.getBoundingClientRect().right;
    })).toBe(true);
    await a.photograph('dispute-three');

    await m.page.getByRole('button', { name: 'Почати розгляд' }).click();
    await a.page.locator('.chat-header .chat-status[data-status="under_review"]').waitFor();
    await b.page.getByRole('link', { name: 'Чат замовлення' }).click();
    await b.page.waitForURL('**/orders/*');
    await m.page.getByRole('button', { name: 'Вирішити' }).click();
    await m.page.getByLabel('Скасовано: кошти замовнику').check();
    await m.page.getByLabel('Пояснення').fill('Матеріал був неякісний');
    await m.photograph('decision');
    await m.page.getByRole('dialog').getByRole('button', { name: 'Вирішити' }).click();
    await a.page.locator('.chat-system', { hasText: 'Матеріал був неякісний' }).waitFor();
    // Pointed at, it does not go by itself.
    await b.page.locator('.chat-toast', { hasText: 'Спірна плитка' }).first().hover();
    await b.photograph('decision-toast');
    await b.page.locator('.chat-toast-main', { hasText: 'Спірна плитка' }).first().click();
    await b.page.locator('.chat-header .chat-status[data-status="resolved"]').waitFor();
    await m.page.getByRole('button', { name: 'Закрити спір' }).click();
    for (const one of [a, b]) await one.page.getByText('Спір закрито: чат можна лише читати').waitFor();
    await a.page.getByRole('link', { name: 'Чат замовлення' }).click();
    await a.page.locator('.chat-header .chat-status[data-status="cancelled"]').waitFor();
  }, 90_000);

  it('a closed dispute is read-only to whoever has REST alone, too', async () => {
    const order = await stage.order('Закрито без сокета');
    const { backstage } = stage;
    const tokens = await Promise.all([stage.client, stage.moderator].map(({ id }) => backstage.token(id)));
    const opened = await backstage.call('POST', `/orders/${order.id}/disputes`, { reason: 'Не те, що домовлялися' }, tokens[0]);
    const id = String(((opened['dispute'] ?? opened) as { id: string }).id);
    await backstage.call('POST', `/disputes/${id}/assign`, {}, tokens[1]);
    const a = await stage.guest();
    a.expected = BROKEN;
    await a.context.route(SOCKET, (route) => route.abort());
    await a.signIn(stage.server.url, stage.client, `/disputes/${id}`);
    await a.down('degraded');
    await a.composer.waitFor();
    await a.page.locator('.chat-header .chat-status[data-status="open"]').waitFor();
    for (const status of ['under_review', 'resolved', 'closed']) {
      const decision = status === 'resolved' ? { note: 'Кошти повернуто', orderStatus: 'cancelled' } : {};
      await backstage.call('POST', `/disputes/${id}/status`, { status, ...decision }, tokens[1]);
    }
    await a.page.getByText('Спір закрито: чат можна лише читати').waitFor();
    await a.composer.waitFor({ state: 'detached' });
    await a.page.reload();
    await a.page.getByText('Спір закрито: чат можна лише читати').waitFor();
    expect(await a.composer.count()).toBe(0);
  });
});
