/** Inbound: what the server says by itself, checked and turned into store actions and events. Owned by ChatClient. */
import { isTokenError, parseError } from '../protocol/errors';
import type { ChatError } from '../protocol/errors';
import { ROOM_EVENTS, ROOM_KINDS, roomKey } from '../protocol/events';
import {
  isObject, parseEdit, parseMessage, parseNotification, parsePresence, parseReceipt, parseRoom, parseStatus, parseTyping,
  parseUnread,
} from '../protocol/guards';
import type { ChatMessage, RoomKey } from '../protocol/types';
import { findById } from '../store/messages';
import { selectRoom } from '../store/selectors';
import type { Store } from '../store/store';
import type { ChatEvents } from './client';
import type { Emitter } from './emitter';

export interface InboundHooks {
  received(room: RoomKey, messages: readonly ChatMessage[]): void;
  typing(room: RoomKey, userId: string, isTyping: boolean): void;
  /** A status came whose message we may not hold. */
  settle(room: RoomKey): void;
  /** There is somebody in it whom we know nothing of. */
  rejoin(room: RoomKey): void;
  error(error: ChatError): void;
  tokenRejected(error: ChatError): void;
  tokenExpiring(): void;
  draining(retryAfterMs: number): void;
}

export class Inbound {
  readonly #store: Store;
  readonly #emitter: Emitter<ChatEvents>;
  readonly #hooks: InboundHooks;

  constructor(store: Store, emitter: Emitter<ChatEvents>, hooks: InboundHooks) {
    this.#store = store;
    this.#emitter = emitter;
    this.#hooks = hooks;
  }

  event(name: string, payload: unknown): void {
    for (const kind of ROOM_KINDS) {
      const events = ROOM_EVENTS[kind];
      const room = parseRoom(kind, payload);
      if (room === null) continue;
      switch (name) {
        case events.message:
          return this.#message(room, parseMessage(kind, payload));
        case events.edited:
        case events.deleted:
          return this.#changed(room, parseMessage(kind, payload), payload);
        case events.typing:
          return this.#typing(room, payload);
        case events.read:
          return this.#receipt(room, payload);
        case events.statusUpdate:
          return this.#status(room, payload);
      }
    }
    this.#global(name, payload);
  }

  #message(room: RoomKey, message: ChatMessage | null): void {
    if (message !== null) this.#hooks.received(room, [message]);
  }

  #changed(room: RoomKey, whole: ChatMessage | null, payload: unknown): void {
    const edit = whole ?? parseEdit(payload);
    if (edit === null) return;
    if (whole === null) this.#store.dispatch({ type: 'message/edited', room, edit });
    else this.#hooks.received(room, [whole]);
    const now = whole ?? findById(selectRoom(this.#store.getState(), room), edit.id);
    if (now !== null) this.#emitter.emit('changed', now);
  }

  #typing(room: RoomKey, payload: unknown): void {
    const event = parseTyping(payload);
    if (event === null) return;
    this.#hooks.typing(room, event.userId, event.isTyping);
    this.#emitter.emit('typing', { ...event, room });
  }

  #receipt(room: RoomKey, payload: unknown): void {
    const event = parseReceipt(payload);
    if (event === null) return;
    this.#store.dispatch({ type: 'read', room, userId: event.userId, seq: event.seq });
    this.#emitter.emit('receipt', { ...event, room });
  }

  #status(room: RoomKey, payload: unknown): void {
    const event = parseStatus(payload);
    if (event === null) return;
    if (this.#store.getState().rooms.has(room)) {
      this.#store.dispatch({ type: 'room/status', room, event });
      this.#hooks.settle(room);
    }
    this.#emitter.emit('status', { ...event, room });
  }

  #global(name: string, payload: unknown): void {
    if (name === 'user_presence') {
      const event = parsePresence(payload);
      if (event === null) return;
      this.#store.dispatch({ type: 'presence', event });
      this.#emitter.emit('presence', event);
    } else if (name === 'notification') {
      const event = parseNotification(payload);
      if (event === null) return;
      this.#store.dispatch({ type: 'notifications', events: [event] });
      this.#emitter.emit('notification', event);
    } else if (name === 'notifications_read' && isObject(payload)) {
      const { ids, upTo, readAt } = payload;
      this.#store.dispatch({
        type: 'notifications/read',
        ids: Array.isArray(ids) ? ids.map(String) : null,
        ...(typeof upTo === 'string' ? { upTo } : {}),
        at: String(readAt),
      });
    } else if (name === 'unread') {
      const unread = parseUnread(payload);
      if (unread !== null) this.#store.dispatch({ type: 'unread', unread });
    } else if (name === 'dispute_assigned' && isObject(payload)) {
      const { disputeId, moderator } = payload;
      if (typeof disputeId !== 'string') return;
      const who = isObject(moderator) ? { id: String(moderator['id']), name: String(moderator['name']) } : null;
      const room = roomKey('dispute', disputeId);
      if (who !== null && selectRoom(this.#store.getState(), room).phase === 'ready') this.#hooks.rejoin(room);
      this.#emitter.emit('assignment', { disputeId, moderator: who });
    } else if (name === 'chat_error') {
      const error = parseError(payload);
      this.#hooks.error(error);
      if (isTokenError(error.code)) this.#hooks.tokenRejected(error);
    } else if (name === 'token_expiring') {
      this.#hooks.tokenExpiring();
    } else if (name === 'server_draining' && isObject(payload)) {
      const wait = payload['retryAfterMs'];
      if (typeof wait === 'number' && wait >= 0) this.#hooks.draining(wait);
    }
  }
}
