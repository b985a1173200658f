import 'fake-indexeddb/auto';
import { createStore, get } from 'idb-keyval';
import { expect, it } from 'vitest';
import { RoomCache } from '../src/client/room-cache';
import { CACHE_WRITE_MS } from '../src/client/limits';
import { roomKey } from '../src/client';
import type { ChatMessage, JoinAck } from '../src/client';
import { Store } from '../src/store/store';
import { settle, until } from './wait';

const room = roomKey('order', '1');
const message = (seq: number): ChatMessage => ({
  id: `m${seq}`, room, seq, senderId: 'ivan', receiverId: null, content: `m${seq}`, type: 'text', attachments: [], replyTo: null,
  clientMessageId: null, readAt: null, editedAt: null, deletedAt: null, createdAt: '2026-01-01T00:00:00.000Z',
}) as unknown as ChatMessage;
const joined = (messages: ChatMessage[], lastSeq: number): JoinAck => ({
  status: 'in_progress', role: 'client', lastSeq, lastReadSeq: 0, participants: [], reads: {}, messages, hasMore: false, gap: false,
  changes: [], hasMoreChanges: false, lastChangeSeq: 0,
});
const kept = async (): Promise<number | undefined> =>
  (await get<{ messages: ChatMessage[] }>(`olia ${room}`, createStore('rozmova-rooms', 'rooms')))?.messages.length;

it('keeps an opened chat; one that is only listened to replaces nothing of it', async () => {
  const first = new Store();
  const cache = new RoomCache(first, true);
  first.dispatch({ type: 'me', id: 'olia', role: 'client' });
  await cache.load(room);
  first.dispatch({ type: 'room/joined', room, ack: joined([message(1), message(2), message(3)], 3), asked: null });
  let count: number | undefined;
  await until('kept', () => (void kept().then((now) => (count = now)), count === 3));

  const second = new Store();
  const listening = new RoomCache(second, true);
  second.dispatch({ type: 'me', id: 'olia', role: 'client' });
  second.dispatch({ type: 'room/joined', room, ack: joined([], 3), asked: 3 });
  await settle(CACHE_WRITE_MS + 100);
  expect(await kept()).toBe(3);
  second.dispatch({ type: 'messages', room, messages: [message(4)] });
  await settle(CACHE_WRITE_MS + 100);
  expect(await kept()).toBe(3);

  // Opened later: nothing of the past is there yet.
  const third = new Store();
  third.dispatch({ type: 'me', id: 'olia', role: 'client' });
  third.dispatch({ type: 'room/joined', room, ack: joined([], 3), asked: 3 });
  await new RoomCache(third, true).load(room);
  third.dispatch({ type: 'error', error: null });
  third.dispatch({ type: 'read', room, userId: 'ivan', seq: 3 });
  await settle(CACHE_WRITE_MS + 100);
  expect(await kept()).toBe(3);
  await listening.forget();
  expect(await kept()).toBeUndefined();
});
