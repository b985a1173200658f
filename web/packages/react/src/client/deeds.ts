/** Deeds: what one does to messages and chats beside sending. Over the socket, else over REST; never queued. */
import { ChatError, isTokenError, toChatError } from '../protocol/errors';
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import { isObject, parseEdit, parseMessage, parseNotifications, parseUnread } from '../protocol/guards';
import type { RoomKey } from '../protocol/types';
import type { Store } from '../store/store';
import type { RestTransport } from '../transport/rest';
import { roomPath } from '../transport/rest';
import type { SocketTransport } from '../transport/socket';
import { NOTIFICATIONS_PAGE, REQUEST_TIMEOUT_MS } from './limits';

export interface DeedsHooks {
  path(): 'socket' | 'rest' | null;
  tokenRejected(error: ChatError): void;
}

export class Deeds {
  readonly #store: Store;
  readonly #socket: SocketTransport;
  readonly #rest: RestTransport;
  readonly #hooks: DeedsHooks;

  constructor(store: Store, socket: SocketTransport, rest: RestTransport, hooks: DeedsHooks) {
    this.#store = store;
    this.#socket = socket;
    this.#rest = rest;
    this.#hooks = hooks;
  }

  async edit(room: RoomKey, messageId: string, content: string): Promise<void> {
    const answer = this.#hooks.path() === 'rest'
      ? await this.#rest.request('PATCH', `${roomPath(room)}/messages/${messageId}`, { content })
      : await this.#ask(ROOM_EVENTS[roomKind(room)].edit, { ...roomRef(room), messageId, content });
    this.#take(room, answer, { messageId, content, editedAt: new Date().toISOString() });
  }

  async remove(room: RoomKey, messageId: string): Promise<void> {
    const answer = this.#hooks.path() === 'rest'
      ? await this.#rest.request('DELETE', `${roomPath(room)}/messages/${messageId}`)
      : await this.#ask(ROOM_EVENTS[roomKind(room)].remove, { ...roomRef(room), messageId });
    this.#take(room, answer, { messageId, deletedAt: new Date().toISOString() });
  }

  /** The answer may tell more than a status: `extra` goes along (the outcome of a dispute, say). */
  async setStatus(room: RoomKey, status: string, note: string, extra: object): Promise<void> {
    const wish = { status, ...(note === '' ? {} : { note }), ...extra };
    if (this.#hooks.path() === 'socket') await this.#ask(ROOM_EVENTS[roomKind(room)].status, { ...roomRef(room), ...wish });
    else await this.#rest.request('POST', `${roomPath(room)}/status`, wish);
  }

  async loadNotifications(): Promise<void> {
    const answer = await this.#rest.request('GET', `/notifications?limit=${NOTIFICATIONS_PAGE}`);
    const events = parseNotifications(answer['notifications']);
    if (events.length > 0) this.#store.dispatch({ type: 'notifications', events });
  }

  async loadUnread(): Promise<void> {
    const before = this.#store.getState().unread;
    const unread = parseUnread(await this.#rest.request('GET', '/unread'));
    // What was told meanwhile is newer than what was asked for.
    if (unread !== null && this.#store.getState().unread === before) this.#store.dispatch({ type: 'unread', unread });
  }

  /** `ids` null: all of them. */
  async readNotifications(ids: readonly string[] | null): Promise<void> {
    const { notifications } = this.#store.getState();
    const unread = notifications.filter(({ id, readAt }) => readAt === null && (ids === null || ids.includes(id)));
    if (unread.length === 0) return;
    this.#store.dispatch({ type: 'notifications/read', ids, at: new Date().toISOString() });
    await this.#rest.request('POST', '/notifications/read', ids === null ? { all: true } : { ids: unread.map(({ id }) => id) });
  }

  async #ask(event: string, payload: object): Promise<Record<string, unknown>> {
    if (this.#hooks.path() !== 'socket') throw new ChatError('DISCONNECTED');
    try {
      return await this.#socket.request(event, payload, REQUEST_TIMEOUT_MS);
    } catch (cause) {
      const error = toChatError(cause);
      if (isTokenError(error.code)) this.#hooks.tokenRejected(error);
      throw error;
    }
  }

  /** The ack carries the message as it is now; else what was asked for is what has become. */
  #take(room: RoomKey, answer: Record<string, unknown>, asked: object): void {
    const whole = isObject(answer['message']) ? parseMessage(roomKind(room), answer['message']) : null;
    if (whole !== null) {
      this.#store.dispatch({ type: 'messages', room, messages: [whole] });
      return;
    }
    const edit = parseEdit({ ...asked, ...answer });
    if (edit !== null) this.#store.dispatch({ type: 'message/edited', room, edit });
  }
}
