// Acknowledged is stored: the server is killed at the worst moments and must not have forgotten anything.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { range } from './lib/deadline.mjs';
import { World } from './lib/world.mjs';

describe('durability', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  test('killed right after an acknowledgement: the message is there', async () => {
    const { alice, order, a } = await world.talk();
    for (const round of range(5)) {
      const message = await a.sends(order, `round ${round}`);
      await world.server.restart('kill9');
      assert.deepEqual((await alice.rest.readsAll(order)).at(-1), message);
      assert.equal(message.seq, round + 1);
      await a.hears('connect', undefined, { ms: 30_000 });
    }
  });

  /** Sends without pause until its server is gone; remembers what was acknowledged and what is still in the air. */
  class Writer {
    constructor(person, device, order) {
      Object.assign(this, { person, device, order, acked: [], inAir: new Map(), stopped: false });
    }

    send(payload = { orderId: this.order.id, content: `from ${this.person.name}`, clientMessageId: randomUUID() }) {
      this.inAir.set(payload.clientMessageId, payload);
      this.device.socket.emit('order_message', payload, (ack) => this.#acked(payload, ack));
    }

    #acked(payload, ack) {
      assert.equal(ack.ok, true, JSON.stringify(ack));
      this.inAir.delete(payload.clientMessageId);
      this.acked.push(ack.message);
      this.onAck();
      if (!this.stopped) this.send();
    }
  }

  test('killed ten times at random moments under load: nothing acknowledged is missing, seq has no gap', async () => {
    const scenes = await Promise.all(range(2).map(() => world.scene()));
    const expected = new Map(scenes.map(({ order }) => [order.id, []]));
    for (const round of range(10)) {
      const writers = [];
      for (const { alice, bob, order } of scenes) {
        for (const person of [alice, bob]) {
          const options = { reconnection: false, auth: { token: person.token() } };
          writers.push(new Writer(person, await world.device(options).connects(), order));
        }
      }
      // The moment: an acknowledgement somewhere among the first three hundred, with more in the air.
      const moment = 1 + Math.floor(Math.random() * 300);
      let acks = 0;
      await new Promise((now) => {
        for (const writer of writers) {
          writer.onAck = () => ++acks === moment && now();
          range(8).forEach(() => writer.send());
        }
      });
      await world.server.kill9();
      await Promise.all(writers.map(({ device }) => device.hears('disconnect')));
      for (const writer of writers) {
        writer.stopped = true;
        expected.get(writer.order.id).push(...writer.acked);
      }
      await world.server.spawn();
      for (const { alice, order } of scenes) {
        const stored = await alice.rest.readsAll(order);
        assert.deepEqual(stored.map((m) => m.seq), range(stored.length).map((i) => i + 1), `round ${round}: seq`);
        const byId = new Map(stored.map((m) => [m.id, m]));
        for (const message of expected.get(order.id)) assert.deepEqual(byId.get(message.id), message, `round ${round}`);
      }
      // What was in the air may or may not have been stored; said again it must be there once.
      for (const { inAir, person, order } of writers) {
        for (const { content, clientMessageId } of inAir.values()) {
          expected.get(order.id).push(await person.rest.sends(order, content, { clientMessageId }));
        }
      }
      world.closeDevices();
    }
    for (const { alice, order } of scenes) {
      const stored = await alice.rest.readsAll(order);
      assert.deepEqual(stored.map((m) => m.seq), range(stored.length).map((i) => i + 1));
      assert.deepEqual(stored, expected.get(order.id).sort((x, y) => x.seq - y.seq), 'each once, and nothing else');
    }
  });

  test('SIGTERM: what is in the air is either acknowledged and stored or not acknowledged; the exit is 0', async () => {
    const { alice, order, a } = await world.talk({ reconnection: false });
    const acked = [];
    range(100).forEach((i) => a.socket.emit('order_message', { orderId: order.id, content: `${i}` }, (ack) => ack.ok && acked.push(ack.message)));
    const { code } = await world.server.terminate();
    assert.equal(code, 0);
    await a.hears('disconnect');
    await world.server.spawn();
    const stored = new Map((await alice.rest.readsAll(order)).map((m) => [m.id, m]));
    for (const message of acked) assert.deepEqual(stored.get(message.id), message);
    assert.deepEqual([...stored.values()].map((m) => m.seq), range(stored.size).map((i) => i + 1));
  });
});
