/** Poller: the lowest step of the ladder. While no socket can be had, asks REST for what is new in each room. */
import { isRetriable, isTokenError, toChatError } from '../protocol/errors';
import type { ChatError } from '../protocol/errors';
import type { ChatMessage, RoomKey } from '../protocol/types';
import { selectRoom } from '../store/selectors';
import type { Store } from '../store/store';
import type { HistoryPage, RestTransport } from '../transport/rest';
import {
  CATCH_UP_PAGE_MESSAGES, HISTORY_PAGE_MESSAGES, POLL_INTERVAL_HIDDEN_MS, POLL_INTERVAL_LATER_MS,
  POLL_INTERVAL_MS, POLL_LATER_AFTER_MS,
} from './limits';

export interface PollerHooks {
  rooms(): RoomKey[];
  received(room: RoomKey, messages: readonly ChatMessage[]): void;
  /** First page of a room that was never joined. */
  firstPage(room: RoomKey, page: HistoryPage): void;
  /** It is another one than we knew. */
  status(room: RoomKey, status: string): void;
  answered(reachable: boolean): void;
  tokenRejected(error: ChatError): void;
}

export class Poller {
  readonly #store: Store;
  readonly #rest: RestTransport;
  readonly #hooks: PollerHooks;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #since = 0;

  constructor(store: Store, rest: RestTransport, hooks: PollerHooks) {
    this.#store = store;
    this.#rest = rest;
    this.#hooks = hooks;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#since = Date.now();
    void this.#round();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    let waitMs = 0;
    const rooms = this.#hooks.rooms();
    try {
      if (rooms.length === 0) await this.#rest.request('GET', '/me');
      for (const room of rooms) {
        if (!this.#running) return;
        await this.#ask(room).catch((cause) => this.#refused(room, toChatError(cause)));
      }
      if (this.#running) this.#hooks.answered(true);
    } catch (cause) {
      if (!this.#running) return;
      const error = toChatError(cause);
      waitMs = error.retryAfterMs ?? 0;
      if (isTokenError(error.code)) this.#hooks.tokenRejected(error);
      // A refusal is an answer too: only silence means that nothing is reachable.
      this.#hooks.answered(!['DISCONNECTED', 'TIMEOUT', 'UNAVAILABLE'].includes(error.code));
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#round(), Math.max(waitMs, this.#interval()));
  }

  /** A room that is refused is no reason not to ask for the next. */
  #refused(room: RoomKey, error: ChatError): void {
    if (isRetriable(error.code) || isTokenError(error.code)) throw error;
    if (!this.#running || selectRoom(this.#store.getState(), room).phase === 'refused') return;
    this.#store.dispatch({ type: 'room/refused', room, error });
  }

  async #ask(room: RoomKey): Promise<void> {
    const { tailSeq: tail, cached, lastChangeSeq, status, phase } = selectRoom(this.#store.getState(), room);
    if (tail === null || cached || phase === 'refused') {
      const page = await this.#rest.history(room, { limit: HISTORY_PAGE_MESSAGES });
      if (this.#running) this.#hooks.firstPage(room, page);
      return;
    }
    const page = await this.#rest.history(room, { after: tail, limit: CATCH_UP_PAGE_MESSAGES });
    if (!this.#running) return;
    if (page.messages.length > 0) this.#hooks.received(room, page.messages);
    if (page.status !== null && page.status !== status) this.#hooks.status(room, page.status);
    if (page.lastChangeSeq <= lastChangeSeq) return;
    const changes = await this.#rest.changes(room, lastChangeSeq);
    if (this.#running) this.#hooks.received(room, changes);
  }

  #interval(): number {
    if (globalThis.document?.visibilityState === 'hidden') return POLL_INTERVAL_HIDDEN_MS;
    return Date.now() - this.#since > POLL_LATER_AFTER_MS ? POLL_INTERVAL_LATER_MS : POLL_INTERVAL_MS;
  }
}
