// Acknowledged is stored: the server is killed at the worst moments and must not have forgotten anything.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { range } from './lib/deadline.mjs';
import { World } from './lib/world.mjs';
import { kills } from './suites/kills.mjs';

kills('killed under load', 10);

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
