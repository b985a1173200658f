/**
 * The server under test, in order of preference: one that runs already (ROZMOVA_URL), the program itself on a free
 * port with an empty data folder (ROZMOVA_BIN), or the in-memory contract server (ROZMOVA_CONTRACT=1).
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContractServer, Refusal } from '../packages/react/test/contract-server';

export const ARTEFACTS: string = process.env['ROZMOVA_ARTEFACTS'] ?? fileURLToPath(new URL('artefacts', import.meta.url));
const WEB_DIR = fileURLToPath(new URL('../apps/demo/dist', import.meta.url));
const START_MS_MAX = 20_000;

export interface TestServer {
  readonly url: string;
  /** Ends the server as a crash would, runs `whileDown`, and starts it again on the same port and data. */
  readonly restart: ((whileDown: () => Promise<void>) => Promise<void>) | null;
  stop(): Promise<void>;
}

/** `settings` go to the environment of the program. */
export async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  await mkdir(ARTEFACTS, { recursive: true });
  const url = process.env['ROZMOVA_URL'];
  const binary = process.env['ROZMOVA_BIN'];
  if (url !== undefined) return { url: url.replace(/\/$/, ''), restart: null, stop: async () => {} };
  if (binary !== undefined) return startBinary(binary, settings);
  if (process.env['ROZMOVA_CONTRACT'] !== undefined) return startContract(settings);
  throw new Error('set ROZMOVA_URL (a running server), ROZMOVA_BIN (the program) or ROZMOVA_CONTRACT=1');
}

async function startBinary(binary: string, settings: Readonly<Record<string, string>>): Promise<TestServer> {
  if (!existsSync(join(WEB_DIR, 'index.html'))) throw new Error('run `npm run build` first');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = await mkdtemp(join(tmpdir(), 'rozmova-e2e-'));
  const log = createWriteStream(join(ARTEFACTS, `server-${port}.log`));
  const { DATABASE_URL: _database, REDIS_URL: _redis, NODE_ENV: _mode, ...environment } = process.env;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(binary, ['serve'], {
      env: { ...environment, PORT: String(port), HOST: '127.0.0.1', DATA_DIR: data, WEB_DIR, LOG_FORMAT: 'json', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    await answering(url, child);
    return child;
  };
  let child = await start();
  return {
    url,
    restart: async (whileDown) => {
      await end(child, 'SIGKILL');
      await whileDown();
      child = await start();
    },
    stop: async () => {
      await end(child, 'SIGTERM');
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
  child.kill(signal);
  await gone;
  clearTimeout(impatient);
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const limit = Date.now() + START_MS_MAX;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}; see its log`);
    const ready = await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return;
    if (Date.now() > limit) throw new Error('the server does not get ready; see its log');
    await new Promise((next) => setTimeout(next, 25));
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? done(address.port) : fail(new Error('no port'))));
    });
  });
}

async function startContract(settings: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = new ContractServer();
  server.webRoot = WEB_DIR;
  fillContract(server);
  if (settings['RATE_MESSAGES_PER_10S'] !== '0') limitRate(server);
  await server.start();
  return {
    url: server.url,
    restart: async (whileDown) => {
      await server.stop();
      await whileDown();
      await server.start();
    },
    stop: () => server.stop(),
  };
}

/** 20 messages at once, then 2 a second, as the program does. */
function limitRate(server: ContractServer): void {
  const buckets = new Map<string, { tokens: number; at: number }>();
  server.intercept = (event, _payload, userId) => {
    if (!event.endsWith('_message')) return;
    const now = Date.now();
    const { tokens, at } = buckets.get(userId) ?? { tokens: 20, at: now };
    const full = Math.min(20, tokens + (now - at) / 500);
    if (full < 1) throw new Refusal('RATE_LIMITED', 'slower', Math.ceil((1 - full) * 500));
    buckets.set(userId, { tokens: full - 1, at: now });
  };
}

/** People and orders like those that the program seeds. */
function fillContract(server: ContractServer): void {
  const olia = server.addUser('Оля Коваленко', 'client', 'uk');
  const ivan = server.addUser('Іван Мельник', 'performer', 'uk');
  const emma = server.addUser('Emma Clark', 'client', 'en');
  const taras = server.addUser('Тарас Шевчук', 'performer', 'uk');
  const mariia = server.addUser('Марія Бойко', 'moderator', 'uk');
  server.addUser('Адміністратор', 'admin', 'uk');
  const hour = 3_600_000;
  const iso = (ago: number): string => new Date(Date.now() - ago).toISOString();
  const logo = server.addChat('order', olia, ivan, {
    number: 1042, title: 'Логотип для кав’ярні «Зерно»', amount: 4500, deadlineAt: iso(-50 * hour), createdAt: iso(52 * hour),
  });
  const talk: [typeof olia, string, number][] = [
    [olia, 'Добрий день! Потрібен логотип для невеликої кав’ярні на Подолі.', 50 * hour],
    [ivan, 'Вітаю, Олю! Радо візьмуся. Є побажання щодо стилю?', 49.9 * hour],
    [olia, 'Теплий, трохи ретро. Кольори — теракота й темно-зелений.', 49.8 * hour],
    [olia, 'Ось приклад, який подобається: https://example.com/moodboard', 49.78 * hour],
    [ivan, 'Чудово, зрозумів настрій. Перші три ескізи надішлю завтра до обіду.', 49.5 * hour],
    [ivan, 'Надсилаю ескізи. Найбільше подобається другий: зерно складається в літеру «З», добре читається й у малому розмірі — на стаканчику чи печатці.', 26 * hour],
    [olia, 'Другий — просто 🔥', 25.9 * hour],
    [olia, 'А можна спробувати його без контуру?', 25.88 * hour],
    [ivan, 'Так, зроблю сьогодні.', 3 * hour],
  ];
  for (const [user, content, ago] of talk) server.say(logo, user, content, { createdAt: iso(ago) });
  const site = server.addChat('order', olia, taras, {
    number: 1043, title: 'Сайт-візитка', status: 'created', amount: 12_000, createdAt: iso(5 * hour),
  });
  server.say(site, taras, 'Доброго дня! Коли зручно обговорити деталі?', { createdAt: iso(4 * hour) });
  server.addChat('order', emma, ivan, { number: 1044, title: 'Menu illustrations', status: 'accepted', amount: 300, currency: 'EUR' });
  const tiles = server.addChat('order', olia, taras, { number: 1040, title: 'Укладання плитки, 12 м²', status: 'delivered', amount: 9600, createdAt: iso(120 * hour) });
  server.say(tiles, taras, 'Роботу завершено, фото у вкладенні.', { createdAt: iso(20 * hour) });
  const dispute = server.openDispute(tiles, olia, 'Шви нерівні, одна плитка тріснула. Прошу переробити або повернути частину грошей.');
  server.say(dispute, olia, 'Надсилаю фото тріщини.', { createdAt: iso(2 * hour) });
  server.say(dispute, taras, 'Тріщина з’явилася після того, як по плитці ходили того ж дня.', { createdAt: iso(1.9 * hour) });
  server.say(dispute, mariia, 'Вітаю обох! Коли саме вклали плитку і коли по ній почали ходити?', { createdAt: iso(1.5 * hour) });
  const long = server.addChat('order', emma, taras, { number: 1001, title: 'Long history', status: 'completed', createdAt: iso(500 * hour) });
  for (let i = 1; i <= 300; i++) {
    server.say(long, i % 3 === 0 ? emma : taras, `Line ${i}${i % 7 === 0 ? ': a longer one that wraps on a phone and takes at least two rows' : ''}`, {
      createdAt: iso((400 - i) * hour),
    });
  }
}
