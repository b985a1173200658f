/** What two people do with messages beside talking: answers, edits, floods, toasts. */
import { describe, expect, it } from 'vitest';
import type { Seat } from './people';
import { Stage } from './stage';

const stage = Stage.forFile();

async function menu(of: Seat, text: string, item: string): Promise<void> {
  const bubble = of.bubble(text).first();
  await bubble.hover();
  await bubble.locator('.chat-more').click();
  await of.page.getByRole('menuitem', { name: item }).click();
}

describe('messages', () => {
  it('are answered, edited and deleted on both screens', async () => {
    const [a, b] = await stage.two('Відповіді та правки');
    await a.send('Коли зручно зустрітися?');
    await b.sees('Коли зручно зустрітися?');
    await menu(b, 'Коли зручно', 'Відповісти');
    await b.send('У середу о пятій');
    const quote = a.bubble('У середу').locator('.chat-quote');
    await quote.getByText('Коли зручно зустрітися?').waitFor();
    // It lights up for a moment only: watched for before it is asked for.
    const lit = a.page.locator('.chat-message[data-flash]', { hasText: 'Коли зручно' }).waitFor();
    await Promise.all([lit, quote.click()]);

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
    const [a, order] = await stage.lab('Забагато одразу');
    await a.page.getByRole('button', { name: 'Надіслати 100 повідомлень' }).click();
    await a.page.locator('.chat-counter[data-paused="true"]').waitFor();
    await a.photograph('too-fast');
    // It stays for as long as something waits.
    expect(await a.page.locator('.chat-counter[data-paused="true"]').count()).toBe(1);
    await expect.poll(async () => (await stage.backstage.messages(order, stage.client)).length, { timeout: 20_000 }).toBeGreaterThan(23);
    const stored = await stage.stored(order);
    expect(stored).toEqual(stored.map((_, at) => String(at + 1)));
    expect(await a.page.locator('.chat-message[data-state="failed"]').count()).toBe(0);
  });

  it('reach somebody who looks elsewhere as a toast that leads there', async () => {
    const [a, b, order] = await stage.two('Тост');
    const other = await stage.order('Деінде');
    await b.page.goto(`${stage.server.url}/orders/${other.id}`);
    await b.live();
    await b.page.locator('.order-row', { hasText: 'Тост' }).waitFor();
    await expect.poll(async () => {
      await a.send('Погляньте сюди');
      return b.page.locator('.chat-toast', { hasText: 'Погляньте сюди' }).count();
    }, { interval: 1_000, timeout: 15_000 }).toBeGreaterThan(0);
    // Pointed at, it does not go by itself.
    await b.page.locator('.chat-toast', { hasText: 'Погляньте сюди' }).first().hover();
    await b.photograph('toast');
    await b.page.locator('.chat-toast-main', { hasText: 'Погляньте сюди' }).first().click();
    await b.page.waitForURL(`**/orders/${order.id}`);
    await b.sees('Погляньте сюди');
  });
});
