// The rates of the contract, as they are when nobody changes a setting.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from './lib/deadline.mjs';
import { World } from './lib/world.mjs';

const asDelivered = Object.fromEntries(
  ['RATE_MESSAGES_PER_10S', 'RATE_TYPING_PER_S', 'RATE_JOINS_PER_S', 'CONNECTIONS_PER_IP_MAX'].map((name) => [name, undefined]),
);

describe('limits', () => {
  let world;
  before(async () => (world = await World.open({ env: asDelivered })));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const message = (order, i) => ({ orderId: order.id, content: `message ${i}` });

  test('twenty messages at once, the next is RATE_LIMITED with a time after which it is taken', async () => {
    const { order, alice, a, b } = await world.talk();
    const phone = await alice.device();
    const acks = await Promise.all(range(20).map((i) => (i % 2 ? phone : a).asks('order_message', message(order, i))));
    assert.ok(acks.every((ack) => ack.ok), 'the burst is taken');
    const refusal = await phone.isRefused('order_message', message(order, 20), 'RATE_LIMITED');
    assert.ok(refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 10_000, JSON.stringify(refusal));
    const overRest = await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'by another door' });
    assert.equal(overRest.status, 429);
    assert.equal(overRest.body.error.code, 'RATE_LIMITED');
    assert.ok(Number(overRest.headers.get('retry-after')) > 0);
    await b.sends(order, 'others are not affected');
    await eventually('the time is over', async () => (await a.asks('order_message', message(order, 21))).ok, { every_ms: refusal.retryAfterMs + 50 });
    const stored = await alice.rest.readsAll(order);
    assert.deepEqual(stored.map((m) => m.seq), range(22).map((i) => i + 1), 'what was refused left no gap');
  });

  test('a hundred at once: the surplus is refused one by one, and nobody is sent away for one burst', async () => {
    const { order, a, b } = await world.talk();
    const acks = await Promise.all(range(100).map((i) => a.asks('order_message', message(order, i))));
    assert.ok(acks.filter((ack) => ack.ok).length >= 20);
    const refused = acks.filter((ack) => !ack.ok);
    assert.ok(refused.length >= 70);
    assert.ok(refused.every((ack) => ack.error.code === 'RATE_LIMITED' && ack.error.retryAfterMs > 0));
    await b.sends(order, 'others are not affected');
    assert.equal(a.heard('disconnect').length, 0);
  });

  test('a refusal by rate without an acknowledgement is a chat_error with retryAfterMs', async () => {
    const { order, a } = await world.talk();
    range(21).forEach((i) => a.socket.emit('order_message', message(order, i)));
    const refusal = await a.hears('chat_error', { event: 'order_message' });
    assert.equal(refusal.code, 'RATE_LIMITED');
    assert.ok(refusal.retryAfterMs > 0);
  });

  test('typing and joining have rates of their own', async () => {
    const { order, a, b } = await world.talk();
    const typing = await Promise.all(range(20).map((i) => a.asks('order_typing', { orderId: order.id, isTyping: i % 2 === 0 })));
    assert.ok(typing.some((ack) => ack.error?.code === 'RATE_LIMITED'));
    await a.sends(order, 'messages go on');
    const joins = await Promise.all(range(35).map(() => b.asks('join_order_chat', { orderId: order.id })));
    assert.ok(joins.filter((ack) => ack.ok).length >= 25);
    assert.ok(joins.some((ack) => ack.error?.code === 'RATE_LIMITED'));
    await b.sends(order, 'here too');
  });

  test('who does not stop is disconnected, the others stay', async () => {
    const { order, a, b } = await world.talk({ reconnection: false });
    const flood = setInterval(() => a.socket.emit('order_message', message(order, 0)), 20);
    try {
      await a.hears('disconnect');
    } finally {
      clearInterval(flood);
    }
    await b.sends(order, 'still here');
    assert.equal(b.heard('disconnect').length, 0);
  });

  test('fifty connections a person, and not one more', async () => {
    const { alice, bob } = await world.scene();
    const devices = await Promise.all(range(50).map(() => alice.device()));
    const refusal = await world.device({ auth: { token: alice.token() } }).isTurnedAway();
    assert.equal(typeof refusal.code, 'string');
    await bob.device();
    await devices[0].closes();
    await eventually('a place is free again', () => alice.device({ reconnection: false }).catch(() => null), { every_ms: 100 });
  });
});
