import type { ChatErrorCode } from './types';

/** A refusal of the server or of the network, with a code that a program can act on. */
export class ChatError extends Error {
  readonly code: ChatErrorCode;
  readonly retryAfterMs?: number;

  constructor(code: ChatErrorCode, message?: string, retryAfterMs?: number) {
    super(message ?? code);
    this.name = 'ChatError';
    this.code = code;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

const SERVER_CODES: ReadonlySet<string> = new Set<ChatErrorCode>([
  'UNAUTHORIZED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED', 'FORBIDDEN', 'NOT_FOUND', 'INVALID_PAYLOAD',
  'PAYLOAD_TOO_LARGE', 'RATE_LIMITED', 'CONFLICT', 'ILLEGAL_TRANSITION', 'CHAT_CLOSED', 'UNAVAILABLE', 'INTERNAL',
]);
const TOKEN_CODES: ReadonlySet<ChatErrorCode> = new Set(['UNAUTHORIZED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED']);
const RETRIABLE: ReadonlySet<ChatErrorCode> = new Set([
  'TIMEOUT', 'DISCONNECTED', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL',
]);

export function isTokenError(code: ChatErrorCode): boolean {
  return TOKEN_CODES.has(code);
}

/** May the same request succeed later without a change? */
export function isRetriable(code: ChatErrorCode): boolean {
  return RETRIABLE.has(code);
}

/** Reads `{code, message, retryAfterMs?}`, the one error shape of acks, `chat_error` and REST. */
export function parseError(value: unknown, fallback: ChatErrorCode = 'INTERNAL'): ChatError {
  if (typeof value !== 'object' || value === null) return new ChatError(fallback);
  const { code, message, retryAfterMs } = value as Record<string, unknown>;
  return new ChatError(
    typeof code === 'string' && SERVER_CODES.has(code) ? (code as ChatErrorCode) : fallback,
    typeof message === 'string' ? message : undefined,
    typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined,
  );
}

export function toChatError(value: unknown): ChatError {
  if (value instanceof ChatError) return value;
  return new ChatError('INTERNAL', value instanceof Error ? value.message : String(value));
}
