/** Files: picked, pasted, dropped, looked at, downloaded, refused. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Stage } from './stage';

const stage = Stage.forFile();

const picture = async (): Promise<Buffer> => readFile(fileURLToPath(new URL('picture.png', import.meta.url)));

describe('files', () => {

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

  it('on their way show how far they are, can be taken back, and tried again', async () => {
    const [a, b, order] = await stage.two('Повільний файл');
    a.expected = /503|ERR_FAILED/;
    const uploads = /\/v1\/uploads\?/;
    let letGo = (): void => {};
    const gate = new Promise<void>((open) => (letGo = open));
    await a.page.route(uploads, async (route) => {
      await gate;
      await route.continue().catch(() => {});
    });
    const file = { name: 'звіт.txt', mimeType: 'text/plain', buffer: Buffer.from('усе зроблено') };
    await a.page.locator('input[type="file"]').setInputFiles(file);
    await a.page.getByRole('progressbar', { name: 'Завантаження: звіт.txt' }).waitFor();
    await a.composer.fill('надсилаю звіт');
    await a.composer.press('Enter');
    expect(await a.page.locator('.chat-message').count()).toBe(0);
    await a.photograph('file-under-way');
    await a.page.getByRole('button', { name: 'Прибрати звіт.txt' }).click();
    await a.page.locator('.chat-draft').waitFor({ state: 'detached' });
    letGo();
    await a.page.unroute(uploads);

    await a.page.route(uploads, (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"UNAVAILABLE","message":"later"}}' }));
    await a.page.locator('input[type="file"]').setInputFiles(file);
    await a.page.locator('.chat-draft[data-state="failed"]').waitFor();
    await a.photograph('file-failed');
    await a.page.unroute(uploads);
    await a.page.getByRole('button', { name: 'Повторити: звіт.txt' }).click();
    await a.page.locator('.chat-draft[data-state="done"]').waitFor();
    await a.composer.press('Enter');
    await b.bubble('надсилаю звіт').locator('.chat-file', { hasText: 'звіт.txt' }).waitFor();
    expect(await stage.stored(order)).toEqual(['надсилаю звіт']);
  });

  it('have their place before they are there: nothing moves when a picture comes', async () => {
    const [a, b] = await stage.two('Без стрибків');
    let letIn = (): void => {};
    const gate = new Promise<void>((open) => (letIn = open));
    await b.page.route(/\/v1\/uploads\/[^?]+$/, async (route) => {
      await gate;
      await route.continue();
    });
    await a.page.locator('input[type="file"]').setInputFiles({ name: 'ескіз.png', mimeType: 'image/png', buffer: await picture() });
    await a.page.locator('.chat-draft[data-state="done"]').waitFor();
    await a.send('малюнок');
    await a.send('і слово під ним');
    await b.sees('і слово під ним');
    const places = (): Promise<number[]> => b.page.locator('.chat-message').evaluateAll((all) => all.flatMap((one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().height]));
    await b.settle();
    const before = await places();
    expect(await b.page.locator('.chat-image img').count()).toBe(0);
    letIn();
    await b.page.locator('.chat-image img').evaluate((img: HTMLImageElement) => img.decode());
    expect(await places()).toEqual(before);
  });

  it('that could run are only downloaded, and their names say what they are', async () => {
    const [a, b] = await stage.two('Підступні файли');
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'run\'"><script>document.title="run"</script></svg>';
    await a.page.locator('input[type="file"]').setInputFiles([
      { name: 'малюнок.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(svg) },
      { name: '<img src=x onerror=alert(1)>.html', mimeType: 'text/html', buffer: Buffer.from('<script>document.title="run"</script>') },
      { name: 'рахунок\u202Efdp.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') },
    ]);
    await expect.poll(() => a.page.locator('.chat-draft[data-state="done"]').count()).toBe(3);
    await a.send('гляньте');
    const files = b.bubble('гляньте').locator('.chat-file bdi');
    await expect.poll(() => files.allTextContents()).toEqual(['малюнок.svg', expect.stringContaining('onerror=alert(1)'), 'рахунокfdp.exe']);
    expect(await b.page.locator('.chat-image, .chat-file img').count()).toBe(0);
    for (const name of ['малюнок.svg', 'onerror']) {
      const download = b.page.waitForEvent('download');
      await b.page.locator('a.chat-file', { hasText: name }).click();
      await (await download).cancel();
    }
    expect(await b.page.title()).not.toContain('run');
    expect(b.context.pages()).toHaveLength(1);
  });
});
