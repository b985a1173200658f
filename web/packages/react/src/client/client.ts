/**
 * ChatClient: everything of a chat that is not React. One per signed-in user; components share it. It joins the
 * parts (link, rooms, outbox, typing, poller) and turns their news into store actions and events.
 * Nothing touches the network or the window before the first retain() or connect().
 */
import { toChatError } from '../protocol/errors';
import type { ChatError } from '../protocol/errors';
import { ROOM_EVENTS, roomKind, roomRef } from '../protocol/events';
import type {
  AssignmentEvent, Attachment, AttachmentInput, ChatMessage, NotificationEvent, PresenceEvent, ReceiptEvent, RoomKey, StatusEvent, TypingEvent,
} from '../protocol/types';
import { findById, hasOlder } from '../store/messages';
import { selectFailed, selectRoom } from '../store/selectors';
import type { ChatState } from '../store/state';
import { Store } from '../store/store';
import { RestTransport } from '../transport/rest';
import type { HistoryPage, Method } from '../transport/rest';
import { SocketTransport } from '../transport/socket';
import type { Wire } from '../transport/socket';
import { DebugLog } from './debug';
import { Deeds } from './deeds';
import { Emitter } from './emitter';
import { Files } from './files';
import { readClaims } from './ids';
import { Inbound } from './inbound';
import {
  CONNECT_TIMEOUT_MS, HISTORY_PAGE_MESSAGES, RELEASE_GRACE_MS, REQUEST_TIMEOUT_MS, SEEK_PAGES_MAX,
} from './limits';
import { Link } from './link';
import { Outbox } from './outbox';
import { defaultOutboxStorage } from './outbox-storage';
import type { OutboxStorage } from './outbox-storage';
import { Poller } from './poller';
import { ReadMarks } from './read-marks';
import { RoomCache } from './room-cache';
import { Rooms } from './rooms';
import { Typing } from './typing';
import type { UploadOptions } from './uploads';

/** A JWT, or a function that gives one; `refresh` asks for a new one because the last was refused or ends soon. */
export type TokenProvider = string | ((reason: { refresh: boolean }) => string | Promise<string>);

export interface ChatClientOptions {
  token?: TokenProvider;
  /** Origin of the socket server; default: that of `apiBase`, else the page's own. */
  url?: string;
  /** Base of the REST API, with its version; default: `/v1` of the same origin. */
  apiBase?: string;
  path?: string;
  transports?: readonly Wire[];
  debug?: boolean;
  outboxStorage?: OutboxStorage;
  /** Default: `navigator.locks`, by which the tabs of a browser agree on who sends what. */
  locks?: LockManager;
  /** Keeps the last messages of each chat in this browser, to open at once and to read offline. Default: true. */
  cache?: boolean;
}

export interface ChatEvents {
  /** A message new to this client, once each, in `seq` order per room. */
  message: ChatMessage;
  /** A message that was edited or deleted. */
  changed: ChatMessage;
  typing: TypingEvent & { room: RoomKey };
  status: StatusEvent & { room: RoomKey };
  receipt: ReceiptEvent & { room: RoomKey };
  presence: PresenceEvent;
  notification: NotificationEvent;
  assignment: AssignmentEvent;
  error: ChatError;
}

export interface SendOptions { attachments?: readonly AttachmentInput[]; replyTo?: string }

export class ChatClient {
  readonly store: Store = new Store();
  readonly #emitter: Emitter<ChatEvents> = new Emitter();
  readonly #log: DebugLog = new DebugLog();
  readonly #socket: SocketTransport;
  readonly #rest: RestTransport;
  readonly #link: Link;
  readonly #rooms: Rooms;
  readonly #outbox: Outbox;
  readonly #typing: Typing;
  readonly #poller: Poller;
  readonly #inbound: Inbound;
  readonly #deeds: Deeds;
  readonly #readMarks: ReadMarks;
  readonly #cache: RoomCache;
  readonly #files: Files;
  #tokenProvider: TokenProvider;
  #lastToken: string | null = null;
  /** One question at a time, whoever needs the answer. */
  #asking: { refresh: boolean; answer: Promise<string> } | null = null;
  #users = 0;
  #refreshing = false;
  #releaseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ChatClientOptions = {}) {
    this.#tokenProvider = options.token ?? '';
    this.#log.enabled = options.debug ?? false;
    const apiBase = options.apiBase ?? `${options.url ?? ''}/v1`;
    const wire = {
      url: options.url ?? originOf(apiBase),
      path: options.path ?? '/socket.io/',
      transports: options.transports ?? (['polling', 'websocket'] as const),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    };
    this.#socket = new SocketTransport(wire, {
      connected: (name) => this.#link.onConnected(name),
      upgraded: (name) => this.#link.onUpgraded(name),
      disconnected: () => this.#link.onDisconnected(),
      failed: (...what) => this.#link.onFailed(...what),
      event: (name, payload) => this.#inbound.event(name, payload),
      trace: (direction, name, payload) => this.#log.trace(direction, name, payload),
    });
    const userOf = (token: string): string | null => readClaims(token)?.id ?? null;
    this.#rest = new RestTransport(apiBase, ({ refresh }) => this.#token(refresh), userOf, REQUEST_TIMEOUT_MS);
    this.#link = new Link(this.#socket, {
      token: (refresh) => this.#token(refresh),
      canRefresh: () => typeof this.#tokenProvider === 'function',
      status: (link) => this.store.dispatch({ type: 'link', link }),
      error: (error) => this.#report(error),
      live: () => this.#onLive(),
      down: () => this.#onDown(),
      fallback: () => this.#poller.start(),
    });
    const tokenRejected = (error: ChatError): void => this.#onTokenRejected(error);
    this.#rooms = new Rooms(this.store, this.#socket, {
      isLive: () => this.#link.isLive,
      announce: (message) => this.#emitter.emit('message', message),
      error: (error) => this.#report(error),
      tokenRejected,
    });
    this.#outbox = new Outbox(this.store, this.#socket, this.#rest, options.outboxStorage ?? defaultOutboxStorage(), {
      path: () => this.#sendPath(),
      stored: (message) => this.#receive(message.room, [message]),
      tokenRejected,
    }, options.locks);
    this.#typing = new Typing(this.store, this.#socket);
    this.#poller = new Poller(this.store, this.#rest, {
      rooms: () => this.#rooms.wanted,
      received: (room, messages) => this.#receive(room, messages),
      firstPage: (room, page) => this.#firstPage(room, page),
      status: (room, status) => {
        const previousStatus = selectRoom(this.state, room).status;
        this.#inbound.event(ROOM_EVENTS[roomKind(room)].statusUpdate, { ...roomRef(room), status, previousStatus });
      },
      answered: (reachable) => this.#onPollAnswered(reachable),
      tokenRejected,
    });
    this.#inbound = new Inbound(this.store, this.#emitter, {
      received: (room, messages) => this.#receive(room, messages),
      typing: (room, userId, isTyping) => this.#typing.heard(room, userId, isTyping),
      settle: (room) => this.#rooms.settle(room),
      rejoin: (room) => this.#rooms.retry(room),
      error: (error) => this.#report(error),
      tokenRejected,
      tokenExpiring: () => {
        if (typeof this.#tokenProvider === 'function') void this.#refreshLiveToken(true);
      },
      draining: (retryAfterMs) => this.#link.draining(retryAfterMs),
    });
    this.#deeds = new Deeds(this.store, this.#socket, this.#rest, { path: () => this.#sendPath(), tokenRejected });
    this.#readMarks = new ReadMarks(this.store, this.#socket, this.#rest, () => this.#sendPath());
    this.#cache = new RoomCache(this.store, options.cache ?? true);
    this.#files = new Files((url) => this.#rest.file(url));
  }

  get state(): ChatState {
    return this.store.getState();
  }

  // --- connection -------------------------------------------------------------------------------------------

  /** Wants the connection for as long as the returned function is not called. Shared and counted. */
  retain(): () => void {
    this.#users++;
    clearTimeout(this.#releaseTimer);
    if (this.#users === 1 && this.state.link.kind === 'idle') this.connect();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      if (--this.#users > 0) return;
      this.#releaseTimer = setTimeout(() => this.#shut(false), RELEASE_GRACE_MS);
    };
  }

  connect(): void {
    void this.#outbox.resume();
    this.#link.start();
  }
  /** Stays closed, whoever retains it, until connect(). */
  disconnect(): void {
    this.#shut(true);
  }
  retryNow(): void {
    this.#link.retryNow();
  }

  setToken(token: TokenProvider): void {
    if (token === this.#tokenProvider) return;
    this.#tokenProvider = token;
    this.#lastToken = this.#asking = null;
    this.#link.tokenChanged();
    if (this.#link.isLive) void this.#refreshLiveToken(false);
  }
  setDebug(enabled: boolean): void {
    this.#log.enabled = enabled;
  }

  on<Name extends keyof ChatEvents>(name: Name, listener: (value: ChatEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  // --- rooms ------------------------------------------------------------------------------------------------

  /** Hears a chat until the returned function is called. `afterSeq`: no history, only what comes after it. */
  joinRoom(room: RoomKey, options: { afterSeq?: number } = {}): () => void {
    if (options.afterSeq === undefined) void this.#cache.load(room);
    return this.#rooms.retain(room, options.afterSeq ?? null);
  }
  retryRoom(room: RoomKey): void {
    this.#rooms.retry(room);
  }
  /** Last message of the room that `message` was emitted for; null before the first snapshot. */
  announcedSeq(room: RoomKey): number | null {
    return this.#rooms.announcedSeq(room);
  }

  async loadOlder(room: RoomKey): Promise<void> {
    const before = selectRoom(this.state, room);
    if (before.older === 'loading' || !hasOlder(before)) return;
    this.store.dispatch({ type: 'older/loading', room });
    try {
      const page = await this.#rest.history(room, { before: before.headSeq, limit: HISTORY_PAGE_MESSAGES });
      this.store.dispatch({ type: 'older/loaded', room, messages: page.messages });
    } catch (cause) {
      this.#report(toChatError(cause));
      this.store.dispatch({ type: 'older/failed', room });
    }
  }
  /** Loads earlier pages until that message is there; false when it cannot be found. */
  async seek(room: RoomKey, messageId: string): Promise<boolean> {
    for (let page = 0; page <= SEEK_PAGES_MAX; page++) {
      const state = selectRoom(this.state, room);
      if (findById(state, messageId) !== null) return true;
      if (!hasOlder(state) || state.older !== 'idle') return false;
      await this.loadOlder(room);
    }
    return false;
  }
  /** Called while the reader is at the bottom: lets go of what is far above. */
  trimRoom(room: RoomKey): void {
    this.store.dispatch({ type: 'room/trim', room });
  }

  // --- messages ---------------------------------------------------------------------------------------------

  /** Resolves when the server has stored it; stays pending while offline; rejects on a final refusal. */
  send(room: RoomKey, content: string, options: SendOptions = {}): Promise<ChatMessage> {
    this.#typing.sent(room);
    return this.#outbox.send(room, content, options.attachments ?? [], options.replyTo ?? null);
  }
  retryMessage(clientMessageId: string): void {
    this.#outbox.retry(clientMessageId);
  }
  discardMessage(clientMessageId: string): void {
    this.#outbox.discard(clientMessageId);
  }
  retryAllFailed(): void {
    for (const { clientMessageId } of selectFailed(this.state)) this.#outbox.retry(clientMessageId);
  }
  discardAllFailed(): void {
    for (const { clientMessageId } of selectFailed(this.state)) this.#outbox.discard(clientMessageId);
  }

  /** Author only, for as long as the server allows. Rejects with ChatError, also when there is no connection. */
  editMessage(room: RoomKey, messageId: string, content: string): Promise<void> {
    return this.#deeds.edit(room, messageId, content);
  }
  deleteMessage(room: RoomKey, messageId: string): Promise<void> {
    return this.#deeds.remove(room, messageId);
  }
  /** Moves an order or a dispute on; `extra` goes along with it (`orderStatus` with a decision, say). */
  setStatus(room: RoomKey, status: string, note = '', extra: object = {}): Promise<void> {
    return this.#deeds.setStatus(room, status, note, extra);
  }

  /** Puts a file where the participants of that chat can read it; the result goes into a message. */
  async upload(room: RoomKey, file: File, options: UploadOptions = {}): Promise<Attachment> {
    const { upload } = await import('./uploads');
    return this.#rest.withToken((token) => upload(this.#rest.base, token, room, file, options));
  }
  /** An address that an image or a link can show; files of this API need the token and become object URLs. */
  openFile(url: string): Promise<string> {
    return this.isOwnFile(url) ? this.#files.open(url) : Promise.resolve(url);
  }
  isOwnFile(url: string): boolean {
    const base = globalThis.window?.location.href ?? 'http://localhost';
    const uploads = new URL(`${this.#rest.base}/uploads/`, base);
    const file = URL.canParse(url, base) ? new URL(url, base) : null;
    return file !== null && file.origin === uploads.origin && file.pathname.startsWith(uploads.pathname);
  }

  loadNotifications(): Promise<void> {
    return this.#deeds.loadNotifications();
  }
  /** All of them without `ids`. */
  readNotifications(ids: readonly string[] | null = null): Promise<void> {
    return this.#deeds.readNotifications(ids);
  }

  /** At signing out: closes, and wipes what this browser keeps of the chats. Unsent messages wait for the user's return. */
  async forget(): Promise<void> {
    this.#shut(true);
    const written = this.#forgetUser();
    this.#lastToken = null;
    await Promise.all([written, this.#cache.forget()]);
  }

  setTyping(room: RoomKey, isTyping: boolean): void {
    this.#typing.set(room, isTyping);
  }

  /** Shown at once, told to the server a moment later, forward only. */
  markRead(room: RoomKey, seq: number): void {
    this.#readMarks.mark(room, seq);
  }

  /** Any other call of the REST API, with the token and the error form of this client. */
  request(method: Method, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return this.#rest.request(method, path, body);
  }

  // --- inside -----------------------------------------------------------------------------------------------

  #shut(byUser: boolean): void {
    this.#poller.stop();
    this.#link.stop(byUser);
    void this.#outbox.standBy();
  }

  #forgetUser(): Promise<void> {
    const written = this.#outbox.forgetUser();
    this.#rooms.forgetAll();
    this.#typing.forgetAll();
    this.#readMarks.forgetAll();
    this.store.dispatch({ type: 'reset' });
    return written;
  }

  async #token(refresh: boolean): Promise<string> {
    if (!refresh && this.#lastToken !== null) return this.#lastToken;
    if (this.#asking === null || (refresh && !this.#asking.refresh)) {
      this.#asking = { refresh, answer: this.#askToken(refresh) };
    }
    return this.#asking.answer;
  }

  async #askToken(refresh: boolean): Promise<string> {
    // The question is known before anybody can answer it.
    await Promise.resolve();
    const [provider, asking] = [this.#tokenProvider, this.#asking];
    const isCurrent = (): boolean => this.#asking === asking;
    try {
      const token = typeof provider === 'function' ? await provider({ refresh }) : provider;
      if (isCurrent()) {
        this.#lastToken = token;
        this.#become(token);
        return token;
      }
    } catch (cause) {
      if (isCurrent()) throw cause;
    } finally {
      if (isCurrent()) this.#asking = null;
    }
    // Another provider has come meanwhile, and perhaps another user: what this one said is out of date.
    return this.#token(false);
  }

  #become(token: string): void {
    const me = readClaims(token);
    if (me === null) return;
    if (this.state.me !== null && this.state.me.id !== me.id) void this.#forgetUser();
    this.store.dispatch({ type: 'me', id: me.id, role: me.role });
    void this.#outbox.open(me.id);
    for (const room of this.#rooms.opened) void this.#cache.load(room);
  }

  #onLive(): void {
    this.#poller.stop();
    this.store.dispatch({ type: 'error', error: null });
    this.#rooms.onLive();
    this.#typing.onLive();
    this.#deeds.loadUnread().catch(() => {});
    this.#outbox.pump();
    this.#readMarks.flush();
  }

  #onDown(): void {
    this.#rooms.onDown();
    this.#typing.onDown();
  }

  #onPollAnswered(reachable: boolean): void {
    this.#link.pollAnswered(reachable);
    if (!reachable) return;
    this.#outbox.pump();
    this.#readMarks.flush();
  }

  #onTokenRejected(error: ChatError): void {
    this.#link.tokenRejected(error.code);
    if (this.#link.isLive) void this.#refreshLiveToken(true);
  }

  /** Gives the running connection a new token, so that it need not end when the old one does. */
  async #refreshLiveToken(refresh: boolean): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const provider = this.#tokenProvider;
    const me = this.state.me?.id;
    try {
      const token = await this.#token(refresh);
      if (me !== undefined && this.state.me?.id !== me) {
        this.#link.stop(false);
        this.#link.start();
        return;
      }
      await this.#socket.request('auth_refresh', { token }, REQUEST_TIMEOUT_MS);
      this.#outbox.pump();
    } catch (cause) {
      this.#report(toChatError(cause));
    } finally {
      this.#refreshing = false;
      if (provider !== this.#tokenProvider && this.#link.isLive) void this.#refreshLiveToken(false);
    }
  }

  #receive(room: RoomKey, messages: readonly ChatMessage[]): void {
    this.#outbox.confirm(messages);
    this.#rooms.receive(room, messages);
  }

  /** Without a socket the newest REST page stands in for the snapshot of a join. */
  #firstPage(room: RoomKey, { messages, lastChangeSeq, status, role }: HistoryPage): void {
    const before = selectRoom(this.state, room);
    const ack = {
      status: status ?? before.status, role: role ?? before.role, lastSeq: messages.at(-1)?.seq ?? 0,
      lastReadSeq: before.lastReadSeq, participants: [], reads: {}, messages, hasMore: false, gap: false,
      changes: [], hasMoreChanges: false, lastChangeSeq,
    };
    this.store.dispatch({ type: 'room/joined', room, ack, asked: null });
    this.#rooms.startNews(room, ack.lastSeq);
  }

  #sendPath(): 'socket' | 'rest' | null {
    return this.#link.isLive ? 'socket' : this.#link.isDegraded ? 'rest' : null;
  }

  #report(error: ChatError): void {
    this.store.dispatch({ type: 'error', error });
    this.#emitter.emit('error', error);
  }
}

function originOf(apiBase: string): string {
  return /^https?:\/\//.test(apiBase) ? new URL(apiBase).origin : '';
}
