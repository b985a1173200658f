/** From messages to the rows that are drawn: days, the unread line, groups of one sender. Pure. */
import type { ChatMessage } from '../protocol/types';
import { isReadByOthers } from '../store/selectors';
import type { OutboxEntry, RoomState } from '../store/state';

export type DeliveryState = 'queued' | 'sending' | 'sent' | 'read' | 'failed';

export type Row =
  | { readonly kind: 'top'; readonly key: 'top' }
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | { readonly kind: 'unread'; readonly key: 'unread' }
  | { readonly kind: 'system'; readonly key: string; readonly message: ChatMessage }
  | MessageRow;

export interface MessageRow {
  readonly kind: 'message';
  readonly key: string;
  readonly senderId: string;
  readonly mine: boolean;
  /** First and last of a group: same sender, close in time, nothing in between. */
  readonly first: boolean;
  readonly last: boolean;
  readonly createdAt: string;
  readonly content: string;
  /** Null while the message waits in the outbox. */
  readonly message: ChatMessage | null;
  readonly pending: OutboxEntry | null;
  readonly delivery: DeliveryState | null;
}

export const GROUP_GAP_MAX_MS: number = 5 * 60_000;

export interface RowsInput {
  room: RoomState;
  pending: readonly OutboxEntry[];
  me: string | null;
  /** First message after the reader's place when the chat was opened. */
  firstUnreadSeq: number | null;
  dayKey(iso: string): string;
}

export function buildRows({ room, pending, me, firstUnreadSeq, dayKey }: RowsInput): Row[] {
  const rows: Row[] = room.tailSeq === null && pending.length === 0 ? [] : [{ kind: 'top', key: 'top' }];
  let day = '';
  let open: MessageRow | null = null;
  const close = (): void => {
    open = null;
  };
  const startDay = (at: string): void => {
    const key = dayKey(at);
    if (key === day) return;
    day = key;
    close();
    rows.push({ kind: 'day', key: `day ${key}`, at });
  };
  const add = (row: Omit<MessageRow, 'first' | 'last' | 'kind'>): void => {
    const joins = open !== null && open.senderId === row.senderId
      && Date.parse(row.createdAt) - Date.parse(open.createdAt) < GROUP_GAP_MAX_MS;
    if (joins) rows[rows.length - 1] = { ...open!, last: false };
    open = { ...row, kind: 'message', first: !joins, last: true };
    rows.push(open);
  };

  for (const message of room.messages) {
    startDay(message.createdAt);
    if (message.seq === firstUnreadSeq) {
      close();
      rows.push({ kind: 'unread', key: 'unread' });
    }
    if (message.type === 'system') {
      close();
      rows.push({ kind: 'system', key: message.id, message });
      continue;
    }
    const mine = message.senderId === me;
    add({
      key: message.clientMessageId ?? message.id, senderId: message.senderId, mine, message, pending: null,
      createdAt: message.createdAt, content: message.content,
      delivery: mine ? (isReadByOthers(room, message) ? 'read' : 'sent') : null,
    });
  }
  for (const entry of pending) {
    startDay(entry.createdAt);
    add({
      key: entry.clientMessageId, senderId: me ?? '', mine: true, message: null, pending: entry,
      createdAt: entry.createdAt, content: entry.content, delivery: entry.state,
    });
  }
  return rows;
}

/** Where the unread line goes: after what I read and after what I last wrote, if somebody else wrote since. */
export function firstUnread(room: RoomState, me: string | null): number | null {
  let read = room.lastReadSeq;
  for (const { senderId, seq } of room.messages) if (senderId === me) read = Math.max(read, seq);
  // Nothing read and nothing written: everything is new, a line above it all would say nothing.
  if (read === 0) return null;
  return room.messages.find(({ senderId, seq, type }) => seq > read && senderId !== me && type !== 'system')?.seq
    ?? null;
}
