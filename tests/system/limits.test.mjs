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

  test('who does not stop over REST loses his connections, and may come back', async () => {
    const { alice, order, a, b } = await world.talk({ reconnection: false });
    const phone = await alice.device({ reconnection: false });
    const flood = setInterval(() => alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'again' }).catch(() => null), 25);
    try {
      for (const device of [a, phone]) {
        const told = await device.hears('chat_error', { code: 'RATE_LIMITED' }, { ms: 20_000 });
        assert.ok(told.retryAfterMs > 0);
        await device.hears('disconnect');
      }
    } finally {
      clearInterval(flood);
    }
    await b.sends(order, 'still here');
    assert.equal(b.heard('disconnect').length, 0);
    await (await alice.device()).joins(order);
  });

  test('of disputes, edits and read marks too, over both doors together', async () => {
    const { alice, order, a, b } = await world.talk();
    const dispute = await alice.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Кран тече' });
    const { message } = await a.does('dispute_message', { disputeId: dispute.id, content: 'перше' });
    const content = (i) => ({ content: `слово ${i}` });
    const spent = await Promise.all(range(19).map((i) =>
      i % 2 ? a.asks('order_message_edit', { orderId: order.id, messageId: message.id, ...content(i) })
        : alice.rest.asks('POST', `/v1/disputes/${dispute.id}/messages`, content(i))));
    assert.ok(spent.every((answer) => answer.error?.code !== 'RATE_LIMITED' && answer.status !== 429));
    await a.isRefused('dispute_message', { disputeId: dispute.id, ...content(20) }, 'RATE_LIMITED');
    const edit = await alice.rest.asks('PATCH', `/v1/disputes/${dispute.id}/messages/${message.id}`, content(21));
    assert.deepEqual([edit.status, edit.body.error.code], [429, 'RATE_LIMITED']);
    assert.ok(edit.body.error.retryAfterMs > 0 && Number(edit.headers.get('retry-after')) >= 1);
    const marks = await Promise.all(range(100).map((i) =>
      i % 2 ? a.asks('order_read', { orderId: order.id, seq: 1 }) : alice.rest.asks('POST', `/v1/disputes/${dispute.id}/read`, { seq: 1 })));
    assert.ok(marks.some((answer) => answer.error?.code === 'RATE_LIMITED') && marks.some((answer) => answer.status === 429));
    await b.does('order_read', { orderId: order.id, seq: 1 });
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
