/**
 * RestTransport: the same chats over plain HTTP. It pages history and, when no socket can be had, carries
 * sends and catch-up too. Stateless; the token is asked for on every request.
 */
import { hearServerTime } from '../clock';
import { ChatError, parseError } from '../protocol/errors';
import { isObject, parseMessage, parseMessages } from '../protocol/guards';
import { ROOM_EVENTS, roomId, roomKind } from '../protocol/events';
import type { ChatErrorCode, ChatMessage, RoomKey } from '../protocol/types';

export interface HistoryPage { messages: ChatMessage[]; hasMore: boolean; lastChangeSeq: number }
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
  readonly #timeoutMs: number;

  /** `base` ends with `/v1`, without a slash after it. */
  constructor(base: string, token: TokenSource, timeoutMs: number) {
    this.base = base.replace(/\/+$/, '');
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  request(method: Method, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return this.withToken((token) => this.#once(method, this.base + path, body, token, readAnswer));
  }

  /** A file of this API, as it is. */
  file(url: string): Promise<Blob> {
    return this.withToken((token) => this.#once('GET', url, undefined, token, readBlob));
  }

  /** Once more with a new token when the first has ended. */
  async withToken<T>(run: (token: string) => Promise<T>): Promise<T> {
    try {
      return await run(await this.#token({ refresh: false }));
    } catch (error) {
      if (!(error instanceof ChatError) || error.code !== 'TOKEN_EXPIRED') throw error;
      return run(await this.#token({ refresh: true }));
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
    const { messages, hasMore, lastChangeSeq } = answer;
    return {
      messages: parseMessages(roomKind(room), messages),
      hasMore: hasMore === true,
      lastChangeSeq: typeof lastChangeSeq === 'number' ? lastChangeSeq : 0,
    };
  }

  /** Messages that were edited or deleted after that change, as they are now. */
  async changes(room: RoomKey, after: number): Promise<ChatMessage[]> {
    const answer = await this.request('GET', `${roomPath(room)}/changes?after=${after}`);
    return parseMessages(roomKind(room), answer['changes']);
  }

  async send(room: RoomKey, message: NewMessage): Promise<ChatMessage> {
    const answer = await this.request('POST', `${roomPath(room)}/messages`, message);
    const stored = parseMessage(roomKind(room), answer['message']);
    if (stored === null) throw new ChatError('INTERNAL', 'the answer carries no message');
    return stored;
  }

  async read(room: RoomKey, seq: number): Promise<void> {
    await this.request('POST', `${roomPath(room)}/read`, { seq });
  }

  async #once<T>(
    method: Method, url: string, body: unknown, token: string, read: (response: Response) => Promise<T>,
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
      return await read(response);
    } catch (error) {
      if (error instanceof ChatError) throw error;
      throw abort.signal.aborted ? new ChatError('TIMEOUT') : new ChatError('DISCONNECTED', String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readBlob(response: Response): Promise<Blob> {
  if (!response.ok) await readAnswer(response);
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
