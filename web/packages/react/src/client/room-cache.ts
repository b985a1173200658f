/**
 * RoomCache: the last messages of each chat, kept in the browser, so that a chat opens at once and can be read without
 * a network. What comes out is old until the server has answered. Owned by ChatClient; the storage is shared by tabs.
 */
import { clear, createStore, get, set } from 'idb-keyval';
import type { UseStore } from 'idb-keyval';
import type { RoomKey } from '../protocol/types';
import { hasOlder, trimOldest } from '../store/messages';
import { EMPTY_ROOM } from '../store/state';
import type { RoomState } from '../store/state';
import { selectRoom } from '../store/selectors';
import type { Store } from '../store/store';
import { CACHE_MESSAGES_MAX, CACHE_WRITE_MS } from './limits';

export class RoomCache {
  readonly #store: Store;
  readonly #db: UseStore | null;
  readonly #written: Map<RoomKey, RoomState> = new Map();
  /** Of the others only what is new is held, less than what was kept. */
  readonly #opened: Set<RoomKey> = new Set();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(store: Store, enabled: boolean) {
    this.#store = store;
    this.#db = enabled ? openStore() : null;
    if (this.#db !== null) store.subscribe(() => this.#writeLater());
  }

  async load(room: RoomKey): Promise<void> {
    this.#opened.add(room);
    const me = this.#store.getState().me;
    if (this.#db === null || me === null || selectRoom(this.#store.getState(), room).tailSeq !== null) return;
    const cached = await attempt(get<RoomState>, `${me.id} ${room}`, this.#db);
    if (cached === undefined || this.#store.getState().me?.id !== me.id) return;
    this.#store.dispatch({ type: 'room/cached', room, cached: { ...EMPTY_ROOM, ...cached } });
  }

  /** Signing out on a shared computer leaves nothing to read. */
  async forget(): Promise<void> {
    this.#written.clear();
    if (this.#db !== null) await attempt(clear, this.#db);
  }

  #writeLater(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, CACHE_WRITE_MS);
  }

  #write(): void {
    const { me, rooms } = this.#store.getState();
    if (this.#db === null || me === null) return;
    for (const [room, state] of rooms) {
      if (state.phase !== 'ready' || state.tailSeq === null || this.#written.get(room) === state) continue;
      if (!this.#opened.has(room) || (state.messages.length === 0 && hasOlder(state))) continue;
      this.#written.set(room, state);
      const { messages, headSeq, tailSeq, lastSeq, status, role, lastReadSeq, lastChangeSeq, participants, reads } =
        trimOldest(state, CACHE_MESSAGES_MAX);
      const kept = { messages, headSeq, tailSeq, lastSeq, status, role, lastReadSeq, lastChangeSeq, participants, reads };
      void attempt(set, `${me.id} ${room}`, kept, this.#db);
    }
  }
}

/** A private mode may refuse at once, or a moment later; either way there is nothing kept. */
async function attempt<Args extends unknown[], T>(run: (...args: Args) => Promise<T>, ...args: Args): Promise<T | undefined> {
  try {
    return await run(...args);
  } catch {
    return undefined;
  }
}

function openStore(): UseStore | null {
  try {
    return typeof indexedDB === 'undefined' ? null : createStore('rozmova-rooms', 'rooms');
  } catch {
    return null;
  }
}
