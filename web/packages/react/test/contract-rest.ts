/** The REST side of the contract server: routes that every client needs; the rarer ones are in contract-routes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ORDER_STEPS, disputeOf, disputeView, extra, file, statsOf, unreadOf, upload } from './contract-routes';
import { HISTORY, Refusal, changesOf, now } from './contract-server';
import type { Chat, ContractServer, Kind, Raw, User } from './contract-server';

export async function rest(server: ContractServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', server.url);
  if (url.pathname === '/metrics') return void response.writeHead(200, { 'Content-Type': 'text/plain' }).end(metrics(server));
  if (!url.pathname.startsWith('/v1/')) return file(server, url.pathname, response);
  server.restRequests++;
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', '*');
  response.setHeader('Access-Control-Allow-Methods', '*');
  response.setHeader('Access-Control-Expose-Headers', 'Date, Retry-After');
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  try {
    const stored = server.files.get(/^\/v1\/uploads\/(.+)$/.exec(url.pathname)?.[1] ?? '');
    if (stored !== undefined) return void response.writeHead(200, { 'Content-Type': stored.type }).end(stored.bytes);
    if (url.pathname === '/v1/uploads') {
      const user = server.userOf(String(request.headers.authorization ?? ''));
      if (user instanceof Refusal) throw user;
      return answer(response, 201, await upload(server, request, url, user));
    }
    const body = await readJson(request);
    answer(response, 200, route(server, request, url, body));
  } catch (error) {
    const { code, message } = error instanceof Refusal ? error : new Refusal('INTERNAL', String(error));
    const status = { UNAUTHORIZED: 401, TOKEN_EXPIRED: 401, FORBIDDEN: 403, NOT_FOUND: 404, INTERNAL: 500 }[code];
    answer(response, status ?? 400, { error: { code, message } });
  }
}

/** The figures of the statistics under the names of the program. */
function metrics(server: ContractServer): string {
  const { connections, usersOnline, messages, rooms } = statsOf(server);
  return [
    `rozmova_connections{transport="websocket"} ${connections.websocket}`, `rozmova_connections{transport="polling"} ${connections.polling}`,
    `rozmova_users_online ${usersOnline}`, `rozmova_messages_stored_total ${messages.stored}`, `rozmova_rooms ${rooms}`,
  ].join('\n');
}

function route(server: ContractServer, request: IncomingMessage, url: URL, body: Raw): Raw {
  const path = url.pathname.slice(3);
  const route = `${request.method} ${path}`;
  if (route === 'GET /demo/people') return { people: [...server.users.values()] };
  if (route === 'POST /auth/demo') {
    const user = server.users.get(body['userId']);
    if (user === undefined) throw new Refusal('NOT_FOUND');
    return { token: server.tokenOf(user), user, expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
  }
  const user = server.userOf(String(request.headers.authorization ?? ''));
  if (user instanceof Refusal) throw user;
  if (route === 'GET /me') return { user, expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
  if (route === 'GET /orders') {
    const mine = [...server.chats.values()].filter(
      (chat) => chat.kind === 'order' && (user.role === 'admin' || [chat.clientId, chat.performerId].includes(user.id)),
    );
    return { orders: mine.map((chat) => orderView(server, chat, user)), nextCursor: null };
  }
  if (route === 'POST /orders') {
    const performer = server.users.get(body['performerId']);
    if (performer === undefined) throw new Refusal('NOT_FOUND');
    const order = server.addChat('order', user, performer, {
      title: body['title'], amount: body['amount'] ?? null, currency: body['currency'] ?? 'UAH', status: 'created',
    });
    return orderView(server, order, user);
  }
  const answered = extra(server, route, path, user, url, body);
  if (answered !== null) return answered;
  const one = /^\/(order|dispute)s\/([^/]+)\/messages\/([^/]+)$/.exec(path);
  if (one !== null) {
    const next = request.method === 'PATCH' ? { content: body['content'], editedAt: now() } : { content: '', attachments: [], deletedAt: now() };
    return { message: server.change(server.chatOf(one[1] as Kind, one[2], user), user, { messageId: one[3] }, next) };
  }
  const match = /^\/(order|dispute)s\/([^/]+)(\/messages|\/read|\/changes)?$/.exec(path);
  if (match === null) throw new Refusal('NOT_FOUND');
  const chat = server.chatOf(match[1] as Kind, match[2], user);
  if (match[3] === undefined) return chat.kind === 'order' ? orderView(server, chat, user) : disputeView(server, chat, user);
  if (match[3] === '/changes') return { changes: changesOf(chat, Number(url.searchParams.get('after') ?? 0)), hasMore: false, lastChangeSeq: chat.changes };
  if (match[3] === '/read') {
    server.markRead(chat, user, Number(body['seq']));
    return { ok: true };
  }
  if (request.method === 'POST') return { message: server.append(chat, user, body) };
  return { ...page(chat, url.searchParams), status: chat.status, role: user.role };
}

function page(chat: Chat, query: URLSearchParams): Raw {
  const limit = Number(query.get('limit') ?? HISTORY);
  const after = query.get('after');
  if (after !== null) {
    const messages = chat.messages.slice(Number(after), Number(after) + limit);
    return { messages, hasMore: Number(after) + messages.length < chat.messages.length, lastChangeSeq: chat.changes };
  }
  const end = Number(query.get('before') ?? chat.messages.length + 1) - 1;
  const start = Math.max(0, end - limit);
  return { messages: chat.messages.slice(start, end), hasMore: start > 0, lastChangeSeq: chat.changes };
}

function orderView(server: ContractServer, chat: Chat, user: User): Raw {
  const person = (id: string): Raw => ({ id, name: server.users.get(id)!.name });
  const lastReadSeq = chat.reads.get(user.id) ?? 0;
  const { messages, reads: _reads, moderatorId: _moderator, kind: _kind, changes: _changes, orderId: _order, reason: _reason, openedBy: _by, ...rest } = chat;
  return {
    ...rest, client: person(chat.clientId), performer: person(chat.performerId),
    lastMessage: messages.at(-1) ?? null, lastSeq: messages.length, lastReadSeq,
    unread: unreadOf(chat, user), dispute: disputeOf(server, chat),
    transitions: ORDER_STEPS[`${user.id === chat.clientId ? 'client' : 'performer'} ${chat.status}`] ?? [],
    mayDispute: user.role !== 'moderator' && !['cancelled', 'disputed'].includes(chat.status),
  };
}

async function readJson(request: IncomingMessage): Promise<Raw> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}
function answer(response: ServerResponse, status: number, body: Raw): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
