/** States of a chat, made by hand: a client that never connects, and the store actions that bring it there. */
import { ChatClient, ChatError, MemoryOutboxStorage, roomKey } from '@rozmova/react';
import type { ChatMessage, JoinAck, LinkStatus, MessageChange, OutboxEntry, RoomKey } from '@rozmova/react';

export const OLIA = { id: '0197a1b2-0001-7000-8000-000000000001', name: 'Олена Коваленко' };
export const TARAS = { id: '0197a1b2-0003-7000-8000-000000000003', name: 'Тарас Мельник' };
export const MARIIA = { id: '0197a1b2-0005-7000-8000-000000000005', name: 'Марія Бондаренко' };
const ORDER = '0197a1b2-1001-7000-8000-000000001001';
const DISPUTE = '0197a1b2-2001-7000-8000-000000002001';
export const ORDER_ID: string = ORDER;
export const DISPUTE_ID: string = DISPUTE;
const NOON = Date.parse('2026-11-20T12:00:00.000Z');

/** Knows who it is and does nothing else. */
class StillClient extends ChatClient {
  override retain(): () => void {
    return () => {};
  }
  override joinRoom(): () => void {
    return () => {};
  }
  override send(): Promise<ChatMessage> {
    return new Promise(() => {});
  }
  override loadOlder(): Promise<void> {
    return Promise.resolve();
  }
  override loadNotifications(): Promise<void> {
    return Promise.resolve();
  }
  override markRead(): void {}
  override trimRoom(): void {}
}

export interface Scene { readonly client: ChatClient; readonly room: RoomKey; readonly upload?: () => Promise<never> }
type Line = Partial<Omit<ChatMessage, 'change'>> & { by?: { id: string }; change?: Partial<MessageChange> };

function messageOf(room: RoomKey, line: Line, seq: number): ChatMessage {
  const { by = OLIA, change, ...rest } = line;
  return {
    room, orderId: ORDER, id: `m${seq}`, seq, senderId: by.id, receiverId: null, content: '', type: 'text', fileUrl: null,
    fileName: null, attachments: [], replyTo: null, clientMessageId: null, readAt: null, editedAt: null, deletedAt: null,
    createdAt: new Date(NOON + seq * 40_000).toISOString(), changeSeq: null, ...rest,
    change: change === undefined ? null : {
      what: 'status', value: null, previous: null, by: by.id, note: '', disputeId: null, orderStatus: null, ...change,
    },
  };
}

export function still(link: LinkStatus = { kind: 'live', transport: 'websocket' }): ChatClient {
  const client = new StillClient({ outboxStorage: new MemoryOutboxStorage(), cache: false });
  client.store.dispatch({ type: 'link', link });
  client.store.dispatch({ type: 'me', id: OLIA.id, role: 'client' });
  return client;
}

export function scene(kind: 'order' | 'dispute', lines: readonly Line[], extra: Partial<JoinAck> = {}, link?: LinkStatus): Scene {
  const room = roomKey(kind, kind === 'order' ? ORDER : DISPUTE);
  const client = still(link);
  const messages = lines.map((line, at) => messageOf(room, line, at + 1));
  const ack: JoinAck = {
    status: kind === 'order' ? 'in_progress' : 'under_review', role: 'client', lastSeq: messages.length, lastReadSeq: messages.length,
    participants: [
      { userId: OLIA.id, role: 'client', name: OLIA.name, isOnline: true, lastSeenAt: null },
      { userId: TARAS.id, role: 'performer', name: TARAS.name, isOnline: true, lastSeenAt: null },
      ...(kind === 'dispute' ? [{ userId: MARIIA.id, role: 'moderator' as const, name: MARIIA.name, isOnline: false, lastSeenAt: '2026-11-20T10:00:00.000Z' }] : []),
    ],
    reads: {}, messages, hasMore: false, gap: false,
    changes: [], hasMoreChanges: false, lastChangeSeq: 0, ...extra,
  };
  client.store.dispatch({ type: 'room/joined', room, ack, asked: null });
  return { client, room };
}

export function waiting(from: Scene, entries: readonly (Partial<OutboxEntry> & { content: string })[]): Scene {
  entries.forEach((entry, at) => from.client.store.dispatch({
    type: 'outbox/put',
    entry: {
      clientMessageId: `c${at}`, room: from.room, attachments: [], replyTo: null, createdAt: new Date(NOON + 3_600_000 + at * 1000).toISOString(),
      order: at + 1, tries: 0, state: 'queued', error: null, owner: 'gallery', ...entry,
    },
  }));
  return from;
}

export function refused(code: 'FORBIDDEN' | 'NOT_FOUND' | 'UNAVAILABLE'): Scene {
  const room = roomKey('order', ORDER);
  const client = still();
  client.store.dispatch({ type: 'room/refused', room, error: new ChatError(code, 'the store cannot be reached') });
  return { client, room };
}

export function loading(): Scene {
  const client = still({ kind: 'connecting' });
  return { client, room: roomKey('order', ORDER) };
}

/** A picture that needs no server: one colour, any size. */
export const PICTURE: string = '/favicon.svg';

const WORDS = 'змішувач капає картридж прокладка ключ вода кран мийка завтра після обіду домовились ціна робота гарантія фото'.split(' ');
/** Messages of 3 to 62 words, the same at each run. */
function wordsOf(seq: number): string {
  const count = 3 + ((seq * 7919) % 60);
  return Array.from({ length: count }, (_, at) => WORDS[(seq * 31 + at * 17) % WORDS.length]).join(' ');
}
export function manyMessages(count: number): Scene {
  return scene('order', Array.from({ length: count }, (_, at) => ({ by: at % 3 === 0 ? OLIA : TARAS, content: wordsOf(at) })));
}
/** `count` messages of the other side, one by one, within so many milliseconds. */
export async function arrive({ client, room }: Scene, count: number, withinMs: number): Promise<void> {
  const started = performance.now();
  let seq = client.state.rooms.get(room)!.lastSeq;
  for (let done = 0; done < count;) {
    const due = Math.min(count, Math.ceil(((performance.now() - started) / withinMs) * count));
    for (; done < due; done++) {
      seq++;
      client.store.dispatch({ type: 'messages', room, messages: [messageOf(room, { by: TARAS, content: wordsOf(seq) }, seq)] });
    }
    await new Promise((next) => setTimeout(next));
  }
}
