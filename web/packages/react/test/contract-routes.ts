/** Routes of the contract server beside the chat itself: files, disputes, notifications, counts, the page. */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Refusal } from './contract-server';
import type { Chat, ContractServer, Kind, Raw, User } from './contract-server';

const now = (): string => new Date().toISOString();

/** Enough of the tables for a page to have buttons. */
export const ORDER_STEPS: Record<string, string[]> = {
  'performer created': ['accepted', 'cancelled'], 'client created': ['cancelled'], 'performer accepted': ['in_progress', 'cancelled'],
  'client accepted': ['cancelled'], 'performer in_progress': ['delivered', 'cancelled'], 'client delivered': ['completed', 'in_progress'],
};
const DISPUTE_STEPS: Record<string, string[]> = {
  open: ['under_review'], under_review: ['resolved', 'rejected'], resolved: ['closed'], rejected: ['closed'],
};

export function extra(server: ContractServer, route: string, path: string, user: User, url: URL, body: Raw): Raw | null {
  const mine = server.notifications.get(user.id) ?? [];
  if (route === 'GET /notifications') return { notifications: mine, nextCursor: null, unread: mine.filter((one) => one['readAt'] === null).length };
  if (route === 'POST /notifications/read') {
    for (const one of mine) if (body['all'] === true || body['ids']?.includes(one['id'])) one['readAt'] ??= now();
    return { read: 1, unread: mine.filter((one) => one['readAt'] === null).length };
  }
  if (route === 'GET /unread') {
    const counted = (kind: Kind): Raw => Object.fromEntries([...server.chats.values()]
      .filter((chat) => chat.kind === kind && server.membersOf(chat).includes(user.id))
      .map((chat): [string, number] => [chat.id, unreadOf(chat, user)]).filter(([, count]) => count > 0));
    const [orders, disputes] = [counted('order'), counted('dispute')];
    const total = [...Object.values(orders), ...Object.values(disputes)].reduce((sum: number, one) => sum + (one as number), 0);
    return { total, orders, disputes, notifications: mine.filter((one) => one['readAt'] === null).length };
  }
  if (route.includes(' /admin/') && user.role !== 'admin') throw new Refusal('FORBIDDEN');
  if (route === 'GET /admin/stats') return statsOf(server);
  if (route === 'GET /admin/connections') return { connections: connectionsOf(server), nextCursor: null };
  if (route.startsWith('DELETE /admin/connections/')) {
    server.io?.in(decodeURIComponent(path.split('/').at(-1)!)).disconnectSockets(true);
    return { disconnected: true };
  }
  const revoked = /^POST \/admin\/users\/([^/]+)\/revoke$/.exec(route)?.[1];
  if (revoked !== undefined) {
    server.revoke(revoked);
    return { userId: revoked };
  }
  if (route === 'GET /disputes') {
    const wanted = url.searchParams.get('status')?.split(',');
    const all = [...server.chats.values()].filter((chat) => chat.kind === 'dispute'
      && (['moderator', 'admin'].includes(user.role) || server.membersOf(chat).includes(user.id))
      && (wanted === undefined || wanted.includes(chat.status)));
    return { disputes: all.map((chat) => disputeView(server, chat, user)), nextCursor: null };
  }
  const match = /^\/(order|dispute)s\/([^/]+)\/(disputes|assign|status|notes)$/.exec(path);
  if (match === null) return null;
  const chat = server.chatOf(match[1] as Kind, match[2], user);
  switch (match[3]) {
    case 'disputes':
      return disputeView(server, server.openDispute(chat, user, body['reason']), user);
    case 'status':
      return server.setStatus(chat, user, body);
    case 'assign': {
      const previousModeratorId = chat.moderatorId;
      chat.moderatorId = body['moderatorId'] === undefined ? user.id : body['moderatorId'];
      const moderator = chat.moderatorId === null ? null : { id: chat.moderatorId, name: server.users.get(chat.moderatorId)!.name };
      server.io?.emit('dispute_assigned', { disputeId: chat.id, moderator, previousModeratorId, changedBy: user.id, changedAt: now(), seq: chat.messages.length });
      return disputeView(server, chat, user);
    }
    default: {
      const notes = server.notes.get(chat.id) ?? [];
      if (route.startsWith('GET')) return { notes, hasMore: false, lastSeq: notes.length };
      const note = { id: randomUUID(), disputeId: chat.id, seq: notes.length + 1, authorId: user.id, authorName: user.name, content: body['content'], clientMessageId: null, createdAt: now() };
      server.notes.set(chat.id, [...notes, note]);
      return { note };
    }
  }
}

function connectionsOf(server: ContractServer): Raw[] {
  return [...(server.io?.of('/').sockets.values() ?? [])].map((socket) => ({
    socketId: socket.id, userId: socket.data['user'].id, role: socket.data['user'].role, transport: socket.conn.transport.name,
    address: socket.handshake.address, connectedAt: new Date(socket.handshake.issued).toISOString(), tokenExpiresAt: null,
    rooms: [...socket.rooms].filter((room) => server.chats.has(room)).map((room) => `${server.chats.get(room)!.kind}:${room}`),
  }));
}
export function statsOf(server: ContractServer): Raw {
  const all = connectionsOf(server);
  const latency = { count: 1, p50: 1, p95: 2, p99: 3 };
  const websocket = all.filter(({ transport }) => transport === 'websocket').length;
  return {
    version: 'contract', connections: { websocket, polling: all.length - websocket }, sockets: all.length, usersOnline: all.length,
    rooms: server.chats.size, events: { in: server.received.length, out: server.received.length },
    messages: { stored: [...server.chats.values()].reduce((sum, { messages }) => sum + messages.length, 0), duplicate: 0 },
    reconnects: 0, slowConsumers: 0, refusals: {}, ackMs: latency, deliveryMs: latency, database: { waiting: 0, commitMsMean: 1 },
  };
}

export function unreadOf(chat: Chat, user: User): number {
  const read = chat.reads.get(user.id) ?? 0;
  return chat.messages.filter((one) => one['seq'] > read && one['senderId'] !== user.id && one['type'] !== 'system').length;
}

export function disputeView(server: ContractServer, chat: Chat, user: User): Raw {
  const order = server.chats.get(chat.orderId ?? '');
  const person = (id: string | null): Raw | null => (id === null ? null : { id, name: server.users.get(id)!.name });
  return {
    id: chat.id, orderId: chat.orderId, order: { id: chat.orderId, number: order?.number, title: chat.title, status: order?.status },
    status: chat.status, reason: chat.reason, openedBy: chat.openedBy, clientId: chat.clientId, performerId: chat.performerId,
    client: person(chat.clientId), performer: person(chat.performerId), moderator: person(chat.moderatorId), outcome: null,
    lastMessage: chat.messages.at(-1) ?? null, lastSeq: chat.messages.length, lastReadSeq: chat.reads.get(user.id) ?? 0,
    unread: unreadOf(chat, user), createdAt: chat.createdAt, updatedAt: chat.updatedAt,
    transitions: DISPUTE_STEPS[user.role === 'moderator' || user.role === 'admin' ? chat.status : ''] ?? [],
  };
}

export function disputeOf(server: ContractServer, order: Chat): Raw | null {
  const found = [...server.chats.values()].findLast((one) => one.orderId === order.id);
  return found === undefined ? null : { id: found.id, status: found.status };
}

export function attachmentOf(server: ContractServer, { fileUrl, fileName, ...rest }: Raw): Raw {
  const file = server.files.get(String(fileUrl).split('/').at(-1)!);
  const size = file === undefined ? null : file.bytes.length;
  const image = file?.type.startsWith('image/') === true ? { width: 640, height: 400 } : { width: null, height: null };
  return { id: randomUUID(), fileUrl, fileName, size, mimeType: file?.type ?? null, ...image, ...rest };
}

export async function upload(server: ContractServer, request: IncomingMessage, url: URL, user: User): Promise<Raw> {
  const kind: Kind = url.searchParams.has('orderId') ? 'order' : 'dispute';
  server.chatOf(kind, url.searchParams.get(`${kind}Id`), user);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  server.intercept?.('upload', { fileName: url.searchParams.get('fileName') }, user.id);
  const id = randomUUID();
  const name = url.searchParams.get('fileName') ?? 'file';
  server.files.set(id, { type: String(request.headers['content-type']), name, bytes: Buffer.concat(chunks) });
  return attachmentOf(server, { fileUrl: `/v1/uploads/${id}`, fileName: name });
}

export function file(server: ContractServer, path: string, response: ServerResponse): void {
  if (server.webRoot === null) return void response.writeHead(404).end();
  let file = join(server.webRoot, normalize(path));
  if (!existsSync(file) || !statSync(file).isFile()) {
    if (extname(path) !== '') return void response.writeHead(404).end();
    file = join(server.webRoot, 'index.html');
  }
  response.writeHead(200, {
    'Content-Type': MIME[extname(file)] ?? 'application/octet-stream',
    'Content-Security-Policy': CSP,
    'X-Content-Type-Options': 'nosniff',
  });
  createReadStream(file).pipe(response);
}

const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
  + "base-uri 'none'; frame-ancestors 'none'";
const MIME: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2', '.json': 'application/json', '.webmanifest': 'application/manifest+json',
};

