/** Two people at two screens: browser contexts that fail the test on any error in the page. */
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { join } from 'node:path';
import { ARTEFACTS } from './server';

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

export interface DemoPerson { id: string; name: string; role: string }
export interface DemoOrder { id: string; title: string; client: { id: string; name: string }; performer: { id: string; name: string } }

export interface StoredMessage { seq: number; senderId: string; content: string; createdAt: string }

export interface Look {
  locale?: 'uk' | 'en';
  theme?: 'light' | 'dark';
  zone?: string;
  width?: number;
  height?: number;
}

/** The server bounds sign-ins without a password from one address; one for each person is enough. */
const sessions = new Map<string, Promise<{ token: string }>>();
function sessionOf(url: string, userId: string): Promise<{ token: string }> {
  const key = `${url} ${userId}`;
  let session = sessions.get(key);
  if (session === undefined) {
    session = fetch(`${url}/v1/auth/demo`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ userId }),
    }).then((answer) => answer.json() as Promise<{ token: string }>);
    sessions.set(key, session);
  }
  return session;
}

/** One person at one browser. */
export class Seat {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly errors: string[] = [];
  /** Errors that the present step provokes on purpose. */
  expected: RegExp | null = null;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = `${message.text()} ${message.location().url}`;
      if (this.expected?.test(text) !== true) this.errors.push(`console error: ${text}`);
    });
  }

  static async open(browser: Browser, look: Look = {}): Promise<Seat> {
    const options: BrowserContextOptions = {
      locale: look.locale === 'en' ? 'en-GB' : 'uk-UA',
      timezoneId: look.zone ?? 'Europe/Kyiv',
      colorScheme: look.theme ?? 'light',
      viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
      ...((look.width ?? 1280) < 500 ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
    };
    const context = await browser.newContext(options);
    return new Seat(context, await context.newPage());
  }

  async signIn(url: string, person: DemoPerson, path = '/'): Promise<void> {
    const session = await sessionOf(url, person.id);
    await this.page.addInitScript((text) => {
      if (location.protocol.startsWith('http')) sessionStorage.setItem('rozmova.session', text);
    }, JSON.stringify(session));
    await this.page.goto(url + path);
    await this.page.getByText(person.name).first().waitFor({ state: 'attached' });
  }

  get composer(): Locator {
    return this.page.locator('.chat-input');
  }
  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }
  /** What the history shows, from top to bottom. */
  texts(): Promise<string[]> {
    return this.page.locator('.chat-text').allTextContents();
  }
  bubble(text: string): Locator {
    return this.page.locator('.chat-message', { hasText: text });
  }
  async sees(text: string, limitMs = 10_000): Promise<void> {
    await this.bubble(text).first().waitFor({ timeout: limitMs });
  }
  /** Waits for the tick of a message of one's own. */
  async tick(text: string, state: 'queued' | 'sent' | 'read' | 'failed'): Promise<void> {
    const states = state === 'sent' ? '[data-state="sent"], .chat-tick[data-state="read"]' : `[data-state="${state}"]`;
    await this.bubble(text).first().locator(`.chat-tick${states}`).waitFor({ timeout: 20_000 });
  }
  /** Waits until the page can send and hear. */
  async live(over?: 'websocket' | 'polling'): Promise<void> {
    const transport = over === undefined ? '' : `[data-transport="${over}"]`;
    await this.page.locator(`.link-state[data-link="live"]${transport}`).waitFor({ state: 'attached', timeout: 20_000 });
  }
  /** Waits until the page hears the chat that is open: what is told but once, typing say, reaches nobody before. */
  async joined(): Promise<void> {
    await this.page.locator('.chat-pane[data-phase="ready"]').waitFor({ state: 'attached', timeout: 20_000 });
    await this.composer.waitFor();
  }
  /** Waits until there is no socket. */
  async down(kind?: 'degraded' | 'offline'): Promise<void> {
    const link = kind === undefined ? ':not([data-link="live"])' : `[data-link="${kind}"]`;
    await this.page.locator(`.link-state${link}`).waitFor({ state: 'attached', timeout: 20_000 });
  }
  /** The window is behind another one, or in front again. */
  async away(hidden: boolean): Promise<void> {
    await this.page.evaluate((isHidden) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (isHidden ? 'hidden' : 'visible') });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  }
  /** Waits until everything has its font and its place. */
  async still(): Promise<void> {
    await this.page.evaluate(async () => {
      await document.fonts.ready;
      const ends = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(ends.map(({ finished }) => finished));
    });
  }
  /** Waits until the history stands still: its place, and how long it is. */
  async settle(): Promise<void> {
    const place = (): Promise<string> => this.page.locator('.chat-viewport').evaluate((el) => `${el.scrollTop} of ${el.scrollHeight}`);
    for (let at = await place(), before = ''; at !== before; [before, at] = [at, await place()]) {
      for (let i = 0; i < 4; i++) await this.frame();
    }
  }
  frame(): Promise<unknown> {
    return this.page.evaluate(() => new Promise(requestAnimationFrame));
  }
  async photograph(name: string, fullPage = false): Promise<void> {
    await this.still();
    await this.page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage });
  }
  async close(): Promise<void> {
    // What a page asks for at this moment is answered by nobody any more, and that is no failure. Either may be closed.
    for (const one of [this.page, this.context]) await one.unrouteAll({ behavior: 'ignoreErrors' }).catch(() => {});
    await this.context.close();
  }
}

/** What a page says when its network is broken on purpose. */
export const BROKEN = /ERR_|socket\.io|\/v1\/|WebSocket|cut-by-the-lab/;
export const SOCKET = /\/socket\.io\//;

/** The ways in which a network may have no WebSocket. */
export const WITHOUT_WEBSOCKET: { name: string; break: (seat: Seat) => Promise<unknown> }[] = [
  { name: 'closes it at once', break: (seat) => seat.page.routeWebSocket(SOCKET, (socket) => void socket.close()) },
  { name: 'lets it hang', break: (seat) => seat.page.routeWebSocket(SOCKET, () => {}) },
  { name: 'knows none', break: (seat) => seat.page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'WebSocket');
  }) },
];

/**
 * From now on `blocked` cuts those paths, and WebSocket with them, in every page of that browser that is opened
 * afterwards. Both are needed: a page that had WebSocket comes back over it, and a route of requests does not see that.
 */
export async function routeChat(seat: Seat, paths: RegExp): Promise<{ blocked: boolean }> {
  const net = { blocked: false };
  await seat.context.routeWebSocket(SOCKET, (socket) => void (net.blocked ? socket.close() : socket.connectToServer()));
  await seat.context.route(paths, (route) => (net.blocked ? route.abort() : route.continue()));
  return net;
}

/** Call before the page is opened: then, how long after its document it could send and hear, in milliseconds. */
export async function watchLive(seat: Seat): Promise<() => Promise<number>> {
  await seat.page.addInitScript(() => document.addEventListener('DOMContentLoaded', () => {
    const ready = performance.now();
    new MutationObserver((_changes, observer) => {
      if (document.querySelector('.link-state[data-link="live"]') === null) return;
      observer.disconnect();
      document.documentElement.dataset['liveAfter'] = String(performance.now() - ready);
    }).observe(document, { subtree: true, childList: true, attributes: true });
  }));
  return async () => {
    await seat.live();
    return Number(await seat.page.evaluate(() => document.documentElement.dataset['liveAfter']));
  };
}

export async function demoPeople(url: string): Promise<DemoPerson[]> {
  const answer = (await (await fetch(`${url}/v1/demo/people`)).json()) as { people: DemoPerson[] };
  return answer.people;
}

/** Calls REST as a person: to prepare a scene, never instead of the thing under test. */
export class Backstage {
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  async token(userId: string): Promise<string> {
    return (await sessionOf(this.url, userId)).token;
  }
  async call(method: string, path: string, body?: unknown, token?: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
  /** Again for as long as the server asks to be slower. */
  async patiently<T>(run: () => Promise<T>): Promise<T> {
    for (;;) {
      const outcome = await run().catch((error: Error) => error);
      if (!(outcome instanceof Error)) return outcome;
      if (!outcome.message.includes('RATE_LIMITED')) throw outcome;
      await new Promise((next) => setTimeout(next, 300));
    }
  }
  /** A new order between two people, so that scenarios do not meet. */
  async order(title: string, client: DemoPerson, performer: DemoPerson): Promise<DemoOrder> {
    const body = { title, clientId: client.id, performerId: performer.id, amount: 1500, currency: 'UAH' };
    const answer = await this.call('POST', '/orders', body, await this.token(client.id));
    return (answer['order'] ?? answer) as DemoOrder;
  }
  /** The one of his orders in which most was said. */
  async longest(person: DemoPerson): Promise<DemoOrder> {
    const { orders } = (await this.call('GET', '/orders?limit=50', undefined, await this.token(person.id))) as { orders: (DemoOrder & { lastSeq: number; createdAt: string })[] };
    return orders.filter(({ createdAt }) => Date.now() - Date.parse(createdAt) > 86_400_000).toSorted((a, b) => b.lastSeq - a.lastSeq)[0]!;
  }
  async lastRead(order: DemoOrder, person: DemoPerson): Promise<number> {
    const answer = await this.call('GET', `/orders/${order.id}`, undefined, await this.token(person.id));
    return ((answer['order'] ?? answer) as { lastReadSeq: number }).lastReadSeq;
  }
  async messages(order: DemoOrder, person: DemoPerson): Promise<StoredMessage[]> {
    const answer = await this.call('GET', `/orders/${order.id}/messages?after=0&limit=200`, undefined, await this.token(person.id));
    return answer['messages'] as StoredMessage[];
  }
}
