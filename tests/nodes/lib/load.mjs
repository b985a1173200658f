// People who talk while things break, and the checker that reads afterwards what each of them heard and what the database
// has. Every device keeps its own place, joins with it after each reconnect, and sends again what has no answer.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pollingOnly, upgrading, websocketOnly } from '../../system/lib/device.mjs';
import { eventually } from '../../system/lib/deadline.mjs';

const transports = [websocketOnly, upgrading, pollingOnly];
const ack_ms = 4_000;

class Talker {
  constructor(cluster, where, order, person, number) {
    Object.assign(this, { order, person, number });
    this.got = []; // {seq, id, content, how}, in the order of arrival
    this.acked = new Map(); // clientMessageId -> message
    this.sent = 0;
    this.device = cluster.device(where, person, { ...transports[number % transports.length], reconnectionDelay: 30, reconnectionDelayMax: 150 });
    const { socket } = this.device;
    this.joined = false;
    this.stays = true;
    socket.on('connect', () => this.join());
    socket.on('disconnect', (reason) => {
      this.joined = false;
      if (reason === 'io server disconnect') this.comesBack();
    });
    // Who is refused while the store is away is not brought back by the client's own code.
    socket.on('connect_error', (error) => error.data && this.comesBack());
    socket.on('order_message', (message) => message.orderId === order.id && this.take(message, 'live'));
  }

  comesBack() {
    setTimeout(() => this.stays && this.device.socket.connect(), 100);
  }

  leaves() {
    this.stays = false;
    this.device.socket.disconnect();
  }

  get last() {
    return this.got.at(-1)?.seq ?? 0;
  }

  take(message, how) {
    this.got.push({ seq: message.seq, id: message.id, content: message.content, how, at: Date.now(), socket: this.device.socket.id });
  }

  /** Everything after what he has, page by page; then he is joined. */
  join() {
    const { socket } = this.device;
    const id = socket.id;
    socket.timeout(ack_ms).emit('join_order_chat', { orderId: this.order.id, afterSeq: this.last }, (error, ack) => {
      if (socket.id !== id) return; // another connection has taken over
      if (error || !ack.ok) return void setTimeout(() => socket.connected && socket.id === id && this.join(), 100);
      for (const message of ack.messages) this.take(message, 'join');
      if (ack.hasMore) return this.join();
      this.joined = true;
    });
  }

  /** Sends one message until it is acknowledged. */
  async says() {
    const clientMessageId = randomUUID();
    const content = `${this.number}.${++this.sent}`;
    for (;;) {
      const ack = await this.device.socket.timeout(ack_ms)
        .emitWithAck('order_message', { orderId: this.order.id, content, clientMessageId })
        .catch(() => undefined);
      if (ack?.ok) return void this.acked.set(clientMessageId, ack.message);
      await pause(50);
    }
  }
}

export class Load {
  /** `pairs` orders of two people each, at `places` in turn. */
  static async start(cluster, places, { pairs = 6, pause_ms = 40 } = {}) {
    const load = new Load();
    Object.assign(load, { cluster, pause_ms, talkers: [], going: true });
    for (let i = 0; i < pairs; ++i) {
      const order = await cluster.order();
      for (const person of [order.client, order.performer]) {
        const number = load.talkers.length;
        load.talkers.push(new Talker(cluster, places[number % places.length], order, person, number));
      }
    }
    for (const talker of load.talkers) talker.device.socket.connect();
    await eventually('everybody is in', () => load.talkers.every((talker) => talker.joined), { ms: 30_000 });
    load.loops = load.talkers.map((talker) => load.#talk(talker));
    return load;
  }

  async #talk(talker) {
    while (this.going) {
      await talker.says();
      await pause(this.pause_ms * (0.5 + Math.random()));
    }
  }

  get acked() {
    return this.talkers.reduce((sum, talker) => sum + talker.acked.size, 0);
  }

  /** Resolves when so many more have been acknowledged, so that what comes next happens under load. */
  async goesOn(messages = 60, ms = 30_000) {
    const goal = this.acked + messages;
    await eventually(`${messages} more messages`, () => this.acked >= goal, { ms });
  }

  /** Ends the talk; resolves with what the checker says: no violation, or this throws. */
  async ends() {
    this.going = false;
    await Promise.all(this.loops);
    const stored = await this.#stored();
    const has_all = (talker) => talker.last >= (stored.get(talker.order.id)?.length ?? 0);
    await eventually('everybody has everything', () => this.talkers.every(has_all), { ms: 20_000 }).catch(() => undefined);
    for (const talker of this.talkers) talker.leaves();
    const violations = check(this.talkers, stored);
    assert.deepEqual(violations.slice(0, 20), [], `${violations.length} violations`);
    return { messages: this.acked, heard: this.talkers.reduce((sum, talker) => sum + talker.got.length, 0) };
  }

  /** Order id -> [{seq, id, content, clientMessageId}] as the database has them. */
  async #stored() {
    const orders = [...new Set(this.talkers.map((talker) => talker.order.id))];
    const rows = await this.cluster.postgres.ask(
      `SELECT order_id, seq, id, content, client_message_id FROM messages WHERE order_id IN (${orders.map((id) => `'${id}'`)}) ORDER BY order_id, seq`);
    const chats = new Map(orders.map((id) => [id, []]));
    for (const [order, seq, id, content, clientMessageId] of rows) chats.get(order).push({ seq: Number(seq), id, content, clientMessageId });
    return chats;
  }
}

/** What is lost, doubled, out of order, or acknowledged and not stored. */
function check(talkers, stored) {
  const violations = [];
  const say = (text) => violations.push(text);
  for (const [order, messages] of stored) {
    messages.forEach((message, i) => message.seq === i + 1 || say(`database: chat ${order} has seq ${message.seq} at place ${i + 1}`));
    const ids = messages.map((message) => message.clientMessageId);
    if (new Set(ids).size !== ids.length) say(`database: chat ${order} has a clientMessageId twice`);
  }
  for (const talker of talkers) {
    const messages = stored.get(talker.order.id);
    const who = `talker ${talker.number} (${talker.device.socket.io.opts.transports})`;
    for (const [clientMessageId, acked] of talker.acked) {
      const row = messages[acked.seq - 1];
      if (row?.id !== acked.id || row.clientMessageId !== clientMessageId) say(`${who}: acknowledged and not stored: ${acked.seq} ${acked.content}`);
    }
    talker.got.forEach((heard, i) => {
      if (heard.seq !== i + 1) {
        const before = talker.got[i - 1];
        say(`${who}: heard ${heard.seq} (${heard.how}, ${heard.socket}) at place ${i + 1}, after ${before?.seq} (${before?.how}, ${before?.socket})`);
      } else if (messages[i]?.id !== heard.id || messages[i].content !== heard.content) {
        say(`${who}: heard another message ${heard.seq} than the stored one`);
      }
    });
    if (talker.got.length < messages.length) say(`${who}: lost ${messages.length - talker.got.length} at the end`);
  }
  return violations;
}
