/** How far somebody has read is told until the server knows, and by nobody else. */
import { expect, it, vi } from 'vitest';
import { ReadMarks } from '../src/client/read-marks';
import { roomKey } from '../src/client';
import { ChatError } from '../src/protocol/errors';
import { Store } from '../src/store/store';
import type { RestTransport } from '../src/transport/rest';
import type { SocketTransport } from '../src/transport/socket';

const room = roomKey('order', '1');

it('a busy server is told again; a refusal is final; nothing is told for another user', async () => {
  vi.useFakeTimers();
  const store = new Store();
  store.dispatch({ type: 'me', id: 'olia', role: 'client' });
  const told: number[] = [];
  let answers: (ChatError | null)[] = [];
  const rest = {
    read: async (_room: string, seq: number) => {
      told.push(seq);
      const error = answers.shift();
      if (error) throw error;
    },
  } as unknown as RestTransport;
  let path: 'rest' | null = 'rest';
  const marks = new ReadMarks(store, {} as SocketTransport, rest, () => path);
  answers = [new ChatError('RATE_LIMITED', '', 2_000), new ChatError('TIMEOUT'), null];
  marks.mark(room, 1);
  await vi.advanceTimersByTimeAsync(1_900);
  expect(told).toEqual([1]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([1, 1, 1]);
  answers = [new ChatError('FORBIDDEN')];
  marks.mark(room, 2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([1, 1, 1, 2]);
  // Owed by Olia when Ivan comes: the one that waits, and the one that is under way.
  answers = [new ChatError('UNAVAILABLE')];
  marks.mark(room, 3);
  path = null;
  marks.mark(room, 4);
  marks.forgetAll();
  path = 'rest';
  marks.flush();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([1, 1, 1, 2, 3]);
  vi.useRealTimers();
});
