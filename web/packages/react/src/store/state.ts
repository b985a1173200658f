/** What the client knows, as immutable values. The reducer alone makes new ones. */
import type { ChatError } from '../protocol/errors';
import type {
  AttachmentInput, ChatErrorCode, ChatMessage, NotificationEvent, Role, RoomKey, UnreadCounts,
} from '../protocol/types';

export type LinkStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly transport: 'websocket' | 'polling' }
  | { readonly kind: 'reconnecting'; readonly attempt: number; readonly retryAt: number }
  /** No socket, but REST answers: chats are polled, sends go by POST. */
  | { readonly kind: 'degraded'; readonly since: number; readonly retryAt: number }
  | { readonly kind: 'offline'; readonly since: number; readonly retryAt: number }
  | { readonly kind: 'auth-failed'; readonly reason: ChatErrorCode }
  | { readonly kind: 'closed' };

export type RoomPhase = 'unjoined' | 'joining' | 'ready' | 'refused';

export interface RoomState {
  readonly phase: RoomPhase;
  readonly error: ChatError | null;
  readonly status: string | null;
  readonly role: Role | null;
  /** Confirmed messages, ascending `seq`, each once. */
  readonly messages: readonly ChatMessage[];
  /** All of [headSeq, tailSeq] is in `messages`; `tailSeq` is null until the first snapshot. */
  readonly headSeq: number;
  readonly tailSeq: number | null;
  /** Highest `seq` that the server is known to have given out. */
  readonly lastSeq: number;
  readonly lastReadSeq: number;
  /** Up to here edits and deletions are known. */
  readonly lastChangeSeq: number;
  readonly older: 'idle' | 'loading' | 'failed';
  readonly participants: ReadonlyMap<string, { readonly role: Role; readonly name: string }>;
  readonly reads: ReadonlyMap<string, number>;
  /** User id → when the indicator goes out by itself (client clock, ms). */
  readonly typing: ReadonlyMap<string, number>;
  /** From an earlier visit of this browser; nothing is known to be true any more until the first answer. */
  readonly cached: boolean;
}

export interface UserState {
  readonly name: string | null;
  readonly online: boolean | null;
  readonly lastSeenAt: string | null;
}

export interface OutboxEntry {
  readonly clientMessageId: string;
  readonly room: RoomKey;
  readonly content: string;
  readonly attachments: readonly AttachmentInput[];
  readonly replyTo: string | null;
  readonly createdAt: string;
  /** Place in the local queue; only ever compared within one browser. */
  readonly order: number;
  readonly tries: number;
  readonly state: 'queued' | 'sending' | 'failed';
  readonly error: { readonly code: ChatErrorCode; readonly message: string } | null;
  /** The tab that sends it. */
  readonly owner: string;
}

export interface ChatState {
  readonly link: LinkStatus;
  readonly me: { readonly id: string; readonly role: Role | null } | null;
  readonly rooms: ReadonlyMap<RoomKey, RoomState>;
  readonly users: ReadonlyMap<string, UserState>;
  readonly outbox: ReadonlyMap<string, OutboxEntry>;
  /** Newest first. */
  readonly notifications: readonly NotificationEvent[];
  /** As the server counts; null until it was asked. */
  readonly unread: UnreadCounts | null;
  /** Sending waits until then (client clock, ms), because the server asked to be slower; 0: it does not. */
  readonly pausedUntil: number;
  readonly lastError: ChatError | null;
}

export const EMPTY_ROOM: RoomState = {
  phase: 'unjoined',
  error: null,
  status: null,
  role: null,
  messages: [],
  headSeq: 1,
  tailSeq: null,
  lastSeq: 0,
  lastReadSeq: 0,
  lastChangeSeq: 0,
  older: 'idle',
  participants: new Map(),
  reads: new Map(),
  typing: new Map(),
  cached: false,
};

export const EMPTY_STATE: ChatState = {
  link: { kind: 'idle' },
  me: null,
  rooms: new Map(),
  users: new Map(),
  outbox: new Map(),
  notifications: [],
  unread: null,
  pausedUntil: 0,
  lastError: null,
};

/** Rooms that are kept after leaving, for an instant return. */
export const CACHED_ROOMS_MAX = 30;
/** Messages kept of a room that nobody looks at. */
export const CACHED_ROOM_MESSAGES_MAX = 200;
/** Messages kept of an open room while its reader is at the bottom. */
export const ROOM_MESSAGES_MAX = 2000;
export const NOTIFICATIONS_MAX = 200;
