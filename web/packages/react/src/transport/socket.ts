/**
 * SocketTransport: one Socket.IO connection, without any policy. It opens when told, reports what happens and
 * never reconnects, buffers or retries by itself: those are decisions of the client above it.
 * Polling first, upgrade in the background: a dead WebSocket path then costs nothing visible.
 */
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { ChatError, parseError } from '../protocol/errors';
import { isObject } from '../protocol/guards';

export type Wire = 'websocket' | 'polling';

export interface SocketTransportEvents {
  connected(wire: Wire): void;
  upgraded(wire: Wire): void;
  /** The live connection ended. */
  disconnected(reason: string): void;
  /**
   * No connection came about; `refusal` is set when the server itself said no. `otherWay`: it went straight to
   * WebSocket, as the last one had ended up there; the next goes by polling first.
   */
  failed(error: Error, refusal: ChatError | null, otherWay: boolean): void;
  event(name: string, payload: unknown): void;
  /** Every packet, for the debug ring; never carries the token. */
  trace(direction: 'in' | 'out' | 'note', name: string, payload?: unknown): void;
}

export interface SocketTransportOptions {
  /** Origin of the server; empty means the page's own. */
  url: string;
  path: string;
  transports: readonly Wire[];
  /** How long each half of an attempt may take, in milliseconds: the engine's opening, then the answer to CONNECT. */
  connectTimeoutMs: number;
}

export class SocketTransport {
  readonly #socket: Socket;
  readonly #events: SocketTransportEvents;
  readonly #connectTimeoutMs: number;
  /** Set while an attempt is under way: the library bounds the engine's opening alone. */
  #attempt: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketTransportOptions, events: SocketTransportEvents) {
    this.#events = events;
    this.#connectTimeoutMs = options.connectTimeoutMs;
    const settings = {
      path: options.path,
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      timeout: options.connectTimeoutMs,
      transports: [...options.transports],
      rememberUpgrade: true,
    };
    this.#socket = options.url === '' ? io(settings) : io(options.url, settings);
    this.#listen();
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  open(token: string): void {
    this.#socket.auth = token === '' ? {} : { token };
    this.#events.trace('note', 'open');
    // What was meant for a connection that had ended unseen; requests are repeated by those who made them.
    this.#socket.sendBuffer = [];
    this.#ended();
    this.#attempt = setTimeout(() => this.#failed(), 2 * this.#connectTimeoutMs);
    this.#socket.connect();
  }

  /** Ends the connection or the attempt; reports nothing. */
  close(): void {
    this.#ended();
    this.#events.trace('note', 'close');
    this.#socket.disconnect();
    this.#socket.io.engine?.close();
  }

  /** Sends one event and waits for its ack; refusals, timeouts and lost connections all reject with ChatError. */
  async request(event: string, payload: unknown, timeoutMs: number): Promise<Record<string, unknown>> {
    if (!this.#socket.connected) throw new ChatError('DISCONNECTED');
    this.#events.trace('out', event, payload);
    const answer = await this.#ack(event, payload, timeoutMs);
    this.#events.trace('in', `ack ${event}`, answer);
    if (isObject(answer) && answer['ok'] === true) return answer;
    throw parseError(isObject(answer) ? answer['error'] : null);
  }

  /**
   * Sends something that is lost with the connection: typing. False when there is none. Not `volatile`: that drops
   * whatever comes while a POST of polling or the upgrade is under way.
   */
  hint(event: string, payload: unknown): boolean {
    if (!this.#socket.connected) return false;
    this.#events.trace('out', event, payload);
    this.#socket.emit(event, payload);
    return true;
  }

  #ack(event: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // On a lost connection socket.io-client calls back at once, with an error.
      this.#socket.timeout(timeoutMs).emit(event, payload, (error: Error | null, answer: unknown) => {
        if (error === null) resolve(answer);
        else reject(new ChatError(this.#socket.connected ? 'TIMEOUT' : 'DISCONNECTED'));
      });
    });
  }

  #ended(): void {
    clearTimeout(this.#attempt);
    this.#attempt = undefined;
  }

  #failed(error: Error = new Error('no CONNECT'), refusal: ChatError | null = null): void {
    const { io } = this.#socket;
    const otherWay = io.opts.rememberUpgrade === true && io.engine?.transport?.name === 'websocket';
    // A remembered upgrade goes straight to WebSocket next time, for ever, even on a network that swallows it.
    io.opts.rememberUpgrade = false;
    this.#ended();
    if (refusal === null) this.#socket.disconnect();
    this.#events.failed(error, refusal, otherWay);
  }

  #listen(): void {
    const [socket, events] = [this.#socket, this.#events];
    socket.on('connect', () => {
      this.#ended();
      const engine = socket.io.engine;
      engine.once('upgrade', () => {
        socket.io.opts.rememberUpgrade = true;
        events.trace('note', 'upgrade');
        events.upgraded(wireOf(engine.transport.name));
      });
      events.trace('note', 'connect', engine.transport.name);
      events.connected(wireOf(engine.transport.name));
    });
    socket.on('disconnect', (reason) => {
      events.trace('note', 'disconnect', reason);
      if (this.#attempt === undefined) events.disconnected(reason);
      else this.#failed();
    });
    socket.on('connect_error', (error: Error & { data?: unknown }) => {
      events.trace('note', 'connect_error', error.message);
      // The server's refusal ends the socket's own subscriptions; a failed network does not.
      const refused = !socket.active;
      const source = isObject(error.data) ? { message: error.message, ...error.data } : { message: error.message };
      this.#failed(error, refused ? parseError(source, 'UNAUTHORIZED') : null);
    });
    socket.onAny((name: string, payload: unknown) => {
      events.trace('in', name, payload);
      events.event(name, payload);
    });
  }
}

function wireOf(name: string): Wire {
  return name === 'polling' ? 'polling' : 'websocket';
}
