/**
 * Link: keeps one socket open for as long as somebody wants it. Owned by ChatClient.
 *
 *   wanted  socket    refused  fallback | status
 *   no      –         –        –        | idle, or closed after disconnect()
 *   yes     open      –        –        | live
 *   yes     –         yes      –        | auth-failed: waits for a new token or retryNow()
 *   yes     –         no       none     | connecting at first, reconnecting afterwards
 *   yes     –         no       rest     | degraded: REST answers while the socket is retried in the background
 *   yes     –         no       nothing  | offline: neither answers, or the browser says so
 */
import { ChatError, isTokenError, toChatError } from '../protocol/errors';
import type { ChatErrorCode } from '../protocol/types';
import type { LinkStatus } from '../store/state';
import type { SocketTransport, Wire } from '../transport/socket';
import { backoffDelay } from './backoff';
import { BACKOFF_JITTER, DEGRADED_AFTER_ATTEMPTS, DEGRADED_AFTER_MS } from './limits';

export interface LinkHooks {
  token(refresh: boolean): Promise<string>;
  canRefresh(): boolean;
  status(link: LinkStatus): void;
  error(error: ChatError): void;
  live(): void;
  down(): void;
  /** No socket for a while: start asking over REST. */
  fallback(): void;
}

export class Link {
  readonly #socket: SocketTransport;
  readonly #hooks: LinkHooks;
  #wanted = false;
  #closedByUser = false;
  #wire: Wire | null = null;
  #refused: ChatErrorCode | null = null;
  #fallback: 'none' | 'rest' | 'nothing' = 'none';
  #fallbackTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #retryAt = 0;
  #downSince = 0;
  /** Counts opens, so that a slow token of an abandoned attempt opens nothing. */
  #opening = 0;
  #attempting = false;
  #refreshToken = false;
  #refreshed = false;
  #drainDelayMs: number | null = null;

  constructor(socket: SocketTransport, hooks: LinkHooks) {
    this.#socket = socket;
    this.#hooks = hooks;
  }

  get isLive(): boolean {
    return this.#wire !== null;
  }
  get isDegraded(): boolean {
    return this.#wire === null && this.#fallback === 'rest';
  }
  get isWanted(): boolean {
    return this.#wanted;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#closedByUser = false;
    this.#attempt = 0;
    this.#refused = null;
    this.#refreshed = false;
    this.#goneDown();
    this.#listenToBrowser(true);
    this.#publish();
    void this.#open();
  }

  stop(byUser: boolean): void {
    this.#closedByUser = byUser;
    if (this.#wanted) {
      this.#wanted = false;
      this.#opening++;
      this.#listenToBrowser(false);
      this.#clearTimers();
      this.#fallback = 'none';
      const wasLive = this.#wire !== null;
      this.#wire = null;
      this.#attempting = false;
      this.#socket.close();
      if (wasLive) this.#hooks.down();
    }
    this.#publish();
  }

  /** "Try now": at once, whatever the countdown says. */
  retryNow(): void {
    if (!this.#wanted || this.isLive) return;
    this.#refused = null;
    this.#refreshed = false;
    void this.#open();
  }

  /** A new token after sign-in or refresh; a live connection keeps running, the caller refreshes it. */
  tokenChanged(): void {
    this.#refused = null;
    this.#refreshed = false;
    this.#refreshToken = false;
    if (this.#wanted && !this.isLive) void this.#open();
  }

  /** The server is about to close: come back after about this long, not all at once. */
  draining(retryAfterMs: number): void {
    this.#drainDelayMs = retryAfterMs;
  }

  /** The server said that the token is no longer good; the next attempt brings a fresh one. */
  tokenRejected(code: ChatErrorCode): void {
    this.#refreshToken = true;
    if (!this.#hooks.canRefresh()) this.#refused = code;
  }

  pollAnswered(reachable: boolean): void {
    if (this.#wire !== null || !this.#wanted || this.#refused !== null) return;
    const next = reachable ? 'rest' : 'nothing';
    if (this.#fallback === next) return;
    this.#fallback = next;
    this.#publish();
  }

  onConnected(wire: Wire): void {
    this.#attempting = false;
    this.#clearTimers();
    this.#wire = wire;
    this.#attempt = 0;
    this.#refreshed = false;
    this.#fallback = 'none';
    this.#publish();
    this.#hooks.live();
  }

  onUpgraded(wire: Wire): void {
    if (this.#wire === null) return;
    this.#wire = wire;
    this.#publish();
  }

  onDisconnected(): void {
    if (this.#wire === null) return;
    this.#wire = null;
    this.#goneDown();
    this.#hooks.down();
    if (this.#refused !== null) this.#publish();
    else this.#retryLater(null);
  }

  onFailed(error: Error, refusal: ChatError | null, otherWay: boolean): void {
    this.#attempting = false;
    if (!this.#wanted || this.#wire !== null) return;
    if (refusal === null) {
      this.#hooks.error(new ChatError('UNAVAILABLE', error.message));
      if (otherWay) void this.#open();
      else this.#retryLater(null);
      return;
    }
    this.#hooks.error(refusal);
    if (isTokenError(refusal.code) || refusal.code === 'FORBIDDEN') this.#tokenRefused(refusal.code);
    else this.#retryLater(refusal.retryAfterMs ?? null);
  }

  #tokenRefused(code: ChatErrorCode): void {
    if (this.#hooks.canRefresh() && !this.#refreshed) {
      this.#refreshed = true;
      this.#refreshToken = true;
      void this.#open();
      return;
    }
    this.#refused = code;
    this.#clearTimers();
    this.#publish();
  }

  async #open(): Promise<void> {
    const turn = ++this.#opening;
    clearTimeout(this.#retryTimer);
    const refresh = this.#refreshToken;
    let token: string;
    try {
      token = await this.#hooks.token(refresh);
    } catch (cause) {
      if (turn !== this.#opening || !this.#wanted) return;
      const error = toChatError(cause);
      this.#hooks.error(error);
      if (isTokenError(error.code)) {
        this.#refused = error.code;
        this.#publish();
      } else {
        this.#retryLater(null);
      }
      return;
    }
    if (turn !== this.#opening || !this.#wanted || this.isLive) return;
    this.#refreshToken = false;
    this.#socket.close();
    this.#attempting = true;
    this.#socket.open(token);
    this.#publish();
  }

  #retryLater(delayMs: number | null): void {
    this.#attempt++;
    const hidden = globalThis.document?.visibilityState === 'hidden';
    const spread = backoffDelay(this.#attempt, hidden, Math.random());
    const asked = delayMs ?? this.#drainDelayMs;
    // Not sooner than asked, and not all of those who were asked at once.
    const delay = asked === null ? spread : asked * (1 + BACKOFF_JITTER * Math.random());
    this.#drainDelayMs = null;
    this.#retryAt = Date.now() + delay;
    clearTimeout(this.#retryTimer);
    if (browserOffline()) this.#fallback = 'nothing';
    else this.#retryTimer = setTimeout(() => void this.#open(), delay);
    if (this.#attempt >= DEGRADED_AFTER_ATTEMPTS && !browserOffline()) this.#hooks.fallback();
    this.#publish();
  }

  #goneDown(): void {
    this.#downSince = Date.now();
    clearTimeout(this.#fallbackTimer);
    this.#fallbackTimer = setTimeout(() => {
      if (this.#wanted && !this.isLive && this.#refused === null) this.#hooks.fallback();
    }, DEGRADED_AFTER_MS);
  }

  #publish(): void {
    this.#hooks.status(this.#currentStatus());
  }

  #currentStatus(): LinkStatus {
    if (!this.#wanted) return { kind: this.#closedByUser ? 'closed' : 'idle' };
    if (this.#wire !== null) return { kind: 'live', transport: this.#wire };
    if (this.#refused !== null) return { kind: 'auth-failed', reason: this.#refused };
    const [since, retryAt, attempt] = [this.#downSince, this.#retryAt, this.#attempt];
    if (this.#fallback === 'rest') return { kind: 'degraded', since, retryAt };
    if (this.#fallback === 'nothing') return { kind: 'offline', since, retryAt };
    return attempt === 0 ? { kind: 'connecting' } : { kind: 'reconnecting', attempt, retryAt };
  }

  #clearTimers(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#fallbackTimer);
  }

  #listenToBrowser(on: boolean): void {
    if (typeof window === 'undefined') return;
    const change = on ? 'addEventListener' : 'removeEventListener';
    window[change]('online', this.#onOnline);
    window[change]('offline', this.#onOffline);
    window[change]('pagehide', this.#onPageHide);
    window[change]('pageshow', this.#onPageShow);
    document[change]('visibilitychange', this.#onVisible);
  }

  readonly #onOnline = (): void => {
    this.#fallback = 'none';
    if (!this.#attempting) this.retryNow();
    this.#publish();
  };
  /** "Offline" is trusted, "online" proves nothing. */
  readonly #onOffline = (): void => {
    const wasLive = this.#wire !== null;
    this.#wire = null;
    this.#opening++;
    this.#attempting = false;
    this.#socket.close();
    if (wasLive) {
      this.#goneDown();
      this.#hooks.down();
    }
    this.#retryLater(null);
  };
  readonly #onVisible = (): void => {
    if (document.visibilityState === 'visible' && this.#refused === null && !this.#attempting) this.retryNow();
  };
  readonly #onPageHide = (): void => {
    const wasLive = this.#wire !== null;
    this.#wire = null;
    this.#opening++;
    this.#socket.close();
    if (wasLive) this.#hooks.down();
  };
  readonly #onPageShow = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted && this.#wanted && !this.isLive) {
      this.#goneDown();
      void this.#open();
    }
  };
}

function browserOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}
