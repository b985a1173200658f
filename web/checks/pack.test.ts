/**
 * The package as a stranger gets it: packed, installed into a fresh Vite application, type-checked with the strictest
 * settings, built, and run in a browser with the snippets of the product's first description.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../e2e/people';
import { ContractServer } from '../packages/react/test/contract-server';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const run = async (folder: string, command: string, ...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(command, args, { cwd: folder }).catch((error: unknown) => {
    const { stdout: out, stderr: err } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}\n${out}\n${err}`);
  });
  return stdout;
};

let folder: string;
let app: string;
let browser: Browser | undefined;
const server = new ContractServer();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rozmova-pack-'));
  app = join(folder, 'app');
  await mkdir(join(app, 'src'), { recursive: true });
  const [packed] = JSON.parse(
    await run(here('../packages/react'), 'npm', 'pack', '--json', '--pack-destination', folder),
  ) as [{ filename: string }];
  const { devDependencies } = JSON.parse(await readFile(here('../package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  const same = (...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, devDependencies[name]!]));
  await cp(here('pack-app'), app, { recursive: true });
  await cp(here('../apps/demo/test/seed-snippets.tsx'), join(app, 'src/seed-snippets.tsx'));
  await writeFile(join(app, 'package.json'), JSON.stringify({
    name: 'fresh', private: true, type: 'module',
    dependencies: { '@rozmova/react': `file:../${packed.filename}`, ...same('react', 'react-dom') },
    devDependencies: same('@types/react', '@types/react-dom', 'typescript', 'vite'),
  }));
  await run(app, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
});
afterAll(async () => {
  await browser?.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a fresh application with the packed package', () => {
  it('has every entry point, and nothing of our sources', async () => {
    const root = join(app, 'node_modules/@rozmova/react');
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: Record<string, string | Record<string, string>> };
    for (const target of Object.values(exports).flatMap((one) => (typeof one === 'string' ? [one] : Object.values(one)))) {
      expect((await readFile(join(root, target))).length).toBeGreaterThan(0);
    }
    expect(await readFile(join(root, 'dist/index.js'), 'utf8')).toMatch(/^['"]use client['"];/);
    await expect(readFile(join(root, 'src/index.ts'))).rejects.toThrow('ENOENT');
    // The client alone draws in no React.
    const reached = new Set<string>();
    const follow = async (file: string): Promise<void> => {
      if (reached.has(file)) return;
      reached.add(file);
      const text = await readFile(join(root, 'dist', file), 'utf8');
      expect(text).not.toMatch(/from ["']react/);
      for (const [, next] of text.matchAll(/from ["']\.\/([^"']+)["']/g)) await follow(next!);
    };
    await follow('client.js');
  });

  it('compiles with the snippets word for word', async () => {
    await run(app, 'npx', 'tsc', '--noEmit');
    await run(app, 'npx', 'vite', 'build', '--logLevel', 'error');
  });

  it('runs them in a browser', async () => {
    const olia = server.addUser('Оля', 'client');
    const ivan = server.addUser('Іван', 'performer');
    const order = server.addChat('order', olia, ivan);
    server.webRoot = join(app, 'dist');
    await server.start();
    browser = await launch();
    const page = await browser.newPage();
    const said: string[] = [];
    const errors: string[] = [];
    page.on('console', (message) => {
      // The picture of the snippet is called "...".
      if (message.location().url.endsWith('/...')) return;
      (message.type() === 'error' ? errors : said).push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${server.url}/?order=${order.id}&token=${server.tokenOf(olia)}`);
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByText('Такого чату немає').first().waitFor();
    await expect.poll(() => server.received.some(({ event, payload }) => event === 'join_order_chat' && payload['orderId'] === order.id)).toBe(true);
    await expect.poll(async () => {
      if (order.messages.length === 0) server.say(order, ivan, 'Вітаю');
      return said.filter((line) => line.startsWith('New message:')).length;
    }).toBe(1);
    // The styles came with the package: the chat is a column that fills its place.
    expect(await page.locator('.chat-root').first().evaluate((el) => getComputedStyle(el).display)).toBe('flex');
    expect(errors).toEqual([]);
  });
});
