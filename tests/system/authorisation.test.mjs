// Who may do what with an order chat, over events and over REST.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { World } from './lib/world.mjs';

const refusals = ['FORBIDDEN', 'NOT_FOUND'];

describe('authorisation', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  for (const role of ['client', 'performer', 'moderator']) {
    test(`a ${role} who has no part in the order can do nothing with it`, async () => {
      const { alice, a, b, order } = await world.talk();
      const stranger = await world.person(role);
      const s = await stranger.device();
      await s.isRefused('join_order_chat', { orderId: order.id }, ...refusals);
      await s.isRefused('order_message', { orderId: order.id, content: 'let me in' }, ...refusals);
      await s.isRefused('order_typing', { orderId: order.id, isTyping: true }, ...refusals);
      for (const [method, path, body] of [
        ['GET', `/v1/orders/${order.id}`],
        ['GET', `/v1/orders/${order.id}/messages`],
        ['POST', `/v1/orders/${order.id}/messages`, { content: 'let me in' }],
      ]) {
        const answer = await stranger.rest.asks(method, path, body);
        assert.ok([403, 404].includes(answer.status), `${method} ${path}: ${answer.status}`);
        assert.ok(refusals.includes(answer.body.error.code));
      }
      await a.types(order);
      await b.hears('order_typing');
      await a.sends(order, 'between us');
      await b.hears('order_message', { content: 'between us' });
      // The stranger hears of a chat of its own after all that; so it would have heard the rest before.
      const own = await world.order(stranger, alice);
      await s.joins(own);
      await a.sends(own, 'fence');
      await s.hears('order_message', { content: 'fence' });
      assert.deepEqual(s.inbox.filter((e) => e.data?.orderId === order.id && e.event !== 'chat_error'), []);
      assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.content), ['between us']);
    });
  }

  test('client, performer and admin may join, send, hear and read', async () => {
    const { alice, bob, order } = await world.scene();
    const people = [alice, bob, world.admin];
    const devices = await Promise.all(people.map((p) => p.device()));
    for (const [i, role] of ['client', 'performer', 'admin'].entries()) {
      assert.equal((await devices[i].joins(order)).role, role);
    }
    for (const [i, device] of devices.entries()) {
      const { id } = await device.sends(order, `from ${people[i].role}`);
      await Promise.all(devices.filter((d) => d !== device).map((d) => d.hears('order_message', { id })));
      assert.equal((await people[i].rest.reads(order)).messages.length, i + 1);
      assert.equal((await people[i].rest.does('GET', `/v1/orders/${order.id}`)).id, order.id);
    }
  });

  test('an order that does not exist is NOT_FOUND, for the admin too', async () => {
    const nowhere = { id: randomUUID() };
    const d = await world.admin.device();
    await d.isRefused('join_order_chat', { orderId: nowhere.id }, 'NOT_FOUND');
    await d.isRefused('order_message', { orderId: nowhere.id, content: 'hello?' }, 'NOT_FOUND');
    await world.admin.rest.isRefused('GET', `/v1/orders/${nowhere.id}`, undefined, 404, 'NOT_FOUND');
    await world.admin.rest.isRefused('GET', `/v1/orders/${nowhere.id}/messages`, undefined, 404, 'NOT_FOUND');
    await world.admin.rest.isRefused('POST', `/v1/orders/${nowhere.id}/messages`, { content: 'hello?' }, 404, 'NOT_FOUND');
  });

  test("a stranger's refusal tells nothing about whether the order exists or who is in it", async () => {
    const { alice, bob, order } = await world.scene();
    const s = await (await world.person()).device();
    const error = await s.isRefused('join_order_chat', { orderId: order.id }, ...refusals);
    for (const secret of [alice.id, alice.name, bob.id, bob.name, order.title]) {
      assert.ok(!JSON.stringify(error).includes(secret));
    }
  });

  test('a refusal without an acknowledgement comes as chat_error, and the connection lives', async () => {
    const { alice, order } = await world.scene();
    const s = await (await world.person()).device();
    for (const [event, payload] of [
      ['join_order_chat', { orderId: order.id }],
      ['order_message', { orderId: order.id, content: 'let me in' }],
      ['order_typing', { orderId: order.id, isTyping: true }],
    ]) {
      s.socket.emit(event, payload);
      const refusal = await s.hears('chat_error', { event });
      assert.ok(refusals.includes(refusal.code), JSON.stringify(refusal));
      assert.equal(typeof refusal.message, 'string');
    }
    assert.equal(s.heard('disconnect').length, 0);
    const a = await alice.device();
    a.socket.emit('order_message', { orderId: order.id });
    assert.equal((await a.hears('chat_error', { event: 'order_message' })).code, 'INVALID_PAYLOAD');
  });

  test('a person of one order is a stranger in the next', async () => {
    const first = await world.talk();
    const second = await world.talk();
    await first.a.isRefused('join_order_chat', { orderId: second.order.id }, ...refusals);
    await second.b.isRefused('order_message', { orderId: first.order.id, content: 'x' }, ...refusals);
  });

  test('the role in the token does not make one a party of the order', async () => {
    const { order } = await world.talk();
    const impostor = await world.person('performer');
    const d = await impostor.device();
    await d.isRefused('join_order_chat', { orderId: order.id }, ...refusals);
  });

  test('orders are created by those who may, between people who exist', async () => {
    const { alice, bob } = await world.scene();
    const stranger = await world.person();
    const order = { title: 'Чуже', clientId: alice.id, performerId: bob.id };
    await stranger.rest.isRefused('POST', '/v1/orders', order, 403, 'FORBIDDEN');
    for (const wrong of [{ ...order, clientId: 'x' }, { ...order, performerId: 7 }, { title: 'x' }, [], { ...order, title: {} }]) {
      await world.admin.rest.isRefused('POST', '/v1/orders', wrong, 400, 'INVALID_PAYLOAD');
    }
    const nobody = await world.admin.rest.asks('POST', '/v1/orders', { ...order, clientId: randomUUID() });
    assert.ok(nobody.status >= 400 && nobody.status < 500, `${nobody.status} ${nobody.text}`);
  });
});
