/** Files: picked, pasted, dropped, looked at, downloaded, refused. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Stage } from './stage';

const stage = Stage.forFile();

describe('files', () => {
  const picture = async (): Promise<Buffer> => readFile(fileURLToPath(new URL('picture.png', import.meta.url)));

  it('are picked, pasted and dropped; the other side sees the picture and opens it large', async () => {
    const [a, b] = await stage.two('Файли');
    const buffer = await picture();
    await a.page.locator('input[type="file"]').setInputFiles([
      { name: 'ескіз.png', mimeType: 'image/png', buffer },
      { name: 'кошторис.txt', mimeType: 'text/plain', buffer: Buffer.from('Матеріали: 900\nРобота: 300\n') },
    ]);
    await expect.poll(() => a.page.locator('.chat-draft[data-state="done"]').count()).toBe(2);
    await a.photograph('files-picked');
    await a.send('Ось ескіз і кошторис');
    const shown = b.bubble('Ось ескіз і кошторис').locator('.chat-image img');
    await shown.waitFor();
    expect(await shown.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBeGreaterThan(0);
    await b.photograph('files-received');
    await shown.click();
    await b.page.getByRole('dialog', { name: 'Перегляд зображень' }).locator('img').waitFor();
    await b.photograph('lightbox');
    await b.page.keyboard.press('Escape');
    await b.page.getByRole('dialog', { name: 'Перегляд зображень' }).waitFor({ state: 'detached' });
    const download = b.page.waitForEvent('download');
    await b.page.getByRole('link', { name: 'Завантажити кошторис.txt' }).click();
    expect((await download).suggestedFilename()).toBe('кошторис.txt');

    const drop = (type: 'paste' | 'drop', selector: string): Promise<void> => a.page.evaluate(([event, where, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(bytes as string), (char) => char.charCodeAt(0))], `${event}.png`, { type: 'image/png' }));
      const init = { bubbles: true, cancelable: true };
      const made = event === 'paste' ? new ClipboardEvent('paste', { ...init, clipboardData: data }) : new DragEvent('drop', { ...init, dataTransfer: data });
      document.querySelector(where as string)!.dispatchEvent(made);
    }, [type, selector, buffer.toString('base64')]);
    await drop('paste', '.chat-input');
    await a.page.locator('.chat-draft[data-state="done"]', { hasText: 'paste.png' }).waitFor();
    await drop('drop', '.chat-viewport');
    await a.page.locator('.chat-draft[data-state="done"]', { hasText: 'drop.png' }).waitFor();
    await a.composer.press('Enter');
    await expect.poll(() => b.page.locator('.chat-images[data-many="true"] img').count()).toBe(2);
  });

  it('too large ones are refused before they are sent', async () => {
    const [a] = await stage.two('Завеликий файл');
    const requests: string[] = [];
    a.page.on('request', (request) => requests.push(request.url()));
    await a.page.locator('.chat-input').evaluate((field) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(26 * 1024 * 1024 + 1)], 'велике.bin'));
      field.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
    });
    await a.photograph('file-too-large');
    await a.page.getByText(/Більший за 26,2/).waitFor({ timeout: 5_000 });
    expect(requests.filter((url) => url.includes('/uploads'))).toEqual([]);
    await a.page.getByRole('button', { name: 'Прибрати велике.bin' }).click();
    await a.send('без файла');
    await a.page.locator('.chat-tick[data-state="sent"], .chat-tick[data-state="read"]').first().waitFor();
  });
});
