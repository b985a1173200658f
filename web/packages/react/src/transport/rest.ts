/**
 * RestTransport: the same chats over plain HTTP. It pages history and, when no socket can be had, carries
 * sends and catch-up too. Stateless; the token is asked for on every request.
 */
import { hearServerTime } from '../clock';
import { ChatError, parseError } from '../protocol/errors';
import { isObject, parseMessage, parseMessages, parseRole } from '../protocol/guards';
import { ROOM_EVENTS, roomId, roomKind } from '../protocol/events';
import type { ChatErrorCode, ChatMessage, Role, RoomKey } from '../protocol/types';

export interface HistoryPage {
  messages: ChatMessage[];
  hasMore: boolean;
  lastChangeSeq: number;
  /** Of the order or dispute, and of the reader in it; null from a server that does not say. */
  status: string | null;
  role: Role | null;
}
export interface NewMessage {
  content: string;
  attachments?: readonly { fileUrl: string; fileName: string }[];
  clientMessageId: string;
  replyTo?: string;
}
/** What the status of an answer without a body means. */
export function codeOfStatus(status: number): ChatErrorCode {
  return CODE_BY_STATUS[status] ?? 'INTERNAL';
}
export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
export type TokenSource = (reason: { refresh: boolean }) => Promise<string>;

const CODE_BY_STATUS: Readonly<Record<number, ChatErrorCode>> = {
  400: 'INVALID_PAYLOAD', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE', 429: 'RATE_LIMITED', 502: 'UNAVAILABLE', 503: 'UNAVAILABLE', 504: 'UNAVAILABLE',
};

export class RestTransport {
  readonly base: string;
  readonly #token: TokenSource;
  /** Whose token it is; null where it does not say. */
  readonly #userOf: (token: string) => string | null;
  readonly #timeoutMs: number;

  /** `base` ends with `/v1`, without a slash after it. */
  constructor(base: string, token: TokenSource, userOf: (token: string) => string | null, timeoutMs: number) {
    this.base = base.replace(/\/+$/, '');
    this.#token = token;
    this.#userOf = userOf;
    this.#timeoutMs = timeoutMs;
  }

  request(method: Method, path: string, body?: unknown, user?: string | null): Promise<Record<string, unknown>> {
    return this.withToken((token) => this.#once(method, this.base + path, body, token, readAnswer), user);
  }

  /** A file of this API, as it is; however long it takes, once it has begun. */
  file(url: string): Promise<Blob> {
    return this.withToken((token) => this.#once('GET', url, undefined, token, readBlob));
  }

  /** Once more with a new token when the first has ended. All of it as one user: the one named, else whose token is first. */
  async withToken<T>(run: (token: string) => Promise<T>, user?: string | null): Promise<T> {
    const first = await this.#token({ refresh: false });
    const who = user ?? this.#userOf(first);
    const as = (token: string): Promise<T> => {
      // Somebody else has signed in meanwhile: nothing of this user is done in his name.
      if (who !== null && this.#userOf(token) !== who) throw new ChatError('DISCARDED');
      return run(token);
    };
    try {
      return await as(first);
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'TOKEN_EXPIRED') throw error;
      return as(await this.#token({ refresh: true }));
    }
  }

  async history(
    room: RoomKey,
    range: { before?: number; after?: number; limit: number },
  ): Promise<HistoryPage> {
    const query = new URLSearchParams({ limit: String(range.limit) });
    if (range.before !== undefined) query.set('before', String(range.before));
    if (range.after !== undefined) query.set('after', String(range.after));
    const answer = await this.request('GET', `${roomPath(room)}/messages?${query}`);
    const { messages, hasMore, lastChangeSeq, status, role } = answer;
    return {
      messages: parseMessages(roomKind(room), messages),
      hasMore: hasMore === true,
      lastChangeSeq: typeof lastChangeSeq === 'number' ? lastChangeSeq : 0,
      status: typeof status === 'string' ? status : null,
      role: parseRole(role),
    };
  }

  /** Messages that were edited or deleted after that change, as they are now. */
  async changes(room: RoomKey, after: number): Promise<ChatMessage[]> {
    const answer = await this.request('GET', `${roomPath(room)}/changes?after=${after}`);
    return parseMessages(roomKind(room), answer['changes']);
  }

  /** In the name of that user, or not at all. */
  async send(room: RoomKey, message: NewMessage, user: string | null): Promise<ChatMessage> {
    const answer = await this.request('POST', `${roomPath(room)}/messages`, message, user);
    const stored = parseMessage(roomKind(room), answer['message']);
    if (stored === null) throw new ChatError('INTERNAL', 'the answer carries no message');
    return stored;
  }

  async read(room: RoomKey, seq: number): Promise<void> {
    await this.request('POST', `${roomPath(room)}/read`, { seq });
  }

  async #once<T>(
    method: Method, url: string, body: unknown, token: string, read: (response: Response, begun: () => void) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.#timeoutMs);
    try {
      const response = await fetch(url, {
        method,
        signal: abort.signal,
        headers: {
          Accept: 'application/json',
          ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      hearServerTime(Date.parse(response.headers.get('Date') ?? ''));
      return await read(response, () => clearTimeout(timer));
    } catch (error) {
      if (error instanceof ChatError) throw error;
      throw abort.signal.aborted ? new ChatError('TIMEOUT') : new ChatError('DISCONNECTED', String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readBlob(response: Response, begun: () => void): Promise<Blob> {
  if (!response.ok) await readAnswer(response);
  begun();
  return response.blob();
}

async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  let answer: unknown = null;
  try {
    answer = await response.json();
  } catch {
    // A proxy's HTML page, or an empty body; the status decides.
  }
  if (response.ok) {
    if (isObject(answer)) return answer;
    throw new ChatError('UNAVAILABLE', 'the answer is not JSON');
  }
  const error = parseError(isObject(answer) ? answer['error'] : null, codeOfStatus(response.status));
  const wait = Number(response.headers.get('Retry-After'));
  if (error.retryAfterMs !== undefined || !(wait > 0)) throw error;
  throw new ChatError(error.code, error.message, wait * 1000);
}

/** Where a chat lives under the base of the API. */
export function roomPath(room: RoomKey): string {
  return `/${ROOM_EVENTS[roomKind(room)].collection}/${encodeURIComponent(roomId(room))}`;
}
