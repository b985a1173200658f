import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { IndexedDbOutboxStorage, MemoryOutboxStorage } from '../src/client';
import type { OutboxEntry } from '../src/client';

const entry = (clientMessageId: string, order: number): OutboxEntry => ({
  clientMessageId, room: 'order:1', content: `текст ${order}`, attachments: [], replyTo: null,
  createdAt: '2026-01-01T00:00:00.000Z', order, tries: 0, state: 'queued', error: null, owner: 'tab',
});

describe.each([
  ['memory', new MemoryOutboxStorage()], ['IndexedDB', new IndexedDbOutboxStorage()],
])('outbox storage in %s', (_name, storage) => {
  it('keeps, replaces and removes, each user apart', async () => {
    await storage.put('olia', entry('a', 1));
    await storage.put('olia', entry('b', 2));
    await storage.put('ivan', entry('a', 1));
    await storage.put('olia', { ...entry('a', 1), state: 'failed' });
    const ids = async (user: string): Promise<string[]> =>
      (await storage.load(user)).map(({ clientMessageId, state }) => `${clientMessageId} ${state}`).sort();
    expect(await ids('olia')).toEqual(['a failed', 'b queued']);
    await storage.remove('olia', ['a', 'never there']);
    expect(await ids('olia')).toEqual(['b queued']);
    expect(await ids('ivan')).toEqual(['a queued']);
  });
});
