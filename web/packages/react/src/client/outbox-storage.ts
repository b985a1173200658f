/** Where unsent messages wait. IndexedDB survives a reload; memory is for tests and closed browsers. */
import { createStore, delMany, entries, set } from 'idb-keyval';
import type { UseStore } from 'idb-keyval';
import type { OutboxEntry } from '../store/state';

export interface OutboxStorage {
  load(userId: string): Promise<OutboxEntry[]>;
  put(userId: string, entry: OutboxEntry): Promise<void>;
  remove(userId: string, clientMessageIds: readonly string[]): Promise<void>;
}

export class MemoryOutboxStorage implements OutboxStorage {
  readonly #byUser: Map<string, Map<string, OutboxEntry>> = new Map();

  async load(userId: string): Promise<OutboxEntry[]> {
    return [...(this.#byUser.get(userId)?.values() ?? [])];
  }
  async put(userId: string, entry: OutboxEntry): Promise<void> {
    const mine = this.#byUser.get(userId) ?? new Map<string, OutboxEntry>();
    this.#byUser.set(userId, mine.set(entry.clientMessageId, entry));
  }
  async remove(userId: string, clientMessageIds: readonly string[]): Promise<void> {
    for (const id of clientMessageIds) this.#byUser.get(userId)?.delete(id);
  }
}

/** One record per message (`<user>:<clientMessageId>`), so that two tabs do not overwrite each other. */
export class IndexedDbOutboxStorage implements OutboxStorage {
  readonly #db: UseStore = createStore('rozmova', 'outbox');

  async load(userId: string): Promise<OutboxEntry[]> {
    const all = await entries<string, OutboxEntry>(this.#db);
    return all.filter(([key]) => key.startsWith(`${userId}:`)).map(([, entry]) => entry);
  }
  async put(userId: string, entry: OutboxEntry): Promise<void> {
    await set(`${userId}:${entry.clientMessageId}`, entry, this.#db);
  }
  async remove(userId: string, clientMessageIds: readonly string[]): Promise<void> {
    await delMany(clientMessageIds.map((id) => `${userId}:${id}`), this.#db);
  }
}

export function defaultOutboxStorage(): OutboxStorage {
  try {
    if (typeof indexedDB !== 'undefined') return new IndexedDbOutboxStorage();
  } catch {
    // Some private modes throw at the first touch.
  }
  return new MemoryOutboxStorage();
}
