/**
 * A small server that speaks the Rozmova contract on the reference Socket.IO server, in memory. The client is
 * tested against it, so a difference in the C++ server shows as a difference. It can be stopped and started again
 * on its port with its data, and told to misbehave.
 */
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { rest } from './contract-rest';
import { attachmentOf } from './contract-routes';

export type Raw = Record<string, any>;
export type Kind = 'order' | 'dispute';

export interface User { id: string; name: string; role: string; locale?: string }
export interface Chat {
  id: string;
  kind: Kind;
  title: string;
  number: number;
  status: string;
  clientId: string;
  performerId: string;
  moderatorId: string | null;
  amount: number | null;
  currency: string;
  createdAt: string;
  updatedAt: string;
  deadlineAt: string | null;
  messages: Raw[];
  reads: Map<string, number>;
  changes: number;
  /** Of a dispute. */
  orderId?: string;
  reason?: string;
  openedBy?: string;
}

export const HISTORY = 50;
const CATCH_UP = 200;

export class Refusal extends Error {
  constructor(readonly code: string, message = code, readonly retryAfterMs?: number) {
    super(message);
  }
}

export class ContractServer {
  readonly users: Map<string, User> = new Map();
  readonly chats: Map<string, Chat> = new Map();
  /** Everything that clients sent, in order: what a test looks at. */
  readonly received: { userId: string; event: string; payload: Raw }[] = [];
  /** Set by a test: throw a Refusal to refuse, return 'drop' to store but never answer. */
  intercept: ((event: string, payload: Raw, userId: string) => 'drop' | void) | null = null;
  rejectTokens: Set<string> = new Set();
  private readonly issued: Set<string> = new Set();
  webRoot: string | null = null;
  restRequests = 0;
  allowSockets = true;
  connections = 0;
  /** Uploaded files: id → what they are. */
  readonly files: Map<string, { type: string; name: string; bytes: Buffer }> = new Map();
  readonly notifications: Map<string, Raw[]> = new Map();
  readonly notes: Map<string, Raw[]> = new Map();
  readonly firstTransports: string[] = [];

  private http: HttpServer | null = null;
  io: Server | null = null;
  private port = 0;
  private readonly typingTimers: Map<string, ReturnType<typeof setTimeout>> = new Map();

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get apiBase(): string {
    return `${this.url}/v1`;
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => void rest(this, request, response));
    this.http = http;
    this.io = new Server(http, {
      cors: { origin: true },
      pingInterval: 5_000,
      pingTimeout: 5_000,
      allowRequest: (_request, decide) => decide(null, this.allowSockets),
    });
    this.io.use((socket, next) => {
      const user = this.userOf(String(socket.handshake.auth['token'] ?? ''));
      if (user instanceof Refusal) {
        const error: Error & { data?: unknown } = new Error(user.message);
        error.data = { code: user.code };
        next(error);
        return;
      }
      socket.data['user'] = user;
      next();
    });
    this.io.on('connection', (socket) => this.connected(socket));
    await new Promise<void>((done) => http.listen(this.port, '127.0.0.1', done));
    const address = http.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  /** Cuts everything at once, as a crash would. */
  async stop(): Promise<void> {
    const { http, io } = this;
    this.http = null;
    this.io = null;
    for (const timer of this.typingTimers.values()) clearTimeout(timer);
    this.typingTimers.clear();
    if (io === null || http === null) return;
    io.disconnectSockets(true);
    http.closeAllConnections();
    await new Promise<void>((done) => io.close(() => done()));
  }

  /** Breaks the connection of every client without any good-bye. */
  cutConnections(): void {
    for (const client of Object.values((this.io!.engine as any).clients) as any[]) client.close(true);
  }

  addUser(name: string, role: string, locale?: string): User {
    const user: User = { id: randomUUID(), name, role, ...(locale === undefined ? {} : { locale }) };
    this.users.set(user.id, user);
    return user;
  }

  addChat(kind: Kind, client: User, performer: User, extra: Partial<Chat> = {}): Chat {
    const now = new Date().toISOString();
    const chat: Chat = {
      id: randomUUID(), kind, title: 'Логотип для кав’ярні', number: 1000 + this.chats.size + 1,
      status: kind === 'order' ? 'in_progress' : 'open', clientId: client.id, performerId: performer.id,
      moderatorId: null, amount: 4500, currency: 'UAH', createdAt: now, updatedAt: now, deadlineAt: null,
      messages: [], reads: new Map(), changes: 0, ...extra,
    };
    this.chats.set(chat.id, chat);
    return chat;
  }

  /** Not signed: the client never checks, and this server remembers what it gave. */
  tokenOf(user: User): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: user.id, name: user.name, role: user.role, exp: Math.floor(Date.now() / 1000) + 3600 };
    const token = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.${randomUUID()}`;
    this.issued.add(token);
    return token;
  }

  /** Every token that this user was given is good no more. */
  revoke(userId: string): void {
    for (const token of this.issued) {
      const user = this.userOf(token);
      if (!(user instanceof Refusal) && user.id === userId) this.rejectTokens.add(token);
    }
    this.cut(userId);
  }

  /** All of his connections end; his token is as good as before. */
  cut(userId: string): void {
    this.io?.in(`user:${userId}`).disconnectSockets(true);
  }

  /** Stores and broadcasts, as if the user had sent it from elsewhere. */
  say(chat: Chat, user: User, content: string, extra: Raw = {}): Raw {
    return this.append(chat, user, { content, ...extra });
  }
  /** Stores without telling anybody: what a broken bus would do. */
  sayUnheard(chat: Chat, user: User, content: string, extra: Raw = {}): Raw {
    return this.append(chat, user, { content, ...extra }, false);
  }
  emitTo(chat: Chat, event: string, payload: Raw): void {
    this.io?.to(chat.id).emit(event, payload);
  }
  emitAll(event: string, payload: Raw): void {
    this.io?.emit(event, payload);
  }

  userOf(token: string): User | Refusal {
    const bare = token.replace(/^Bearer /, '');
    if (bare === '') return new Refusal('UNAUTHORIZED', 'a token is required');
    if (!this.issued.has(bare)) return new Refusal('UNAUTHORIZED', 'the signature is wrong');
    if (this.rejectTokens.has(bare)) return new Refusal('TOKEN_EXPIRED', 'the token has expired');
    try {
      const claims = JSON.parse(Buffer.from(bare.split('.')[1]!, 'base64url').toString());
      return this.users.get(claims.sub) ?? new Refusal('UNAUTHORIZED', 'unknown user');
    } catch {
      return new Refusal('UNAUTHORIZED', 'not a token');
    }
  }

  chatOf(kind: Kind, id: unknown, user: User): Chat {
    const chat = this.chats.get(String(id));
    if (chat === undefined || chat.kind !== kind) throw new Refusal('NOT_FOUND');
    const members = [chat.clientId, chat.performerId, chat.moderatorId];
    if (user.role === 'moderator' && kind === 'dispute') return chat;
    if (user.role !== 'admin' && !members.includes(user.id)) throw new Refusal('FORBIDDEN');
    return chat;
  }

  private connected(socket: Socket): void {
    const user: User = socket.data['user'];
    this.connections++;
    this.firstTransports.push(socket.conn.transport.name);
    void socket.join(`user:${user.id}`);
    this.tellPresence(user.id);
    socket.on('disconnect', () => this.tellPresence(user.id));
    socket.onAny((event: string, payload: Raw, ack?: (answer: Raw) => void) => {
      this.received.push({ userId: user.id, event, payload });
      try {
        if (this.rejectTokens.has(String(socket.handshake.auth['token']))) throw new Refusal('TOKEN_EXPIRED');
        const verdict = this.intercept?.(event, payload, user.id);
        const answer = this.handle(socket, user, event, payload ?? {});
        if (verdict !== 'drop') ack?.({ ok: true, ...answer });
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal('INTERNAL', String(error));
        const { code, message, retryAfterMs } = refusal;
        ack?.({ ok: false, error: { code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } });
        if (ack === undefined) socket.emit('chat_error', { event, code, message });
      }
    });
  }

  private handle(socket: Socket, user: User, event: string, payload: Raw): Raw {
    if (event === 'auth_refresh') {
      const renewed = this.userOf(String(payload['token']));
      if (renewed instanceof Refusal) throw renewed;
      socket.handshake.auth['token'] = payload['token'];
      return { expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
    }
    const kind: Kind = event.includes('dispute') ? 'dispute' : 'order';
    const chat = this.chatOf(kind, payload[`${kind}Id`], user);
    switch (event.replace(kind, '*')) {
      case 'join_*_chat':
        void socket.join(chat.id);
        return this.snapshot(chat, user, payload['afterSeq'], payload['afterChangeSeq']);
      case 'leave_*_chat':
        void socket.leave(chat.id);
        this.tellPresence(user.id);
        return {};
      case '*_message':
        if (typeof payload['content'] !== 'string') throw new Refusal('INVALID_PAYLOAD');
        return { message: this.append(chat, user, payload) };
      case '*_message_edit':
        return { message: this.change(chat, user, payload, { content: payload['content'], editedAt: now() }) };
      case '*_message_delete':
        return { message: this.change(chat, user, payload, { content: '', attachments: [], deletedAt: now() }) };
      case '*_status':
        return this.setStatus(chat, user, payload);
      case '*_typing':
        this.tellTyping(socket, chat, user, payload['isTyping'] === true);
        return {};
      case '*_read':
        this.markRead(chat, user, Number(payload['seq']));
        return {};
      default:
        throw new Refusal('INVALID_PAYLOAD', `unknown event ${event}`);
    }
  }

  private snapshot(chat: Chat, user: User, afterSeq: unknown, afterChangeSeq: unknown): Raw {
    const all = chat.messages;
    const lastSeq = all.length;
    const from = typeof afterSeq === 'number' ? afterSeq : Math.max(0, lastSeq - HISTORY);
    const messages = typeof afterSeq === 'number' ? all.slice(from, from + CATCH_UP) : all.slice(from);
    const members: [string, string][] = [[chat.clientId, 'client'], [chat.performerId, 'performer']];
    if (chat.moderatorId !== null) members.push([chat.moderatorId, 'moderator']);
    return {
      [`${chat.kind}Id`]: chat.id, status: chat.status, role: user.role, lastSeq,
      lastReadSeq: chat.reads.get(user.id) ?? 0,
      participants: members.map(([userId, role]) => ({
        userId, role, name: this.users.get(userId)!.name, isOnline: this.isOnline(userId), lastSeenAt: null,
      })),
      reads: Object.fromEntries(chat.reads),
      messages,
      hasMore: typeof afterSeq === 'number' ? from + messages.length < lastSeq : from > 0,
      gap: typeof afterSeq === 'number' && afterSeq > lastSeq,
      changes: typeof afterSeq === 'number' ? changesOf(chat, Number(afterChangeSeq ?? 0)).filter((one) => one['seq'] <= afterSeq) : [],
      hasMoreChanges: false,
      lastChangeSeq: chat.changes,
    };
  }

  append(chat: Chat, user: User, payload: Raw, broadcast = true): Raw {
    const clientMessageId = payload['clientMessageId'] ?? null;
    const known = chat.messages.find(
      (one) => clientMessageId !== null && one['clientMessageId'] === clientMessageId && one['senderId'] === user.id,
    );
    if (known !== undefined) return known;
    const at = now();
    const message: Raw = {
      id: randomUUID(), [`${chat.kind}Id`]: chat.id, seq: chat.messages.length + 1, senderId: user.id,
      receiverId: null, content: payload['content'], type: payload['type'] ?? 'text', fileUrl: null, fileName: null,
      attachments: (payload['attachments'] ?? []).map((one: Raw) => attachmentOf(this, one)), replyTo: payload['replyTo'] ?? null, clientMessageId,
      readAt: null, editedAt: null, deletedAt: null, createdAt: payload['createdAt'] ?? at,
      ...(payload['statusChange'] === undefined ? {} : { statusChange: payload['statusChange'] }),
    };
    chat.messages.push(message);
    chat.updatedAt = at;
    if (broadcast) this.io?.to(chat.id).emit(`${chat.kind}_message`, message);
    return message;
  }

  change(chat: Chat, user: User, payload: Raw, next: Raw): Raw {
    const message = chat.messages.find((one) => one['id'] === payload['messageId']);
    if (message === undefined) throw new Refusal('NOT_FOUND');
    if (message['senderId'] !== user.id) throw new Refusal('FORBIDDEN', 'only its author changes a message');
    Object.assign(message, next, { changeSeq: ++chat.changes });
    const what = message['deletedAt'] === null ? 'edited' : 'deleted';
    this.io?.to(chat.id).emit(`${chat.kind}_message_${what}`, message);
    return message;
  }

  /** Without the tables of who may do what: the server has those. */
  setStatus(chat: Chat, user: User, { status, note = null, orderStatus = null }: Raw): Raw {
    const previousStatus = chat.status;
    chat.status = status;
    const statusChange = {
      status, previousStatus, changedBy: user.id, note, ...(chat.kind === 'order' ? { disputeId: null } : { orderStatus }),
    };
    const message = this.append(chat, user, { content: `Now ${status}`, type: 'system', statusChange });
    const update = {
      [`${chat.kind}Id`]: chat.id, status, previousStatus, changedBy: user.id, changedAt: message['createdAt'], seq: message['seq'],
    };
    for (const id of this.membersOf(chat)) this.io?.to(`user:${id}`).emit(`${chat.kind}_status_update`, update);
    const order = chat.orderId === undefined ? undefined : this.chats.get(chat.orderId);
    if (order !== undefined && orderStatus !== null) this.setStatus(order, user, { status: orderStatus });
    return update;
  }

  openDispute(order: Chat, user: User, reason: string): Chat {
    const [client, performer] = [this.users.get(order.clientId)!, this.users.get(order.performerId)!];
    const dispute = this.addChat('dispute', client, performer, { title: order.title, orderId: order.id, reason, openedBy: user.id });
    const statusChange = { status: 'open', previousStatus: null, changedBy: user.id, note: reason, orderStatus: null };
    this.append(dispute, user, { content: `Dispute: ${reason}`, type: 'system', statusChange });
    this.setStatus(order, user, { status: 'disputed' });
    return dispute;
  }

  notify(user: User, content: string, data: Raw = {}, type = 'order_message'): Raw {
    const notification = { id: randomUUID(), type, content, data, createdAt: now(), readAt: null };
    this.notifications.set(user.id, [notification, ...(this.notifications.get(user.id) ?? [])]);
    this.io?.to(`user:${user.id}`).emit('notification', notification);
    return notification;
  }

  membersOf(chat: Chat): string[] {
    return [chat.clientId, chat.performerId, chat.moderatorId].filter((id) => id !== null);
  }

  markRead(chat: Chat, user: User, seq: number): void {
    if (!(seq > (chat.reads.get(user.id) ?? 0))) return;
    chat.reads.set(user.id, seq);
    const readAt = new Date().toISOString();
    for (const one of chat.messages) if (one['seq'] <= seq && one['senderId'] !== user.id) one['readAt'] ??= readAt;
    this.io?.to(chat.id).emit(`${chat.kind}_read`, { [`${chat.kind}Id`]: chat.id, userId: user.id, seq, readAt });
  }

  private tellTyping(socket: Socket, chat: Chat, user: User, isTyping: boolean): void {
    const payload = { [`${chat.kind}Id`]: chat.id, userId: user.id, isTyping };
    const key = `${chat.id}/${user.id}`;
    clearTimeout(this.typingTimers.get(key));
    this.typingTimers.delete(key);
    const others = (): any => this.io?.to(chat.id).except(`user:${user.id}`);
    others()?.emit(`${chat.kind}_typing`, payload);
    if (!isTyping) return;
    this.typingTimers.set(key, setTimeout(() => {
      others()?.emit(`${chat.kind}_typing`, { ...payload, isTyping: false });
    }, 6_000));
    socket.once('disconnect', () => others()?.emit(`${chat.kind}_typing`, { ...payload, isTyping: false }));
  }

  private isOnline(userId: string): boolean {
    return (this.io?.of('/').adapter.rooms.get(`user:${userId}`)?.size ?? 0) > 0;
  }
  private tellPresence(userId: string): void {
    const payload = { userId, isOnline: this.isOnline(userId), lastSeenAt: new Date().toISOString() };
    for (const chat of this.chats.values()) {
      if ([chat.clientId, chat.performerId, chat.moderatorId].includes(userId)) {
        this.io?.to(chat.id).except(`user:${userId}`).emit('user_presence', payload);
      }
    }
  }
}

export const changesOf = (chat: Chat, after: number): Raw[] =>
  chat.messages.filter((one) => (one['changeSeq'] ?? 0) > after).sort((a, b) => a['changeSeq'] - b['changeSeq']);
export const now = (): string => new Date().toISOString();
