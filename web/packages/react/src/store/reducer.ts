/** The pure heart of the client: (state, action) → state. No clock, no timer, no network. */
import type { ChatError } from '../protocol/errors';
import type {
  ChatMessage, JoinAck, MessageEdit, NotificationEvent, PresenceEvent, Role, RoomKey, StatusEvent, UnreadCounts,
} from '../protocol/types';
import { editMessage, mergeMessages, mergeSnapshot, rewind, trimOldest } from './messages';
import {
  CACHED_ROOMS_MAX, CACHED_ROOM_MESSAGES_MAX, EMPTY_ROOM, EMPTY_STATE, NOTIFICATIONS_MAX, ROOM_MESSAGES_MAX,
} from './state';
import type { ChatState, LinkStatus, OutboxEntry, RoomState, UserState } from './state';

export type Action =
  | { type: 'reset' }
  | { type: 'link'; link: LinkStatus }
  | { type: 'me'; id: string; role: Role | null }
  | { type: 'error'; error: ChatError | null }
  | { type: 'room/joining'; room: RoomKey }
  | { type: 'room/joined'; room: RoomKey; ack: JoinAck; asked: number | null }
  | { type: 'room/refused'; room: RoomKey; error: ChatError }
  | { type: 'room/rewound'; room: RoomKey }
  | { type: 'room/left'; room: RoomKey }
  | { type: 'room/trim'; room: RoomKey }
  | { type: 'room/status'; room: RoomKey; event: StatusEvent }
  | { type: 'messages'; room: RoomKey; messages: readonly ChatMessage[] }
  | { type: 'message/edited'; room: RoomKey; edit: MessageEdit }
  | { type: 'room/cached'; room: RoomKey; cached: RoomState }
  | { type: 'older/loading'; room: RoomKey }
  | { type: 'older/loaded'; room: RoomKey; messages: readonly ChatMessage[] }
  | { type: 'older/failed'; room: RoomKey }
  | { type: 'typing'; room: RoomKey; userId: string; until: number | null }
  | { type: 'typing/expire'; now: number }
  | { type: 'read'; room: RoomKey; userId: string; seq: number }
  | { type: 'presence'; event: PresenceEvent }
  | { type: 'notifications'; events: readonly NotificationEvent[] }
  | { type: 'notifications/read'; ids: readonly string[] | null; upTo?: string; at: string }
  | { type: 'unread'; unread: UnreadCounts }
  | { type: 'paused'; until: number }
  | { type: 'outbox/put'; entry: OutboxEntry }
  | { type: 'outbox/remove'; clientMessageId: string };

export function reduce(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case 'reset':
      return { ...EMPTY_STATE, link: state.link };
    case 'link':
      return { ...state, link: action.link };
    case 'me':
      return state.me?.id === action.id && state.me.role === action.role
        ? state
        : { ...state, me: { id: action.id, role: action.role } };
    case 'error':
      return state.lastError === action.error ? state : { ...state, lastError: action.error };
    case 'room/joining':
      return withRoom(state, action.room, (room) =>
        room.phase === 'ready' ? room : { ...room, phase: 'joining', error: null });
    case 'room/joined':
      return joined(state, action.room, action.ack, action.asked);
    case 'room/refused':
      return withRoom(state, action.room, (room) => ({ ...room, phase: 'refused', error: action.error }));
    case 'room/rewound':
      return withRoom(state, action.room, rewind);
    case 'room/left':
      return left(state, action.room);
    case 'room/trim':
      return withRoom(state, action.room, (room) => trimOldest(room, ROOM_MESSAGES_MAX));
    case 'room/status':
      return withRoom(state, action.room, (room) => statusChanged(room, action.event));
    case 'messages':
      return received(state, action.room, action.messages);
    case 'message/edited':
      return withRoom(state, action.room, (room) => editMessage(room, action.edit));
    case 'room/cached':
      return withRoom(state, action.room, (room) =>
        room.tailSeq === null ? { ...action.cached, phase: room.phase, error: room.error, cached: true } : room);
    case 'older/loading':
      return withRoom(state, action.room, (room) => ({ ...room, older: 'loading' }));
    case 'older/loaded':
      return olderLoaded(state, action.room, action.messages);
    case 'older/failed':
      return withRoom(state, action.room, (room) => ({ ...room, older: 'failed' }));
    case 'typing':
      return withRoom(state, action.room, (room) => typing(room, action.userId, action.until));
    case 'typing/expire':
      return expireTyping(state, action.now);
    case 'read':
      return withRoom(state, action.room, (room) => readUpTo(room, action.userId, action.seq, state.me?.id));
    case 'presence':
      return presence(state, action.event);
    case 'notifications':
      return action.events.reduceRight(notified, state);
    case 'notifications/read':
      return readNotifications(state, action.ids, action.upTo ?? null, action.at);
    case 'unread':
      return { ...state, unread: action.unread };
    case 'paused':
      return { ...state, pausedUntil: action.until };
    case 'outbox/put':
      return { ...state, outbox: new Map(state.outbox).set(action.entry.clientMessageId, action.entry) };
    case 'outbox/remove':
      return withoutOutbox(state, [action.clientMessageId]);
  }
}

function withRoom(state: ChatState, key: RoomKey, change: (room: RoomState) => RoomState): ChatState {
  const before = state.rooms.get(key) ?? EMPTY_ROOM;
  const after = change(before);
  return after === before && state.rooms.has(key) ? state : { ...state, rooms: new Map(state.rooms).set(key, after) };
}

function joined(state: ChatState, key: RoomKey, ack: JoinAck, asked: number | null): ChatState {
  const users = new Map(state.users);
  for (const one of ack.participants) {
    users.set(one.userId, { name: one.name, online: one.isOnline, lastSeenAt: one.lastSeenAt });
  }
  const next = withRoom({ ...state, users }, key, (room) => {
    const reads = new Map(room.reads);
    for (const [userId, seq] of Object.entries(ack.reads)) reads.set(userId, Math.max(seq, reads.get(userId) ?? 0));
    return {
      ...mergeSnapshot(room.cached ? rewind(room) : room, ack, asked),
      phase: 'ready',
      error: null,
      cached: false,
      status: ack.status,
      role: ack.role,
      lastReadSeq: Math.max(room.lastReadSeq, ack.lastReadSeq),
      // A page of history does not name them.
      participants: ack.participants.length === 0
        ? room.participants
        : new Map(ack.participants.map(({ userId, role, name }) => [userId, { role, name }])),
      reads,
    };
  });
  return withoutOutbox(next, confirmedBy(next, ack.messages));
}

/** The content stays for an instant return, the oldest left rooms go. */
function left(state: ChatState, key: RoomKey): ChatState {
  const room = state.rooms.get(key);
  if (room === undefined) return state;
  const rooms = new Map(state.rooms);
  rooms.delete(key);
  rooms.set(key, { ...trimOldest(room, CACHED_ROOM_MESSAGES_MAX), phase: 'unjoined', typing: new Map() });
  const idle = [...rooms].filter(([, { phase }]) => phase === 'unjoined');
  for (const [old] of idle.slice(0, Math.max(0, idle.length - CACHED_ROOMS_MAX))) rooms.delete(old);
  return { ...state, rooms };
}

function received(state: ChatState, key: RoomKey, messages: readonly ChatMessage[]): ChatState {
  const next = withRoom(state, key, (room) => {
    let changed = mergeMessages(room, messages);
    for (const { senderId, seq } of messages) {
      changed = typing(changed, senderId, null);
      changed = readUpTo(changed, senderId, seq, state.me?.id);
    }
    return changed;
  });
  return withoutOutbox(next, confirmedBy(state, messages));
}

/** A page is only good if it reaches the present head; a late answer of an earlier request is dropped. */
function olderLoaded(state: ChatState, key: RoomKey, messages: readonly ChatMessage[]): ChatState {
  return withRoom(state, key, (room) => {
    if (messages.length > 0) return { ...mergeMessages(room, messages), older: 'idle' };
    // The server holds nothing before the head: this is the beginning, whatever the number says.
    return { ...room, older: 'idle', headSeq: 1 };
  });
}

function statusChanged(room: RoomState, event: StatusEvent): RoomState {
  const lastSeq = Math.max(room.lastSeq, event.seq ?? 0);
  return { ...room, status: event.status, lastSeq };
}

function typing(room: RoomState, userId: string, until: number | null): RoomState {
  if (until === null && !room.typing.has(userId)) return room;
  const next = new Map(room.typing);
  if (until === null) next.delete(userId);
  else next.set(userId, until);
  return { ...room, typing: next };
}

function expireTyping(state: ChatState, now: number): ChatState {
  let rooms: Map<RoomKey, RoomState> | null = null;
  for (const [key, room] of state.rooms) {
    const alive = [...room.typing].filter(([, until]) => until > now);
    if (alive.length === room.typing.size) continue;
    rooms ??= new Map(state.rooms);
    rooms.set(key, { ...room, typing: new Map(alive) });
  }
  return rooms === null ? state : { ...state, rooms };
}

/** Read positions only move forward. Whoever writes has read what came before. */
function readUpTo(room: RoomState, userId: string, seq: number, me: string | undefined): RoomState {
  let next = room;
  if (seq > (next.reads.get(userId) ?? 0)) next = { ...next, reads: new Map(next.reads).set(userId, seq) };
  if (userId === me && seq > next.lastReadSeq) next = { ...next, lastReadSeq: seq };
  return next;
}

function presence(state: ChatState, event: PresenceEvent): ChatState {
  const before: UserState = state.users.get(event.userId) ?? { name: null, online: null, lastSeenAt: null };
  const after: UserState = {
    ...before, online: event.isOnline, lastSeenAt: event.lastSeenAt ?? before.lastSeenAt,
  };
  return { ...state, users: new Map(state.users).set(event.userId, after) };
}

function notified(state: ChatState, event: NotificationEvent): ChatState {
  const others = state.notifications.filter(({ id }) => id !== event.id);
  const at = others.findIndex(({ createdAt }) => createdAt <= event.createdAt);
  const place = at === -1 ? others.length : at;
  return { ...state, notifications: [...others.slice(0, place), event, ...others.slice(place)].slice(0, NOTIFICATIONS_MAX) };
}

/** `ids` null: all of them, or those up to `upTo`. */
function readNotifications(state: ChatState, ids: readonly string[] | null, upTo: string | null, at: string): ChatState {
  const isMeant = ({ id, createdAt }: NotificationEvent): boolean =>
    ids === null ? upTo === null || createdAt <= upTo : ids.includes(id);
  const read = (one: NotificationEvent): NotificationEvent =>
    one.readAt === null && isMeant(one) ? { ...one, readAt: at } : one;
  return { ...state, notifications: state.notifications.map(read) };
}

/** Own messages that are now in the chat and so no longer waiting to be sent. */
function confirmedBy(state: ChatState, messages: readonly ChatMessage[]): string[] {
  return messages
    .map(({ clientMessageId }) => clientMessageId)
    .filter((id) => id !== null && state.outbox.has(id)) as string[];
}

function withoutOutbox(state: ChatState, ids: readonly string[]): ChatState {
  const gone = ids.filter((id) => state.outbox.has(id));
  if (gone.length === 0) return state;
  const outbox = new Map(state.outbox);
  for (const id of gone) outbox.delete(id);
  return { ...state, outbox };
}
