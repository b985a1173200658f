/**
 * Rooms: which chats somebody wants to hear, and being joined to exactly those. Joins are reference-counted,
 * repeated after every reconnect from the last message we hold, and repaired when a number is missing.
 * New messages are announced here, once each and in `seq` order: announcing follows the run without holes.
 */
import { ChatError, isRetriable, isTokenError, toChatError } from '../protocol/errors';
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import { parseJoinAck } from '../protocol/guards';
import type { ChatMessage, RoomKey } from '../protocol/types';
import { findBySeq, hasHole } from '../store/messages';
import type { RoomState } from '../store/state';
import type { Store } from '../store/store';
import { selectRoom } from '../store/selectors';
import type { SocketTransport } from '../transport/socket';
import {
  CATCH_UP_MESSAGES_MAX, HOLE_PATIENCE_MS, JOIN_RETRY_MAX_MS, JOIN_RETRY_MS, RELEASE_GRACE_MS, REQUEST_TIMEOUT_MS,
} from './limits';

interface Wish {
  count: number;
  /** Start of a room we hold nothing of: only what comes after this. */
  afterSeq: number | null;
  releaseTimer: ReturnType<typeof setTimeout> | null;
  retryTimer: ReturnType<typeof setTimeout> | null;
  holeTimer: ReturnType<typeof setTimeout> | null;
  joining: boolean;
  joinAgain: boolean;
  /** Failed joins in a row. */
  failures: number;
}

export interface RoomsHooks {
  isLive(): boolean;
  announce(message: ChatMessage): void;
  tokenRejected(error: ChatError): void;
  error(error: ChatError): void;
}

export class Rooms {
  readonly #store: Store;
  readonly #socket: SocketTransport;
  readonly #hooks: RoomsHooks;
  readonly #wishes: Map<RoomKey, Wish> = new Map();
  /** Last announced `seq` per room; absent until the first snapshot, which is history and no news. */
  readonly #announced: Map<RoomKey, number> = new Map();
  /** Counts connections: an answer that belongs to an earlier one is dropped. */
  #connection = 0;

  constructor(store: Store, socket: SocketTransport, hooks: RoomsHooks) {
    this.#store = store;
    this.#socket = socket;
    this.#hooks = hooks;
  }

  /** Opened ones first. */
  get wanted(): RoomKey[] {
    return [...new Set([...this.opened, ...this.#wishes.keys()])];
  }
  /** Those that somebody wants with their history. */
  get opened(): RoomKey[] {
    return [...this.#wishes].filter(([, { afterSeq }]) => afterSeq === null).map(([room]) => room);
  }
  announcedSeq(room: RoomKey): number | null {
    return this.#announced.get(room) ?? null;
  }

  retain(room: RoomKey, afterSeq: number | null): () => void {
    let wish = this.#wishes.get(room);
    if (wish === undefined) {
      wish = {
        count: 0, afterSeq, releaseTimer: null, retryTimer: null, holeTimer: null, joining: false, joinAgain: false,
        failures: 0,
      };
      this.#wishes.set(room, wish);
      void this.#join(room, wish);
    }
    wish.count++;
    if (wish.releaseTimer !== null) clearTimeout(wish.releaseTimer);
    wish.releaseTimer = null;
    return once(() => this.#release(room, wish));
  }

  onLive(): void {
    this.#connection++;
    for (const [room, wish] of this.#wishes) {
      wish.joining = false;
      void this.#join(room, wish);
    }
  }

  onDown(): void {
    this.#connection++;
    for (const wish of this.#wishes.values()) wish.joining = false;
  }

  /** Messages from a broadcast, an ack, or a REST page of what came after. */
  receive(room: RoomKey, messages: readonly ChatMessage[]): void {
    this.#store.dispatch({ type: 'messages', room, messages });
    this.settle(room);
  }

  /** The server has a message that we may not hold (seen through a status update, say). */
  settle(room: RoomKey): void {
    this.#announce(room);
    const wish = this.#wishes.get(room);
    if (wish === undefined || wish.holeTimer !== null || !hasHole(this.#room(room))) return;
    wish.holeTimer = setTimeout(() => {
      wish.holeTimer = null;
      if (hasHole(this.#room(room))) void this.#join(room, wish);
    }, HOLE_PATIENCE_MS);
  }

  /** The first snapshot up to `seq` is history; what comes after it is news. */
  startNews(room: RoomKey, seq: number): void {
    if (!this.#announced.has(room)) this.#announced.set(room, seq);
    this.#announce(room);
  }

  forgetAll(): void {
    this.#announced.clear();
    this.onDown();
  }

  /** Asks for a room once more: it was refused or failed, or there is somebody new in it. */
  retry(room: RoomKey): void {
    const wish = this.#wishes.get(room);
    if (wish !== undefined) void this.#join(room, wish);
  }

  #room(room: RoomKey): RoomState {
    return selectRoom(this.#store.getState(), room);
  }

  #release(room: RoomKey, wish: Wish): void {
    if (--wish.count > 0) return;
    wish.releaseTimer = setTimeout(() => {
      this.#wishes.delete(room);
      for (const timer of [wish.retryTimer, wish.holeTimer]) if (timer !== null) clearTimeout(timer);
      if (this.#hooks.isLive()) {
        // Left on purpose: what is written meanwhile is history at the next visit.
        this.#announced.delete(room);
        this.#socket.request(ROOM_EVENTS[roomKind(room)].leave, roomRef(room), REQUEST_TIMEOUT_MS).catch(() => {});
      }
      this.#store.dispatch({ type: 'room/left', room });
    }, RELEASE_GRACE_MS);
  }

  async #join(room: RoomKey, wish: Wish): Promise<void> {
    if (!this.#hooks.isLive()) return;
    if (wish.joining) {
      wish.joinAgain = true;
      return;
    }
    wish.joining = true;
    wish.joinAgain = false;
    const connection = this.#connection;
    const current = (): boolean => connection === this.#connection && this.#wishes.get(room) === wish;
    this.#store.dispatch({ type: 'room/joining', room });
    try {
      await this.#joinUntilCaughtUp(room, wish, current);
      wish.failures = 0;
    } catch (cause) {
      if (current()) this.#joinFailed(room, wish, toChatError(cause));
    } finally {
      if (current()) {
        wish.joining = false;
        if (wish.joinAgain) void this.#join(room, wish);
      }
    }
  }

  async #joinUntilCaughtUp(room: RoomKey, wish: Wish, current: () => boolean): Promise<void> {
    const kind = roomKind(room);
    const { cached, tailSeq } = this.#room(room);
    let asked: number | null = cached ? null : tailSeq ?? wish.afterSeq;
    for (;;) {
      const since = asked === null ? {} : { afterSeq: asked, afterChangeSeq: this.#room(room).lastChangeSeq };
      const payload = { ...roomRef(room), ...since };
      const answer = await this.#socket.request(ROOM_EVENTS[kind].join, payload, REQUEST_TIMEOUT_MS);
      if (!current()) return;
      const ack = parseJoinAck(kind, answer);
      if (ack === null) throw new ChatError('INTERNAL', 'the answer is not understood');
      if (asked !== null && (ack.gap || ack.lastSeq < asked)) {
        this.#store.dispatch({ type: 'room/rewound', room });
        if ((this.#announced.get(room) ?? 0) > ack.lastSeq) this.#announced.delete(room);
        asked = null;
        continue;
      }
      const missed = ack.lastSeq - (ack.messages.at(-1)?.seq ?? ack.lastSeq);
      if (asked !== null && ack.hasMore && missed > CATCH_UP_MESSAGES_MAX) {
        asked = null;
        continue;
      }
      this.#store.dispatch({ type: 'room/joined', room, ack, asked });
      const after = this.#room(room).tailSeq ?? 0;
      this.startNews(room, ack.lastSeq);
      const more: boolean = asked !== null && ((ack.hasMore && after > asked) || (ack.hasMoreChanges && ack.changes.length > 0));
      if (!more) return;
      asked = after;
    }
  }

  #joinFailed(room: RoomKey, wish: Wish, error: ChatError): void {
    if (error.code === 'DISCONNECTED') return;
    this.#hooks.error(error);
    if (isTokenError(error.code)) this.#hooks.tokenRejected(error);
    if (!isRetriable(error.code) && !isTokenError(error.code)) {
      this.#store.dispatch({ type: 'room/refused', room, error });
      return;
    }
    if (wish.retryTimer !== null) clearTimeout(wish.retryTimer);
    const delay = Math.min(JOIN_RETRY_MAX_MS, JOIN_RETRY_MS * 2 ** wish.failures++);
    wish.retryTimer = setTimeout(() => void this.#join(room, wish), error.retryAfterMs ?? delay);
  }

  #announce(room: RoomKey): void {
    const state = this.#room(room);
    const tail = state.tailSeq;
    const from = this.#announced.get(room);
    if (tail === null || from === undefined || tail <= from) return;
    this.#announced.set(room, tail);
    for (let seq = Math.max(from + 1, state.headSeq); seq <= tail; seq++) {
      const message = findBySeq(state, seq);
      if (message !== null) this.#hooks.announce(message);
    }
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
