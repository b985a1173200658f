// One device of a person: an official Socket.IO client that remembers everything it heard.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { usual_ms, within } from './deadline.mjs';
import { recordSocket } from './record.mjs';

export const websocketOnly = { transports: ['websocket'] };
export const pollingOnly = { transports: ['polling'] };
export const upgrading = { transports: ['polling', 'websocket'] };

const matches = (wanted, data) =>
  wanted === undefined ||
  (typeof wanted === 'function' ? wanted(data) : Object.entries(wanted).every(([key, value]) => data?.[key] === value));

export class Device {
  /** A client that has not been connected yet: listeners first, then `connects()`. */
  constructor(url, options = {}) {
    this.inbox = []; // {event, data, taken}, oldest first
    this.waiting = new Set();
    this.socket = io(url, {
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...websocketOnly,
      ...options,
    });
    recordSocket(this.socket);
    this.socket.onAny((event, data, ...rest) => this.#remember(event, data, rest));
    this.socket.on('disconnect', (reason) => this.#remember('disconnect', reason, []));
    this.socket.on('connect', () => this.#remember('connect', this.socket.id, []));
  }

  #remember(event, data, rest) {
    if (rest.length) data = [data, ...rest];
    this.inbox.push({ event, data, taken: false });
    for (const look of [...this.waiting]) look();
  }

  /** Connects and resolves with this device; rejects with the server's refusal. */
  async connects() {
    await this.tries();
    await this.hears('connect');
    return this;
  }

  async tries() {
    const outcome = new Promise((connected, refused) => {
      this.socket.once('connect', connected);
      this.socket.once('connect_error', refused);
    });
    this.socket.connect();
    await within(usual_ms, 'connect or connect_error', outcome);
  }

  /** The refusal that connecting must end with: {message, code}. */
  async isTurnedAway() {
    const error = await this.tries().then(
      () => assert.fail('the connection was accepted'),
      (refusal) => refusal,
    );
    this.socket.disconnect();
    assert.ok(error.data, `connect_error without data: ${error.message}`);
    return { message: error.message, code: error.data.code };
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** The next event of that name and shape not yet asked for; looks back first, then waits. */
  async hears(event, wanted, { ms = usual_ms } = {}) {
    const find = () => this.inbox.find((e) => !e.taken && e.event === event && matches(wanted, e.data));
    let look;
    const arrival = new Promise((done) => {
      look = () => {
        const entry = find();
        if (!entry) return;
        entry.taken = true;
        done(entry.data);
      };
      this.waiting.add(look);
      look();
    });
    const recent = () => this.inbox.slice(-8).map((e) => JSON.stringify([e.event, e.data]).slice(0, 200)).join('\n  ');
    const what = () => `${event} ${typeof wanted === 'object' ? JSON.stringify(wanted) : ''}; last heard:\n  ${recent()}`;
    try {
      return await within(ms, what, arrival);
    } finally {
      this.waiting.delete(look);
    }
  }

  /** Everything of that name heard so far. */
  heard(event, wanted) {
    return this.inbox.filter((e) => e.event === event && matches(wanted, e.data)).map((e) => e.data);
  }

  /** Sends an event and resolves with its acknowledgement, whatever it says. */
  async asks(event, ...args) {
    return within(usual_ms, `the ack of ${event}`, new Promise((done) => this.socket.emit(event, ...args, done)));
  }

  /** An acknowledgement that must say ok. */
  async does(event, payload) {
    const ack = await this.asks(event, payload);
    assert.equal(ack?.ok, true, `${event} was refused: ${JSON.stringify(ack)}`);
    return ack;
  }

  /** An acknowledgement that must refuse with one of these codes. */
  async isRefused(event, payload, ...codes) {
    const ack = await this.asks(event, payload);
    assert.equal(ack?.ok, false, `${event} ${JSON.stringify(payload)?.slice(0, 200)} was not refused: ${JSON.stringify(ack)}`);
    assert.ok(codes.includes(ack.error?.code), `${event}: ${codes.join(' or ')} expected, not ${JSON.stringify(ack.error)}`);
    assert.equal(typeof ack.error.message, 'string');
    return ack.error;
  }

  joins(order, extra = {}) {
    return this.does('join_order_chat', { orderId: order.id, ...extra });
  }

  leaves(order) {
    return this.does('leave_order_chat', { orderId: order.id });
  }

  async sends(order, content, extra = {}) {
    return (await this.does('order_message', { orderId: order.id, content, ...extra })).message;
  }

  types(order, isTyping = true) {
    return this.does('order_typing', { orderId: order.id, isTyping });
  }

  /** Leaves as a closed tab does. */
  async closes() {
    this.socket.disconnect();
  }

  /** Is gone without a word: the TCP connection ends, nothing is said. Only for WebSockets. */
  vanishes() {
    this.socket.io.reconnection(false);
    this.socket.io.engine.transport.ws.terminate();
  }
}
