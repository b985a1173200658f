/**
 * Outbox: a message is put here, shown at once, and leaves only when the server has stored it (or for a final
 * refusal, as `failed`). First in, first out per room, one under way per room, rooms side by side.
 *
 *   queued ──pump──► sending ──stored──► gone (it is in the chat now)
 *     ▲                │ timeout, lost link, rate limit, server trouble
 *     └────────────────┤
 *                      └ refused, 24 h old ──► failed ──retry──► queued
 *
 * The same `clientMessageId` goes with every try, so the server stores it once however often it arrives.
 */
import { serverNow } from '../clock';
import { ChatError, isRetriable, isTokenError, toChatError } from '../protocol/errors';
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import { parseMessage } from '../protocol/guards';
import type { AttachmentInput, ChatMessage, RoomKey } from '../protocol/types';
import type { OutboxEntry } from '../store/state';
import type { Store } from '../store/store';
import type { NewMessage, RestTransport } from '../transport/rest';
import type { SocketTransport } from '../transport/socket';
import { newId } from './ids';
import {
  ATTACHMENTS_MAX, CONTENT_CHARS_MAX, OUTBOX_AGE_MAX_MS, OUTBOX_ENTRIES_MAX, OUTBOX_INTERNAL_TRIES_MAX,
  OUTBOX_RETRY_MS, REQUEST_TIMEOUT_MS,
} from './limits';
import type { OutboxStorage } from './outbox-storage';
import { Tabs } from './tabs';

export interface OutboxHooks {
  path(): 'socket' | 'rest' | null;
  /** Takes the stored message into the chat. */
  stored(message: ChatMessage): void;
  tokenRejected(error: ChatError): void;
}

interface Waiting {
  promise: Promise<ChatMessage>;
  resolve(message: ChatMessage): void;
  reject(error: ChatError): void;
}

export class Outbox {
  readonly #store: Store;
  readonly #socket: SocketTransport;
  readonly #rest: RestTransport;
  readonly #storage: OutboxStorage;
  readonly #hooks: OutboxHooks;
  readonly #waiting: Map<string, Waiting> = new Map();
  readonly #busy: Set<RoomKey> = new Set();
  #userId: string | null = null;
  #nextOrder = 1;
  #pausedUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #tabs: Tabs;
  /** Writes to the storage, one after the other: a removal never overtakes what it removes. */
  #written: Promise<void> = Promise.resolve();
  /** What belongs in the storage, until the server has it or the user drops it; true when it is there. */
  readonly #kept: Map<string, boolean> = new Map();

  constructor(
    store: Store, socket: SocketTransport, rest: RestTransport, storage: OutboxStorage, hooks: OutboxHooks,
    locks?: LockManager,
  ) {
    this.#tabs = new Tabs((tab) => this.#adopt(tab), locks);
    this.#store = store;
    this.#socket = socket;
    this.#rest = rest;
    this.#storage = storage;
    this.#hooks = hooks;
  }

  /** Brings back what an earlier page of this user left behind, once that page has ended. */
  async open(userId: string): Promise<void> {
    if (this.#userId === userId) return;
    this.#userId = userId;
    // Written before it was known by whom.
    for (const entry of this.#entries().values()) this.#put(entry);
    const found = await this.#storage.load(userId).catch(() => []);
    if (this.#userId !== userId) return;
    for (const owner of new Set(found.map((entry) => entry.owner ?? ''))) {
      if (owner === this.#tabs.id) await this.#adopt(owner);
      else this.#tabs.watch(owner);
    }
  }

  async #adopt(owner: string): Promise<void> {
    const userId = this.#userId;
    if (userId === null) return;
    const found = await this.#storage.load(userId).catch(() => []);
    if (this.#userId !== userId) return;
    for (const entry of found.sort((a, b) => a.order - b.order)) {
      if ((entry.owner ?? '') !== owner || this.#entries().has(entry.clientMessageId)) continue;
      const order = Math.max(this.#nextOrder, entry.order);
      this.#nextOrder = order + 1;
      this.#put({ ...entry, order, owner: this.#tabs.id, state: entry.state === 'failed' ? 'failed' : 'queued' });
    }
    await this.#written;
    this.pump();
  }

  send(
    room: RoomKey, content: string, attachments: readonly AttachmentInput[], replyTo: string | null,
  ): Promise<ChatMessage> {
    const refusal = this.#refusalOf(content, attachments);
    if (refusal !== null) return Promise.reject(refusal);
    const entry: OutboxEntry = {
      clientMessageId: newId(),
      room,
      content,
      attachments: attachments.map(({ fileUrl, fileName }) => ({ fileUrl, fileName })),
      replyTo,
      createdAt: new Date(serverNow()).toISOString(),
      order: this.#nextOrder++,
      tries: 0,
      state: 'queued',
      error: null,
      owner: this.#tabs.id,
    };
    const waiting = newWaiting();
    this.#waiting.set(entry.clientMessageId, waiting);
    this.#put(entry);
    this.pump();
    return waiting.promise;
  }

  retry(clientMessageId: string): void {
    const entry = this.#entries().get(clientMessageId);
    if (entry?.state !== 'failed') return;
    this.#put({ ...entry, state: 'queued', tries: 0, error: null, createdAt: new Date(serverNow()).toISOString() });
    this.pump();
  }

  discard(clientMessageId: string): void {
    const entry = this.#entries().get(clientMessageId);
    if (entry === undefined) return;
    this.#remove([clientMessageId]);
    this.#settle(clientMessageId, new ChatError('DISCARDED'));
  }

  /** Messages seen in a chat: those of ours among them need not be sent any more. */
  confirm(messages: readonly ChatMessage[]): void {
    const done: string[] = [];
    for (const message of messages) {
      const id = message.clientMessageId;
      if (id === null) continue;
      if (this.#waiting.has(id)) this.#settle(id, message);
      done.push(id);
    }
    if (done.length > 0) this.#erase(done);
  }

  /** Starts whatever may start now. Called on every change that could allow it. */
  pump(): void {
    if (this.#hooks.path() === null || this.#paused()) return;
    const now = serverNow();
    const next: Map<RoomKey, OutboxEntry> = new Map();
    for (const entry of this.#entries().values()) {
      if (entry.state !== 'queued') continue;
      if (now - Date.parse(entry.createdAt) > OUTBOX_AGE_MAX_MS) {
        this.#fail(entry, new ChatError('EXPIRED_UNSENT'));
        continue;
      }
      const first = next.get(entry.room);
      if (first === undefined || entry.order < first.order) next.set(entry.room, entry);
    }
    for (const [room, entry] of next) if (!this.#busy.has(room)) void this.#deliver(entry);
  }

  /** Nothing is sent from here for a while: whoever can may take over. */
  standBy(): Promise<void> {
    return this.#write(async () => this.#tabs.release());
  }

  /** Sends again; what another tab, or another client in this page, took over meanwhile is its business now. */
  async resume(): Promise<void> {
    const userId = this.#userId;
    if (userId === null || this.#entries().size === 0) return;
    await this.#write(() => this.#tabs.hold());
    const stored = new Map(this.#kept);
    const found = await this.#storage.load(userId).catch(() => null);
    if (found === null || this.#userId !== userId) return;
    const owners = new Map(found.map(({ clientMessageId, owner }) => [clientMessageId, owner]));
    for (const id of this.#entries().keys()) {
      const taken = owners.has(id) ? owners.get(id) !== this.#tabs.id : stored.get(id);
      if (taken) {
        this.#kept.delete(id);
        this.#store.dispatch({ type: 'outbox/remove', clientMessageId: id });
      }
    }
    this.pump();
  }

  /** Another user: nothing of the earlier one is shown or sent; it stays in storage, when this resolves, for his return. */
  forgetUser(): Promise<void> {
    this.#userId = null;
    for (const id of this.#waiting.keys()) this.#settle(id, new ChatError('DISCARDED'));
    return this.standBy();
  }

  async #deliver(entry: OutboxEntry): Promise<void> {
    const { room, clientMessageId } = entry;
    this.#busy.add(room);
    const sending: OutboxEntry = { ...entry, state: 'sending', tries: entry.tries + 1, error: null };
    this.#put(sending);
    try {
      const message = await this.#transmit(sending);
      this.#hooks.stored(message);
    } catch (cause) {
      // A broadcast may have confirmed it while the ack was lost; then there is nothing to repair.
      if (this.#entries().has(clientMessageId)) this.#undelivered(sending, toChatError(cause));
    } finally {
      this.#busy.delete(room);
    }
    this.pump();
    this.#calm();
  }

  async #transmit(entry: OutboxEntry): Promise<ChatMessage> {
    const message: NewMessage = {
      content: entry.content,
      clientMessageId: entry.clientMessageId,
      ...(entry.attachments.length === 0 ? {} : { attachments: entry.attachments }),
      ...(entry.replyTo === null ? {} : { replyTo: entry.replyTo }),
    };
    if (this.#hooks.path() === 'rest') return this.#rest.send(entry.room, message, this.#userId);
    const kind = roomKind(entry.room);
    const payload = { ...roomRef(entry.room), ...message };
    const answer = await this.#socket.request(ROOM_EVENTS[kind].message, payload, REQUEST_TIMEOUT_MS);
    const stored = parseMessage(kind, answer['message']);
    if (stored === null) throw new ChatError('INTERNAL', 'the answer carries no message');
    return stored;
  }

  #undelivered(entry: OutboxEntry, error: ChatError): void {
    if (isTokenError(error.code)) this.#hooks.tokenRejected(error);
    const hopeless = error.code === 'INTERNAL' && entry.tries >= OUTBOX_INTERNAL_TRIES_MAX;
    if (hopeless || !(isRetriable(error.code) || isTokenError(error.code))) {
      this.#fail(entry, error);
      return;
    }
    this.#put({ ...entry, state: 'queued' });
    if (error.code === 'DISCONNECTED') return;
    this.#pause(error.retryAfterMs ?? OUTBOX_RETRY_MS);
    if (error.code === 'RATE_LIMITED') this.#store.dispatch({ type: 'paused', until: this.#pausedUntil });
  }

  #fail(entry: OutboxEntry, error: ChatError): void {
    this.#put({ ...entry, state: 'failed', error: { code: error.code, message: error.message } });
    this.#settle(entry.clientMessageId, error);
  }

  #refusalOf(content: string, attachments: readonly AttachmentInput[]): ChatError | null {
    if (content.trim() === '' && attachments.length === 0) return new ChatError('INVALID_PAYLOAD', 'empty message');
    if ([...content].length > CONTENT_CHARS_MAX) return new ChatError('PAYLOAD_TOO_LARGE');
    if (attachments.length > ATTACHMENTS_MAX) return new ChatError('INVALID_PAYLOAD', 'too many attachments');
    return this.#entries().size >= OUTBOX_ENTRIES_MAX ? new ChatError('UNAVAILABLE', 'too many unsent messages') : null;
  }

  #entries(): ReadonlyMap<string, OutboxEntry> {
    return this.#store.getState().outbox;
  }

  #put(entry: OutboxEntry): void {
    this.#store.dispatch({ type: 'outbox/put', entry });
    const userId = this.#userId;
    if (userId === null) return;
    const id = entry.clientMessageId;
    this.#kept.set(id, this.#kept.get(id) ?? false);
    void this.#write(async () => {
      await this.#tabs.hold();
      // Stored by the server meanwhile: there is nothing to bring back any more.
      if (!this.#kept.has(id)) return;
      await this.#storage.put(userId, entry);
      if (this.#kept.has(id)) this.#kept.set(id, true);
    });
  }

  #remove(ids: readonly string[]): void {
    for (const clientMessageId of ids) this.#store.dispatch({ type: 'outbox/remove', clientMessageId });
    this.#erase(ids);
  }

  #erase(ids: readonly string[]): void {
    for (const id of ids) this.#kept.delete(id);
    const userId = this.#userId;
    if (userId === null) return;
    void this.#write(async () => {
      await this.#storage.remove(userId, ids);
      if (this.#entries().size === 0) this.#tabs.release();
    });
  }

  #write(run: () => Promise<void>): Promise<void> {
    return (this.#written = this.#written.then(run).catch(() => {}));
  }

  #settle(clientMessageId: string, outcome: ChatMessage | ChatError): void {
    const waiting = this.#waiting.get(clientMessageId);
    if (waiting === undefined) return;
    this.#waiting.delete(clientMessageId);
    if (outcome instanceof ChatError) waiting.reject(outcome);
    else waiting.resolve(outcome);
  }

  #paused(): boolean {
    return Date.now() < this.#pausedUntil;
  }

  /** "Slower" is said until all of it is sent: between two refusals it would come and go twice a second. */
  #calm(): void {
    if (this.#store.getState().pausedUntil === 0 || this.#paused()) return;
    const waits = [...this.#entries().values()].some(({ state }) => state !== 'failed');
    if (!waits || this.#hooks.path() === null) this.#store.dispatch({ type: 'paused', until: 0 });
  }

  #pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + ms);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.pump();
      this.#calm();
    }, this.#pausedUntil - Date.now() + 1);
  }
}

function newWaiting(): Waiting {
  let resolve!: Waiting['resolve'];
  let reject!: Waiting['reject'];
  const promise = new Promise<ChatMessage>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
