// The server is killed at the worst moments, under load, and must not have forgotten anything that it acknowledged.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { range } from '../lib/deadline.mjs';
import { sqlite } from '../lib/sqlite.mjs';
import { World } from '../lib/world.mjs';

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

export function kills(name, rounds) {
  describe(name, () => {
    let world;
    before(async () => (world = await World.open()));
    after(() => world.close());

    test(`killed ${rounds} times at random moments: nothing acknowledged is missing, seq has no gap, no row of a connection stays`, async () => {
      const scenes = await Promise.all(range(2).map(() => world.scene()));
      const expected = new Map(scenes.map(({ order }) => [order.id, []]));
      for (const round of range(rounds)) {
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
        assert.equal(await sqlite(world.server, 'SELECT count(*) FROM websocket_connections WHERE is_active'), '0', `round ${round}`);
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
  });
}
