// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatClient, MemoryOutboxStorage, roomKey, selectPending } from '../src/client';
import type { RoomKey } from '../src/client';
import { TAB_GONE_MS } from '../src/client/limits';
import { Tabs } from '../src/client/tabs';
import { ContractServer, Refusal } from './contract-server';
import { settle, until } from './wait';

/** `navigator.locks` of one browser: exclusive, first come first served; a tab may be killed. */
class FakeLocks {
  readonly holders: Map<string, () => void> = new Map();
  private readonly queues: Map<string, (() => void)[]> = new Map();

  request(name: string, run: () => Promise<unknown>): Promise<void> {
    return new Promise((done) => {
      const start = (): void => {
        const end = (): void => {
          if (this.holders.get(name) !== end) return;
          this.holders.delete(name);
          done();
          this.queues.get(name)?.shift()?.();
        };
        this.holders.set(name, end);
        void Promise.resolve(run()).then(end, end);
      };
      if (!this.holders.has(name)) start();
      else this.queues.set(name, [...(this.queues.get(name) ?? []), start]);
    });
  }
  kill(tab: string): void {
    this.holders.get(`rozmova:tab:${tab}`)?.();
  }
}

describe('tabs of one browser', () => {
  let server: ContractServer;
  let olia: ReturnType<ContractServer['addUser']>;
  let room: RoomKey;
  let order: ReturnType<ContractServer['addChat']>;
  const clients: ChatClient[] = [];
  const storage = new MemoryOutboxStorage();
  const locks = new FakeLocks();
  const tab = (): ChatClient => {
    const client = new ChatClient({
      apiBase: server.apiBase, token: server.tokenOf(olia), outboxStorage: storage, locks: locks as unknown as LockManager,
    });
    clients.push(client);
    client.retain();
    return client;
  };
  const live = (client: ChatClient): boolean => client.state.link.kind === 'live';

  beforeEach(async () => {
    server = new ContractServer();
    olia = server.addUser('Оля', 'client');
    order = server.addChat('order', olia, server.addUser('Іван', 'performer'));
    room = roomKey('order', order.id);
    await server.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await server.stop();
  });

  it('send what each of them wrote, and what a closed one left, once and in order', async () => {
    const [first, second] = [tab(), tab()];
    await until('both live', () => live(first) && live(second));
    first.disconnect();
    void first.send(room, 'раз').catch(() => {});
    void first.send(room, 'два').catch(() => {});
    await until('stored', () => locks.holders.size === 1);
    await until('in storage', () => selectPending(first.state, room).length === 2);
    await settle();
    const [left] = await storage.load(olia.id);
    const third = tab();
    await until('live', () => live(third));
    await settle();
    // The first tab lives: nobody else touches its messages.
    expect(order.messages).toEqual([]);
    expect(selectPending(second.state, room)).toEqual([]);
    locks.kill(left!.owner);
    await until('sent', () => order.messages.length === 2);
    await settle();
    expect(order.messages.map((one) => one['content'])).toEqual(['раз', 'два']);
    expect(server.received.filter(({ event }) => event === 'order_message')).toHaveLength(2);
    expect(await storage.load(olia.id)).toEqual([]);
    expect(locks.holders.size).toBe(0);
  });

  it('let another client of the page go on when one is closed, and when its user signs out', async () => {
    const first = tab();
    await until('live', () => live(first));
    server.intercept = (event) => {
      if (event === 'order_message') throw new Refusal('UNAVAILABLE');
    };
    void first.send(room, 'за двох').catch(() => {});
    await until('stored', () => locks.holders.size === 1);
    await settle();
    await first.forget();
    server.intercept = null;
    const second = tab();
    await until('sent', () => order.messages.length === 1);
    first.connect();
    await until('back', () => live(first) && live(second));
    await settle();
    expect(selectPending(first.state, room)).toEqual([]);
    expect(order.messages.map((one) => one['content'])).toEqual(['за двох']);
  });

  it('hold no lock while there is nothing to send', async () => {
    const client = tab();
    await until('live', () => live(client));
    expect(locks.holders.size).toBe(0);
    await client.send(room, 'привіт');
    await until('let go', () => locks.holders.size === 0);
  });
});

describe('tabs without Web Locks', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
  });
  afterEach(() => vi.useRealTimers());

  it('believe a tab alive by its stamp, and gone when the stamp is', async () => {
    const gone: string[] = [];
    const one = new Tabs(async () => {});
    const other = new Tabs(async (tab) => void gone.push(tab));
    await one.hold();
    other.watch(one.id);
    await vi.advanceTimersByTimeAsync(TAB_GONE_MS * 3);
    expect(gone).toEqual([]);
    one.release();
    await vi.advanceTimersByTimeAsync(TAB_GONE_MS);
    expect(gone).toEqual([one.id]);
  });

  it('believe a tab gone whose stamp grows old: it crashed', async () => {
    const gone: string[] = [];
    const other = new Tabs(async (tab) => void gone.push(tab));
    localStorage.setItem('rozmova:tab:crashed', String(Date.now()));
    other.watch('crashed');
    await vi.advanceTimersByTimeAsync(TAB_GONE_MS / 2);
    expect(gone).toEqual([]);
    await vi.advanceTimersByTimeAsync(TAB_GONE_MS);
    expect(gone).toEqual(['crashed']);
  });

  it('hear of a tab that has something to send', async () => {
    const gone: string[] = [];
    const other = new Tabs(async (tab) => void gone.push(tab));
    window.dispatchEvent(new StorageEvent('storage', { key: 'rozmova:unsent', newValue: 'later' }));
    await vi.advanceTimersByTimeAsync(1);
    expect(gone).toEqual(['later']);
    expect(other.id).not.toBe('later');
  });

  it('tell the others of each time that there is something to send, and live with a full storage', async () => {
    const written: string[] = [];
    const setItem = vi.spyOn(Storage.prototype, 'setItem').mockImplementation((key, value) => {
      if (key === 'rozmova:unsent') written.push(value);
    });
    const one = new Tabs(async () => {});
    for (let time = 0; time < 2; time++) {
      await one.hold();
      one.release();
      await vi.advanceTimersByTimeAsync(5);
    }
    expect(written[0]).not.toBe(written[1]);
    const gone: string[] = [];
    new Tabs(async (tab) => void gone.push(tab));
    window.dispatchEvent(new StorageEvent('storage', { key: 'rozmova:unsent', newValue: written[1]! }));
    await vi.advanceTimersByTimeAsync(1);
    expect(gone).toEqual([one.id]);
    setItem.mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await one.hold();
    one.release();
    setItem.mockRestore();
  });
});

describe('the lock of a tab', () => {
  it('is let go when it is granted after it was given up', async () => {
    const locks = new FakeLocks();
    const tab = new Tabs(async () => {}, locks as unknown as LockManager);
    let grant!: () => void;
    void locks.request(`rozmova:tab:${tab.id}`, () => new Promise<void>((done) => (grant = done)));
    const held = tab.hold();
    tab.release();
    grant();
    await held;
    await until('let go', () => locks.holders.size === 0, 500);
  });

  it('is done without where it is refused', async () => {
    const refusing = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
    await new Tabs(async () => {}, refusing as unknown as LockManager).hold();
  });
});
