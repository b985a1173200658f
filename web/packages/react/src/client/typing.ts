/** Typing, both ways: tells the others at most every 3 s while I write, and lets their indicators go out. */
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import type { RoomKey } from '../protocol/types';
import type { Store } from '../store/store';
import type { SocketTransport } from '../transport/socket';
import { TYPING_EXPIRE_MS, TYPING_IDLE_MS, TYPING_REPEAT_MS } from './limits';

interface Writing { toldAt: number; idleTimer: ReturnType<typeof setTimeout> }

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
    const before = this.#writing.get(room);
    if (before !== undefined) clearTimeout(before.idleTimer);
    if (!isTyping) {
      if (this.#writing.delete(room)) this.#tell(room, false);
      return;
    }
    const now = Date.now();
    const due = before === undefined || now - before.toldAt >= TYPING_REPEAT_MS;
    if (due) this.#tell(room, true);
    this.#writing.set(room, {
      toldAt: due ? now : before.toldAt,
      idleTimer: setTimeout(() => this.set(room, false), TYPING_IDLE_MS),
    });
  }

  /** The message says it: the server clears the indicator by itself. */
  sent(room: RoomKey): void {
    const before = this.#writing.get(room);
    if (before !== undefined) clearTimeout(before.idleTimer);
    this.#writing.delete(room);
  }

  /** A new connection knows nothing of what the old one was told. */
  onDown(): void {
    for (const { idleTimer } of this.#writing.values()) clearTimeout(idleTimer);
    this.#writing.clear();
    this.#store.dispatch({ type: 'typing/expire', now: Infinity });
  }

  heard(room: RoomKey, userId: string, isTyping: boolean): void {
    const until = isTyping ? Date.now() + TYPING_EXPIRE_MS : null;
    this.#store.dispatch({ type: 'typing', room, userId, until });
    if (isTyping) this.#scheduleExpiry();
  }

  #tell(room: RoomKey, isTyping: boolean): void {
    this.#socket.hint(ROOM_EVENTS[roomKind(room)].typing, { ...roomRef(room), isTyping });
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
