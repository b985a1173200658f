/**
 * HookScope: what one useWebSocket() of one component has joined and listens to. It makes the careless way of
 * using the hook (listen in an effect, clean up with leave…() alone) behave:
 *
 *  - a handler belongs to the join it was registered with and goes when that room is left, or at unmount;
 *  - the same function counts once;
 *  - a component hears the rooms it joined; one that joined none hears all;
 *  - leaving because the connection dropped is no farewell: what was said meanwhile is handed over at the next join.
 */
import type { ChatClient, ChatEvents } from '../client/client';
import { reportError } from '../client/emitter';
import { roomKind } from '../protocol/events';
import type { ChatMessage, RoomKey, RoomKind } from '../protocol/types';
import { selectRoom } from '../store/selectors';
import { findBySeq } from '../store/messages';

type RoomEvent = 'message' | 'typing' | 'receipt' | 'status';
type GlobalEvent = 'presence' | 'notification';
type Handler = (value: never) => void;

interface Join { count: number; leave: () => void; turn: object }
interface Registration { event: RoomEvent | GlobalEvent; kind: RoomKind | null; room: RoomKey | null; turn: object }

export class HookScope {
  readonly client: ChatClient;
  readonly #joins: Map<RoomKey, Join> = new Map();
  readonly #handlers: Map<string, Map<Handler, Registration>> = new Map();
  /** Last message of a room that this scope was given. */
  readonly #heard: Map<RoomKey, number> = new Map();
  readonly #listening: (() => void)[] = [];
  /** Identity of the present synchronous run: an effect registers and joins within one. */
  #turn: object = {};
  #turnEnds = false;

  constructor(client: ChatClient) {
    this.client = client;
  }

  join(room: RoomKey): () => void {
    const turn = this.#currentTurn();
    this.#listen();
    const before = this.#joins.get(room);
    if (before !== undefined) {
      before.count++;
    } else {
      this.#joins.set(room, { count: 1, leave: this.client.joinRoom(room), turn });
      this.#replay(room);
    }
    this.#adopt(room, turn);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave(room);
    };
  }

  leave(room: RoomKey): void {
    const join = this.#joins.get(room);
    if (join === undefined || --join.count > 0) return;
    this.#joins.delete(room);
    join.leave();
    if (this.client.state.link.kind === 'live') this.#heard.delete(room);
    for (const set of this.#handlers.values()) {
      for (const [handler, registration] of set) if (registration.room === room) set.delete(handler);
    }
  }

  on(event: RoomEvent | GlobalEvent, kind: RoomKind | null, handler: Handler): () => void {
    this.#listen();
    const name = `${event} ${kind ?? ''}`;
    let set = this.#handlers.get(name);
    if (set === undefined) this.#handlers.set(name, (set = new Map()));
    const room = [...this.#joins.keys()].findLast((key) => kind === null || roomKind(key) === kind) ?? null;
    const registration: Registration = { event, kind, room, turn: this.#currentTurn() };
    set.set(handler, registration);
    return () => {
      if (set.get(handler) === registration) set.delete(handler);
    };
  }

  /** Unmount. Effects of children may join again right after (StrictMode), so the scope stays usable. */
  clear(): void {
    for (const join of this.#joins.values()) join.leave();
    this.#joins.clear();
    this.#handlers.clear();
    this.#heard.clear();
    for (const stop of this.#listening.splice(0)) stop();
  }

  #listen(): void {
    if (this.#listening.length > 0) return;
    const { client } = this;
    this.#listening.push(
      client.on('message', (message) => this.#onMessage(message)),
      client.on('typing', (event) => this.#toRoom('typing', event)),
      client.on('receipt', (event) => this.#toRoom('receipt', event)),
      // Participants are told of a status wherever they are, joined or not.
      client.on('status', (event) => this.#call('status', roomKind(event.room), event)),
      client.on('presence', (event) => this.#call('presence', null, event)),
      client.on('notification', (event) => this.#call('notification', null, event)),
    );
  }

  /** Handlers registered just before the join, in the same effect, belong to it too. */
  #adopt(room: RoomKey, turn: object): void {
    for (const set of this.#handlers.values()) {
      for (const registration of set.values()) {
        const { kind } = registration;
        if (registration.turn !== turn || (kind !== null && kind !== roomKind(room))) continue;
        const owner = registration.room === null ? undefined : this.#joins.get(registration.room);
        if (owner?.turn !== turn) registration.room = room;
      }
    }
  }

  #replay(room: RoomKey): void {
    const known = this.client.announcedSeq(room);
    if (!this.#heard.has(room)) {
      if (known !== null) this.#heard.set(room, known);
      return;
    }
    queueMicrotask(() => {
      if (!this.#joins.has(room)) return;
      const state = selectRoom(this.client.state, room);
      const last = this.client.announcedSeq(room) ?? 0;
      for (let seq = this.#heard.get(room)! + 1; seq <= last; seq++) {
        const message = findBySeq(state, seq);
        if (message !== null) this.#onMessage(message);
      }
    });
  }

  #onMessage(message: ChatMessage): void {
    const { room, seq } = message;
    if (this.#joins.has(room)) {
      if (seq <= (this.#heard.get(room) ?? 0)) return;
      this.#heard.set(room, seq);
    }
    this.#toRoom('message', message);
  }

  #toRoom<Name extends RoomEvent>(event: Name, value: ChatEvents[Name]): void {
    const kind = roomKind(value.room);
    const joined = [...this.#joins.keys()].filter((key) => roomKind(key) === kind);
    if (joined.length > 0 && !joined.includes(value.room)) return;
    this.#call(event, kind, value);
  }

  #call(event: RoomEvent | GlobalEvent, kind: RoomKind | null, value: unknown): void {
    const set = this.#handlers.get(`${event} ${kind ?? ''}`);
    if (set === undefined) return;
    for (const handler of Array.from(set.keys())) {
      try {
        (handler as (value: unknown) => void)(value);
      } catch (error) {
        reportError(error);
      }
    }
  }

  #currentTurn(): object {
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      queueMicrotask(() => {
        this.#turnEnds = false;
        this.#turn = {};
      });
    }
    return this.#turn;
  }
}
