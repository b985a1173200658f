// Nothing lost, nothing doubled, nothing out of order, over a network that breaks all the time.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { eventually, factor, range, within } from '../lib/deadline.mjs';
import { Device, pollingOnly, upgrading, websocketOnly } from '../lib/device.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { World } from '../lib/world.mjs';

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const any = (most) => Math.floor(Math.random() * most);

/** Reads a chat as the contract says one can: joins with what it has, and trusts every next message to be the next one. */
class Reader {
  constructor(url, person, order, way) {
    Object.assign(this, { order, ids: [], faults: [], joins: 0 });
    this.device = new Device(url, { auth: { token: person.token() }, ...way });
    this.socket = this.device.socket;
    this.socket.offAny(); // ten thousand messages need not be remembered twice
    this.socket.on('connect', () => this.#join());
    this.socket.on('order_message', (message) => this.isBehind || this.#take(message, 'live'));
    this.socket.connect();
  }

  get seq() {
    return this.ids.length;
  }

  #take({ seq, id }, way) {
    if (seq !== this.seq + 1) this.faults.push(`${way}: ${seq} after ${this.seq}`);
    else this.ids.push(id);
  }

  #join() {
    this.isBehind = true; // what comes live between two pages is in the next one
    const connection = this.socket.id;
    this.socket.timeout(3_000 * factor).emit('join_order_chat', { orderId: this.order.id, afterSeq: this.seq }, (late, ack) => {
      if (this.socket.id !== connection) return;
      if (late || !ack.ok) return this.socket.connected && this.#join();
      ++this.joins;
      if (ack.gap) this.faults.push(`a gap after ${this.seq}`);
      for (const message of ack.messages) this.#take(message, 'join');
      if (ack.hasMore) this.#join();
      else this.isBehind = false;
    });
  }
}

/** Sends `count` messages, each again and again with its clientMessageId until it is acknowledged; some at a time. */
class Writer extends Reader {
  constructor(url, person, order, way, count) {
    super(url, person, order, way);
    Object.assign(this, { left: count, acked: [], resent: 0 });
    this.done = new Promise((done) => (this.allDone = done));
    this.inAir = 20;
    range(20).forEach(() => this.#next());
  }

  #next() {
    if (this.left === 0) {
      if (--this.inAir === 0) this.allDone();
      return;
    }
    this.#send({ orderId: this.order.id, content: `message ${--this.left}`, clientMessageId: randomUUID() });
  }

  #send(message) {
    this.socket.timeout(2_000 * factor).emit('order_message', message, (late, ack) => {
      if (late || !ack.ok) {
        if (ack && ack.error.code !== 'UNAVAILABLE') this.faults.push(`refused: ${ack.error.code}`);
        ++this.resent;
        return this.#send(message);
      }
      this.acked.push({ id: ack.message.id, clientMessageId: message.clientMessageId });
      this.onAck?.();
      this.#next();
    });
  }
}

describe('a network that breaks', () => {
  let world, proxies;
  before(async () => {
    world = await World.open({ env: { PING_INTERVAL_MS: '400', PING_TIMEOUT_MS: String(600 * factor) } });
    proxies = await Promise.all(range(8).map(() => Proxy.open(world.server.port)));
  });
  after(async () => {
    for (const proxy of proxies) await proxy.close();
    await world.close();
  });

  test('10 000 messages over 200 forced disconnects: none lost, none doubled, none out of order, on any reader', async (t) => {
    const messages = 10_000, breaks = 200;
    const { alice, bob, order } = await world.scene();
    const ways = [websocketOnly, websocketOnly, websocketOnly, upgrading, pollingOnly, websocketOnly];
    const writers = ways.slice(0, 5).map((way, i) => new Writer(proxies[i].url, i % 2 ? bob : alice, order, way, messages / 5));
    const readers = [...writers, ...proxies.slice(5).map(({ url }, i) => new Reader(url, i % 2 ? alice : bob, order, pick(ways)))];
    let acks = 0, broken = 0;
    for (const writer of writers) {
      writer.onAck = () => {
        if (++acks % (messages / breaks) !== 0) return;
        ++broken;
        pick(proxies).breakAll(pick(['cut', 'cut', 'cut', 'halve', 'silence']), any(4_000));
      };
    }
    await within(180_000 * factor, () => `all is acknowledged; ${acks} so far`, Promise.all(writers.map((w) => w.done)));
    const last = new Promise((done, fail) => eventually('everybody has everything', () => readers.every((r) => r.seq === messages), { ms: 30_000 * factor }).then(done, fail));
    await last.catch((late) => assert.deepEqual(readers.map((r) => [r.seq, r.faults.slice(0, 5)]), readers.map(() => [messages, []]), late.message));

    const stored = await alice.rest.readsAll(order);
    assert.deepEqual(stored.map((m) => m.seq), range(messages).map((i) => i + 1));
    const ids = stored.map((m) => m.id);
    const idOf = new Map(stored.map((m) => [m.clientMessageId, m.id]));
    assert.equal(idOf.size, messages, 'each clientMessageId once');
    for (const writer of writers) {
      assert.equal(writer.acked.length, messages / 5);
      for (const { id, clientMessageId } of writer.acked) assert.equal(idOf.get(clientMessageId), id);
    }
    for (const reader of readers) {
      assert.deepEqual(reader.faults, []);
      assert.deepEqual(reader.ids, ids);
    }
    assert.equal(broken, breaks);
    const rejoined = readers.reduce((sum, r) => sum + r.joins, 0);
    t.diagnostic(`${broken} breaks, ${rejoined} joins, ${writers.reduce((sum, w) => sum + w.resent, 0)} messages sent again`);
    assert.ok(rejoined > breaks / 2, 'the network did break');
    for (const reader of readers) reader.socket.disconnect();
  });

  test('one clientMessageId by many ways at once while connections break: one row, equal acks, one broadcast', async () => {
    const { alice, bob, order } = await world.scene();
    const listener = await bob.device();
    await listener.joins(order);
    const devices = proxies.map(({ url }) => new Device(url, { auth: { token: alice.token() } }));
    await Promise.all(devices.map((d) => d.connects()));
    for (const round of range(10)) {
      const message = { orderId: order.id, content: `round ${round}`, clientMessageId: randomUUID() };
      const send = async (device) => {
        for (;;) {
          const ack = await device.socket.timeout(2_000 * factor).emitWithAck('order_message', message).catch(() => null);
          if (ack) return ack.message;
        }
      };
      const sends = [...devices, ...devices].map(send);
      sends.push(...range(4).map(() => alice.rest.sends(order, message.content, message)));
      pick(proxies).breakAll('cut', any(300));
      pick(proxies).breakAll('halve', any(300));
      const answers = await Promise.all(sends);
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.equal(answers[0].seq, round + 1);
    }
    await alice.rest.sends(order, 'fence');
    await listener.hears('order_message', { content: 'fence' });
    assert.deepEqual(listener.heard('order_message').map((m) => m.seq), range(11).map((i) => i + 1));
    for (const device of devices) device.socket.disconnect();
  });
});
