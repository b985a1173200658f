/**
 * Typing, both ways: tells the others at most every 3 s while I write, and lets their indicators go out. What could not
 * be told for want of a connection is told as soon as there is one.
 */
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import type { RoomKey } from '../protocol/types';
import type { Store } from '../store/store';
import type { SocketTransport } from '../transport/socket';
import { TYPING_EXPIRE_MS, TYPING_IDLE_MS, TYPING_REPEAT_MS } from './limits';

/** `toldAt`: when the present connection was last told; null: never. */
interface Writing { toldAt: number | null; idleTimer: ReturnType<typeof setTimeout> }

export class Typing {
  readonly #store: Store;
  readonly #socket: SocketTransport;
  readonly #writing: Map<RoomKey, Writing> = new Map();
  #expiryTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, socket: SocketTransport) {
    this.#store = store;
    this.#socket = socket;
  }

  set(room: RoomKey, isTyping: boolean): void {
    const before = this.#forget(room);
    if (!isTyping) {
      if (before !== undefined && before.toldAt !== null) this.#tell(room, false);
      return;
    }
    const writing = {
      toldAt: before?.toldAt ?? null, idleTimer: setTimeout(() => this.set(room, false), TYPING_IDLE_MS),
    };
    this.#writing.set(room, writing);
    this.#tellIfDue(room, writing);
  }

  /** The message says it: the server clears the indicator by itself. */
  sent(room: RoomKey): void {
    this.#forget(room);
  }

  /** A new connection knows nothing of what the old one was told. */
  onLive(): void {
    for (const [room, writing] of this.#writing) {
      writing.toldAt = null;
      this.#tellIfDue(room, writing);
    }
  }

  /** Another user: he is not the one who writes. */
  forgetAll(): void {
    for (const room of this.#writing.keys()) this.#forget(room);
  }

  onDown(): void {
    this.#store.dispatch({ type: 'typing/expire', now: Infinity });
  }

  heard(room: RoomKey, userId: string, isTyping: boolean): void {
    const until = isTyping ? Date.now() + TYPING_EXPIRE_MS : null;
    this.#store.dispatch({ type: 'typing', room, userId, until });
    if (isTyping) this.#scheduleExpiry();
  }

  #forget(room: RoomKey): Writing | undefined {
    const before = this.#writing.get(room);
    if (before !== undefined) clearTimeout(before.idleTimer);
    this.#writing.delete(room);
    return before;
  }

  #tellIfDue(room: RoomKey, writing: Writing): void {
    const now = Date.now();
    if (writing.toldAt !== null && now - writing.toldAt < TYPING_REPEAT_MS) return;
    if (this.#tell(room, true)) writing.toldAt = now;
  }

  #tell(room: RoomKey, isTyping: boolean): boolean {
    return this.#socket.hint(ROOM_EVENTS[roomKind(room)].typing, { ...roomRef(room), isTyping });
  }

  #scheduleExpiry(): void {
    if (this.#expiryTimer !== null) return;
    const ends = [...this.#store.getState().rooms.values()].flatMap(({ typing }) => [...typing.values()]);
    if (ends.length === 0) return;
    this.#expiryTimer = setTimeout(() => {
      this.#expiryTimer = null;
      this.#store.dispatch({ type: 'typing/expire', now: Date.now() });
      this.#scheduleExpiry();
    }, Math.max(1, Math.min(...ends) - Date.now() + 1));
  }
}
