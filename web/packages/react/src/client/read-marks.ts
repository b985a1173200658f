/** ReadMarks: how far the reader has read, told to the server a moment later, forward only. Owned by ChatClient. */
import { isRetriable, toChatError } from '../protocol/errors';
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import type { RoomKey } from '../protocol/types';
import { selectRoom } from '../store/selectors';
import type { Store } from '../store/store';
import type { RestTransport } from '../transport/rest';
import type { SocketTransport } from '../transport/socket';
import { READ_COALESCE_MS, READ_RETRY_MS, REQUEST_TIMEOUT_MS } from './limits';

type Path = 'socket' | 'rest';

export class ReadMarks {
  readonly #store: Store;
  readonly #socket: SocketTransport;
  readonly #rest: RestTransport;
  readonly #path: () => Path | null;
  /** Positions that the server was not told yet. */
  #due: Map<RoomKey, number> = new Map();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, socket: SocketTransport, rest: RestTransport, path: () => Path | null) {
    this.#store = store;
    this.#socket = socket;
    this.#rest = rest;
    this.#path = path;
  }

  /** Shown at once. */
  mark(room: RoomKey, seq: number): void {
    const state = this.#store.getState();
    if (state.me === null || seq <= selectRoom(state, room).lastReadSeq) return;
    this.#store.dispatch({ type: 'read', room, userId: state.me.id, seq });
    this.#owe(room, seq);
    this.flush();
  }

  /** The first position goes at once, those that follow closely go together. Without a path they wait. */
  flush(): void {
    const path = this.#path();
    if (path === null || this.#timer !== null || this.#due.size === 0) return;
    const due = [...this.#due];
    this.#due.clear();
    for (const [room, seq] of due) void this.#tell(path, room, seq);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, READ_COALESCE_MS);
  }

  /** What one user has read is nothing to say in the name of the next. */
  forgetAll(): void {
    this.#due = new Map();
  }

  async #tell(path: Path, room: RoomKey, seq: number): Promise<void> {
    const due = this.#due;
    try {
      if (path === 'rest') await this.#rest.read(room, seq);
      else await this.#socket.request(ROOM_EVENTS[roomKind(room)].read, { ...roomRef(room), seq }, REQUEST_TIMEOUT_MS);
    } catch (cause) {
      const { code, retryAfterMs } = toChatError(cause);
      // A refusal is final for a mark; a lost connection, or a busy server, is not.
      if (!isRetriable(code) || code === 'INTERNAL') return;
      setTimeout(() => {
        if (due !== this.#due) return;
        this.#owe(room, seq);
        this.flush();
      }, retryAfterMs ?? READ_RETRY_MS);
    }
  }

  #owe(room: RoomKey, seq: number): void {
    this.#due.set(room, Math.max(seq, this.#due.get(room) ?? 0));
  }
}
