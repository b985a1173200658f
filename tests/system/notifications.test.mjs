// What reaches people who are not looking: notifications and unread counters, over events and REST.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, holds, range } from './lib/deadline.mjs';
import { World } from './lib/world.mjs';

describe('notifications', () => {
  let world;
  before(async () => (world = await World.open({ env: { SERVICE_TOKEN: 'service-token-0123456789-0123456789' } })));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const list = (person, query = '') => person.rest.does('GET', `/v1/notifications${query}`);
  const announce = async (person, content, extra = {}) =>
    (await world.admin.rest.does('POST', '/v1/admin/notifications', { userId: person.id, content, ...extra })).notifications[0].notification;

  test('a message for somebody who is not in the chat is told to all of his devices, without its text', async () => {
    const { alice, bob, order } = await world.scene();
    const [a, phone, tablet] = await Promise.all([alice.device(), bob.device(), bob.device()]);
    const message = await a.sends(order, 'a secret');
    const told = await phone.hears('notification', { type: 'order_message' });
    assert.deepEqual(await tablet.hears('notification'), told);
    assert.deepEqual(told.data, { orderId: order.id, messageId: message.id, seq: 1, senderId: alice.id, senderName: 'Аліса' });
    assert.ok(!JSON.stringify(told).includes('secret'));
    assert.equal(told.readAt, null);
    assert.deepEqual((await list(bob)).notifications, [told]);
    assert.deepEqual((await list(alice)).notifications, []);
  });

  test('many messages of one chat are one notification, and reading the chat reads it', async () => {
    const { alice, bob, order } = await world.scene();
    const [a, b] = await Promise.all([alice.device(), bob.device()]);
    for (const i of range(5)) await a.sends(order, `message ${i}`);
    const last = await b.hears('notification', (n) => n.data.seq === 5);
    const first = b.heard('notification')[0];
    assert.equal(first.id, last.id, 'the later one takes the place of the first');
    assert.deepEqual((await list(bob)).notifications, [last]);
    await b.does('order_read', { orderId: order.id, seq: 5 });
    holds(await list(bob, '?unread=true'), { notifications: [], unread: 0 });
    assert.notEqual((await list(bob)).notifications[0].readAt, null);
  });

  test('who has one device in the chat is not notified', async () => {
    const { a, b, bob, order } = await world.talk();
    await bob.device();
    const { id } = await a.sends(order, 'seen');
    await b.hears('order_message', { id });
    const later = await announce(bob, 'a fence');
    await b.hears('notification', { id: later.id });
    assert.deepEqual((await list(bob)).notifications.map((n) => n.id), [later.id]);
  });

  test('what was told while nobody was there comes at the next connect, oldest first, and after kill -9 too', async () => {
    const bob = await world.person('performer');
    const told = [];
    for (const i of range(25)) told.push(await announce(bob, `news ${i}`, { data: { i } }));
    await world.server.restart('kill9');
    const b = await bob.device();
    await b.hears('notification', { id: told.at(-1).id });
    assert.deepEqual(b.heard('notification'), told.slice(-20));
    const all = [];
    for (let cursor; ; ) {
      const page = await list(bob, `?limit=10${cursor ? `&cursor=${cursor}` : ''}`);
      all.push(...page.notifications);
      assert.equal(page.unread, 25);
      if (!(cursor = page.nextCursor)) break;
    }
    assert.deepEqual(all, told.reverse());
  });

  test('marking read: some, up to a time, all; told to the other devices', async () => {
    const bob = await world.person('performer');
    const b = await bob.device();
    const told = [];
    for (const i of range(4)) told.push(await announce(bob, `news ${i}`));
    await b.hears('notification', { id: told.at(-1).id });
    const mark = (body) => bob.rest.does('POST', '/v1/notifications/read', body);
    assert.deepEqual(await mark({ ids: [told[0].id] }), { read: 1, unread: 3 });
    assert.deepEqual((await b.hears('notifications_read')).ids, [told[0].id]);
    assert.deepEqual(await mark({ ids: [told[0].id] }), { read: 0, unread: 3 });
    const some = await mark({ upTo: told[1].createdAt });
    assert.ok(some.read >= 1);
    assert.deepEqual(await mark({ all: true }), { read: 3 - some.read, unread: 0 });
    assert.deepEqual((await list(bob, '?unread=true')).notifications, []);
    const stranger = await world.person();
    assert.equal((await stranger.rest.does('POST', '/v1/notifications/read', { ids: [told[0].id] })).read, 0);
    for (const body of [{}, { ids: [] }, { ids: ['x'] }, { ids: told[0].id }, { all: false }, { upTo: 'soon' }]) {
      await bob.rest.isRefused('POST', '/v1/notifications/read', body, 400, 'INVALID_PAYLOAD');
    }
    await bob.rest.isRefused('GET', '/v1/notifications?cursor=x', undefined, 400, 'INVALID_PAYLOAD');
    await bob.rest.isRefused('GET', '/v1/notifications?unread=perhaps', undefined, 400, 'INVALID_PAYLOAD');
  });

  test('only admins and the service notify, and only people who are known', async () => {
    const bob = await world.person('performer');
    await bob.rest.isRefused('POST', '/v1/admin/notifications', { userId: bob.id, content: 'x' }, 403, 'FORBIDDEN');
    const service = await fetch(`${world.url}/v1/admin/notifications`, {
      method: 'POST',
      headers: { authorization: 'Bearer service-token-0123456789-0123456789', 'content-type': 'application/json' },
      body: JSON.stringify({ userIds: [bob.id, world.admin.id, bob.id], type: 'maintenance', content: 'Сьогодні о 22:00' }),
    });
    assert.equal(service.status, 201);
    assert.equal((await service.json()).notifications.length, 2);
    holds((await list(bob)).notifications[0], { type: 'maintenance', content: 'Сьогодні о 22:00', data: {} });
    const nobody = '0197a1b2-9999-7000-8000-000000000009';
    await world.admin.rest.isRefused('POST', '/v1/admin/notifications', { userIds: [bob.id, nobody], content: 'x' }, 404, 'NOT_FOUND');
    await world.admin.rest.isRefused('POST', '/v1/admin/notifications', { userId: bob.id, userIds: [bob.id], content: 'x' }, 400, 'INVALID_PAYLOAD');
    assert.equal((await list(bob)).notifications.length, 1, 'all or nobody');
    for (const body of [{ userId: bob.id }, { content: 'x' }, { userId: bob.id, content: ' ' }, { userId: bob.id, content: 'x', data: [] }]) {
      await world.admin.rest.isRefused('POST', '/v1/admin/notifications', body, 400, 'INVALID_PAYLOAD');
    }
  });

  test('unread counts are the same on every device and those of the server', async () => {
    const { alice, bob, order } = await world.scene();
    const other = await world.order(alice, bob);
    const [a, phone, tablet] = await Promise.all([alice.device(), bob.device(), bob.device()]);
    await tablet.joins(order);
    for (const i of range(3)) await a.sends(order, `here ${i}`);
    await a.sends(other, 'there');
    await b_hears_total(phone, 4);
    const counts = await b_hears_total(tablet, 4);
    assert.deepEqual(counts.orders, { [order.id]: 3, [other.id]: 1 });
    const now = await eventually('the notification of the other chat is written', async () => {
      const unread = await bob.rest.does('GET', '/v1/unread');
      return unread.notifications === 1 && unread;
    });
    assert.deepEqual(now, { total: 4, orders: { [order.id]: 3, [other.id]: 1 }, disputes: {}, notifications: 1 });
    await tablet.does('order_read', { orderId: order.id, seq: 2 });
    // Not the total of 2 that came on the way up.
    const later = (unread) => unread.total === 2 && unread.orders[other.id] === 1;
    for (const device of [phone, tablet]) assert.deepEqual((await device.hears('unread', later)).orders, { [order.id]: 1, [other.id]: 1 });
    assert.deepEqual(await alice.rest.does('GET', '/v1/unread'), { total: 0, orders: {}, disputes: {}, notifications: 0 });
  });

  const b_hears_total = (device, total) => device.hears('unread', { total });

  test('unread is told at most twice a second, whatever happens', async () => {
    const { alice, bob, order } = await world.scene();
    const [a, b] = await Promise.all([alice.device(), bob.device()]);
    const since = Date.now();
    for (const i of range(200)) await a.sends(order, `message ${i}`);
    await b.hears('unread', { total: 200 });
    const most = Math.ceil((Date.now() - since) / 500) + 1;
    assert.ok(b.heard('unread').length <= most, `${b.heard('unread').length} in ${Date.now() - since} ms`);
    assert.ok(b.heard('notification').length <= Math.ceil((Date.now() - since) / 1000) + 1);
  });
});
