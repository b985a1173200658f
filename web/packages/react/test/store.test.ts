import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roomKey } from '../src/protocol';
import type { ChatMessage, JoinAck } from '../src/protocol';
import { joinVersions, mergeMessages } from '../src/store/messages';
import { reduce } from '../src/store/reducer';
import type { Action } from '../src/store/reducer';
import { countUnread, isReadByOthers, selectPending, selectRoom, selectUser } from '../src/store/selectors';
import { EMPTY_ROOM, EMPTY_STATE, ROOM_MESSAGES_MAX } from '../src/store/state';
import type { ChatState, OutboxEntry } from '../src/store/state';

const ROOM = roomKey('order', '0b7e0000-0000-7000-8000-000000000001');
const ME = 'me';
const OTHER = 'other';

function message(seq: number, extra: Partial<ChatMessage> = {}): ChatMessage {
  return {
    room: ROOM, id: `id-${seq}`, seq, senderId: seq % 3 === 0 ? ME : OTHER, receiverId: null, content: `m${seq}`,
    type: 'text', fileUrl: null, fileName: null, attachments: [], replyTo: null,
    clientMessageId: seq % 3 === 0 ? `c-${seq}` : null, readAt: null, editedAt: null, deletedAt: null,
    createdAt: new Date(1_700_000_000_000 + seq * 1000).toISOString(), changeSeq: null, change: null, ...extra,
  };
}
const range = (from: number, to: number): ChatMessage[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));
function ack(messages: ChatMessage[], lastSeq: number): JoinAck {
  return {
    status: 'in_progress', role: 'client', lastSeq, lastReadSeq: 0, participants: [], reads: {}, messages,
    hasMore: false, gap: false, changes: [], hasMoreChanges: false, lastChangeSeq: 0,
  };
}
function entry(clientMessageId: string, order: number): OutboxEntry {
  return {
    clientMessageId, room: ROOM, content: clientMessageId, attachments: [], replyTo: null,
    createdAt: '2026-01-01T00:00:00.000Z', order, tries: 0, state: 'queued', error: null, owner: 'tab',
  };
}
const run = (actions: Action[], from: ChatState = EMPTY_STATE): ChatState => actions.reduce(reduce, from);
const seqs = (state: ChatState): number[] => selectRoom(state, ROOM).messages.map(({ seq }) => seq);
const numbers = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

/** A client that holds 1…base hears `total` messages in any order, cut in any pieces, some of them twice. */
const delivery = fc.record({ base: fc.integer({ min: 0, max: 10 }), more: fc.integer({ min: 1, max: 25 }) })
  .chain(({ base, more }) => fc.record({
    base: fc.constant(base),
    total: fc.constant(base + more),
    pieces: fc.array(fc.record({
      at: fc.integer({ min: 1, max: base + more }), size: fc.integer({ min: 1, max: 6 }),
    }), { maxLength: 12 }),
    order: fc.shuffledSubarray(Array.from({ length: more }, (_, i) => base + 1 + i), { minLength: more }),
  }));

describe('one list from any interleaving', () => {
  it('of live messages, duplicates and pages', () => {
    fc.assert(fc.property(delivery, ({ base, total, pieces, order }) => {
      let state = run([{ type: 'room/joined', room: ROOM, ack: ack(range(1, base), base), asked: null }]);
      for (const seq of order) {
        state = run([{ type: 'messages', room: ROOM, messages: [message(seq)] }], state);
        const piece = pieces.pop();
        if (piece !== undefined) {
          const messages = range(piece.at, Math.min(total, piece.at + piece.size));
          state = run([{ type: 'messages', room: ROOM, messages }], state);
        }
        const room = selectRoom(state, ROOM);
        const held = new Set(seqs(state));
        for (let at = room.headSeq; at <= room.tailSeq!; at++) expect(held.has(at)).toBe(true);
        expect(held.has(room.tailSeq! + 1)).toBe(false);
        expect(held.size).toBe(room.messages.length);
      }
      expect(seqs(state)).toEqual(numbers(total));
      expect(selectRoom(state, ROOM).tailSeq).toBe(total);
    }));
  });

  it('of the snapshot and what is broadcast around it', () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 10 }),
      (last, early, late) => {
        const state = run([
          { type: 'messages', room: ROOM, messages: range(last + 1, last + early) },
          { type: 'room/joined', room: ROOM, ack: ack(range(1, last), last), asked: null },
          { type: 'messages', room: ROOM, messages: range(last, last + early + late) },
        ]);
        expect(seqs(state)).toEqual(numbers(last + early + late));
      },
    ));
  });

  it('of catch-up after a reconnect, wherever the live stream starts', () => {
    fc.assert(fc.property(fc.nat(20), fc.nat(20), fc.nat(10), (held, missed, live) => {
      const now = held + missed;
      const state = run([
        { type: 'room/joined', room: ROOM, ack: ack(range(1, held), held), asked: null },
        { type: 'messages', room: ROOM, messages: range(now + 1, now + live) },
        { type: 'room/joined', room: ROOM, ack: ack(range(held + 1, now), now), asked: held },
      ]);
      expect(seqs(state)).toEqual(numbers(now + live));
      expect(selectRoom(state, ROOM).tailSeq).toBe(now + live);
    }));
  });

  it('of history pages, downwards to the beginning', () => {
    let state = run([{ type: 'room/joined', room: ROOM, ack: ack(range(101, 150), 150), asked: null }]);
    expect(selectRoom(state, ROOM).headSeq).toBe(101);
    state = run([
      { type: 'older/loading', room: ROOM },
      { type: 'older/loaded', room: ROOM, messages: range(51, 100) },
      { type: 'older/loaded', room: ROOM, messages: range(1, 50) },
    ], state);
    expect(seqs(state)).toEqual(numbers(150));
    expect(selectRoom(state, ROOM).older).toBe('idle');
  });

  it('drops a page that does not reach what we hold', () => {
    const state = run([
      { type: 'room/joined', room: ROOM, ack: ack(range(101, 150), 150), asked: null },
      { type: 'older/loaded', room: ROOM, messages: range(1, 50) },
    ]);
    expect(seqs(state)[0]).toBe(101);
  });

  it('keeps a far newer page only, when it does not join on to the old one', () => {
    const state = run([
      { type: 'room/joined', room: ROOM, ack: ack(range(1, 20), 20), asked: null },
      { type: 'room/joined', room: ROOM, ack: ack(range(951, 1000), 1000), asked: null },
    ]);
    expect(seqs(state)).toEqual(range(951, 1000).map(({ seq }) => seq));
  });
});

describe('versions of a message', () => {
  it('join to the same, whichever comes first', () => {
    const time = fc.constantFrom(null, '2026-01-01T10:00:00.000Z', '2026-01-02T10:00:00.000Z');
    const version = fc.record({ readAt: time, editedAt: time, deletedAt: time }).map(
      (extra) => message(7, { ...extra, content: `${extra.editedAt}${extra.deletedAt}` }),
    );
    fc.assert(fc.property(version, version, version, (a, b, c) => {
      expect(joinVersions(joinVersions(a, b), c)).toEqual(joinVersions(a, joinVersions(c, b)));
      expect(joinVersions(a, a)).toBe(a);
    }));
  });

  it('keep the very same state when nothing changed', () => {
    const room = mergeMessages({ ...EMPTY_ROOM, tailSeq: 0 }, range(1, 5));
    expect(mergeMessages(room, range(2, 4))).toBe(room);
  });
});

describe('rooms', () => {
  it('removes an own message from the outbox when it is in the chat, by whichever way it comes', () => {
    const before = run([
      { type: 'outbox/put', entry: entry('c-3', 1) }, { type: 'outbox/put', entry: entry('c-6', 2) },
    ]);
    expect(selectPending(before, ROOM)).toHaveLength(2);
    const after = run([
      { type: 'messages', room: ROOM, messages: [message(3)] },
      { type: 'room/joined', room: ROOM, ack: ack(range(1, 6), 6), asked: null },
    ], before);
    expect(selectPending(after, ROOM)).toEqual([]);
  });

  it('lets typing go out by message and by time', () => {
    const typing: Action = { type: 'typing', room: ROOM, userId: OTHER, until: 5_000 };
    expect(selectRoom(run([typing]), ROOM).typing.size).toBe(1);
    expect(selectRoom(run([typing, { type: 'typing/expire', now: 4_999 }]), ROOM).typing.size).toBe(1);
    expect(selectRoom(run([typing, { type: 'typing/expire', now: 5_000 }]), ROOM).typing.size).toBe(0);
    expect(selectRoom(run([typing, { type: 'messages', room: ROOM, messages: [message(1)] }]), ROOM).typing.size)
      .toBe(0);
  });

  it('counts what is unread, and moves read marks forward only', () => {
    const joined = run([
      { type: 'me', id: ME, role: 'client' },
      { type: 'room/joined', room: ROOM, ack: ack(range(1, 10), 10), asked: null },
    ]);
    expect(countUnread(selectRoom(joined, ROOM), ME)).toBe(7);
    const read = run([
      { type: 'read', room: ROOM, userId: ME, seq: 8 }, { type: 'read', room: ROOM, userId: ME, seq: 2 },
      { type: 'read', room: ROOM, userId: OTHER, seq: 6 },
    ], joined);
    const room = selectRoom(read, ROOM);
    expect(room.lastReadSeq).toBe(8);
    expect(countUnread(room, ME)).toBe(1);
    expect(isReadByOthers(room, room.messages[5]!)).toBe(true);
    expect(isReadByOthers(room, room.messages[8]!)).toBe(false);
  });

  it('forgets the far past of a long room, and the content of rooms left long ago', () => {
    const long = run([
      { type: 'room/joined', room: ROOM, ack: ack(range(1, ROOM_MESSAGES_MAX + 10), ROOM_MESSAGES_MAX + 10), asked: null },
      { type: 'room/trim', room: ROOM },
    ]);
    expect(selectRoom(long, ROOM).messages).toHaveLength(ROOM_MESSAGES_MAX);
    expect(selectRoom(long, ROOM).headSeq).toBe(11);
    let state = EMPTY_STATE;
    for (let i = 0; i < 40; i++) {
      const room = roomKey('order', `order-${i}`);
      state = run([{ type: 'room/joining', room }, { type: 'room/left', room }], state);
    }
    expect(state.rooms.size).toBe(30);
    expect(state.rooms.has(roomKey('order', 'order-39'))).toBe(true);
  });

  it('does not call somebody offline when it cannot know', () => {
    const presence: Action = { type: 'presence', event: { userId: OTHER, isOnline: true, lastSeenAt: null } };
    const live = run([{ type: 'link', link: { kind: 'live', transport: 'websocket' } }, presence]);
    expect(selectUser(live, OTHER).online).toBe(true);
    expect(selectUser(run([{ type: 'link', link: { kind: 'connecting' } }], live), OTHER).online).toBeNull();
  });
});
