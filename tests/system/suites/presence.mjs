// What is not stored: who is typing, who is there.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { factor } from '../lib/deadline.mjs';
import { World } from '../lib/world.mjs';

const typing_ends_ms = 7_000; // 6 s without repeat, and a second for the way
const offline_ms = 60_000; // a grace longer than a reconnect is allowed

export function presence(name, worldOptions = {}) {
  describe(name, { concurrency: true }, () => {
    let world;
    before(async () => (world = await World.open(worldOptions)));
    after(() => world.close());

    test('typing is relayed to the others and never to the own devices', async () => {
      const { alice, order, a, b } = await world.talk();
      const phone = await alice.device();
      await phone.joins(order);
      await a.types(order);
      assert.deepEqual(await b.hears('order_typing'), { orderId: order.id, userId: alice.id, isTyping: true });
      await a.types(order, false);
      assert.deepEqual(await b.hears('order_typing'), { orderId: order.id, userId: alice.id, isTyping: false });
      await b.sends(order, 'fence');
      await Promise.all([a.hears('order_message', { content: 'fence' }), phone.hears('order_message', { content: 'fence' })]);
      assert.deepEqual([...a.heard('order_typing'), ...phone.heard('order_typing')], []);
    });

    test('typing ends by itself when the typist says nothing more', async () => {
      const { order, a, b } = await world.talk();
      await a.types(order);
      await b.hears('order_typing', { isTyping: true });
      const since = Date.now();
      await b.hears('order_typing', { isTyping: false }, { ms: typing_ends_ms + 1000 * factor });
      assert.ok(Date.now() - since > 4_000, 'not before its time');
    });

    test('typing ends when the typist is killed', async () => {
      const { alice, order, a, b } = await world.talk();
      await a.types(order);
      await b.hears('order_typing', { isTyping: true });
      a.vanishes();
      await b.hears('order_typing', { userId: alice.id, isTyping: false }, { ms: typing_ends_ms });
    });

    for (const [means, end] of Object.entries({
      'with the message': (a, order) => a.sends(order, 'said'),
      'on leaving': (a, order) => a.leaves(order),
      'on disconnecting': (a) => a.closes(),
    })) {
      test(`typing ends ${means}, long before its time`, async () => {
        const { order, a, b } = await world.talk();
        await a.types(order);
        await b.hears('order_typing', { isTyping: true });
        const since = Date.now();
        await end(a, order);
        await b.hears('order_typing', { isTyping: false });
        assert.ok(Date.now() - since < 4_000 * factor);
      });
    }

    test('who types on while the mark is alive is not shown twice as stopped', async () => {
      const { order, a, b } = await world.talk();
      await a.types(order);
      await a.types(order);
      await a.types(order, false);
      await a.types(order, false);
      await a.sends(order, 'fence');
      await b.hears('order_message', { content: 'fence' });
      assert.equal(b.heard('order_typing', { isTyping: false }).length, 1);
    });

    test('coming online and going offline is told to those who share a chat, and to nobody else', async () => {
      const { alice, bob, order } = await world.scene();
      const other = await world.talk();
      const b = await bob.device();
      await b.joins(order);
      const a = await alice.device();
      await a.joins(order);
      const online = await b.hears('user_presence', { userId: alice.id });
      assert.equal(online.isOnline, true);
      await a.closes();
      const offline = await b.hears('user_presence', { userId: alice.id, isOnline: false }, { ms: offline_ms });
      assert.ok(Math.abs(Date.parse(offline.lastSeenAt) - Date.now()) < offline_ms);
      await other.a.sends(other.order, 'fence');
      await other.b.hears('order_message', { content: 'fence' });
      for (const device of [other.a, other.b]) assert.deepEqual(device.heard('user_presence', { userId: alice.id }), []);
    });

    test('with two devices a person is online until the last one is gone, and then offline once', async () => {
      const { alice, bob, order, a, b } = await world.talk();
      const phone = await alice.device();
      await phone.joins(order);
      await a.closes();
      // A typing mark takes six seconds to fade: long enough for a wrong farewell to show itself.
      await phone.types(order);
      await b.hears('order_typing', { isTyping: true });
      await b.hears('order_typing', { isTyping: false }, { ms: typing_ends_ms + 1000 * factor });
      assert.deepEqual(b.heard('user_presence', { userId: alice.id, isOnline: false }), []);
      const again = await bob.device();
      assert.equal((await again.joins(order)).participants.find((p) => p.userId === alice.id).isOnline, true);
      const before_ms = Date.now();
      await phone.closes();
      const offline = await b.hears('user_presence', { userId: alice.id, isOnline: false }, { ms: offline_ms });
      assert.ok(Date.parse(offline.lastSeenAt) >= before_ms - 2_000, 'last seen when the last device left');
      await again.sends(order, 'fence');
      await b.hears('order_message', { content: 'fence' });
      assert.equal(b.heard('user_presence', { userId: alice.id, isOnline: false }).length, 1);
    });

    test('a device that dies without a word leaves the person offline, too', async () => {
      const { alice, a, b } = await world.talk();
      a.vanishes();
      await b.hears('user_presence', { userId: alice.id, isOnline: false }, { ms: offline_ms });
    });
  });
}
