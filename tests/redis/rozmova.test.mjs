// The official @socket.io/redis-emitter and two nodes of the server itself: what REDIS_ADAPTER_… allows happens to its clients,
// on both nodes, and nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient } from 'redis';
import { eventually } from '../system/lib/deadline.mjs';
import { Cluster } from '../nodes/lib/cluster.mjs';
import { emitter } from './lib/world.mjs';

/** A cluster, an emitter, and an order whose people are in its chat at one node each. */
async function scene(env) {
  const cluster = await Cluster.start(2, { env: { REDIS_ADAPTER_KEY: 'socket.io', ...env } });
  const emits = await emitter({ client: () => createClient({ url: cluster.redis.url }).connect() });
  const order = await cluster.order();
  const [a, b] = await Promise.all([order.client, order.performer].map((person, i) => cluster.device(cluster.nodes[i], person, { reconnection: false }).connects()));
  for (const device of [a, b]) await device.joins(order);
  const stranger = await cluster.device(cluster.nodes[1], cluster.person('client'), { reconnection: false }).connects();
  for (const node of cluster.nodes) await eventually('the world is heard', async () => (await cluster.metric(node, 'rozmova_redis_adapter_up')) === 1);
  const refused = (i = 0) => cluster.metric(cluster.nodes[i], 'rozmova_redis_adapter_refused_total');
  const room = `order:${order.id}`;
  let marks = 0;
  /** Everything that was said before has been heard, or never will be. */
  const settled = async () => {
    const mark = { mark: ++marks };
    emits.io.to(room).emit('mark', mark);
    for (const device of [a, b]) await device.hears('mark', mark);
  };
  const end = async () => {
    for (const device of [a, b, stranger]) device.closes();
    await emits.end();
    await cluster.stop();
  };
  return { cluster, io: emits.io, order, a, b, stranger, refused, room, settled, end };
}

describe('as it is when only the key is set, and the rooms of orders are allowed', () => {
  let s;
  before(async () => (s = await scene({ REDIS_ADAPTER_ROOMS: 'order:*', REDIS_ADAPTER_EVENTS: 'mark,price_*' })));
  after(() => s?.end());

  test('emit, to, except, volatile reach who is in the chat, at both nodes', async () => {
    s.io.to(s.room).emit('price_changed', { amount: 5, text: 'Привіт' }, [1, null]);
    for (const device of [s.a, s.b]) assert.deepEqual(await device.hears('price_changed'), [{ amount: 5, text: 'Привіт' }, [1, null]]);
    s.io.to(s.room).except(`user:${s.order.client.id}`).emit('price_not_his', 1);
    s.io.to(s.room).volatile.emit('price_fleeting', 1);
    for (const device of [s.a, s.b]) await device.hears('price_fleeting');
    await s.b.hears('price_not_his');
    await s.settled();
    assert.equal(s.a.heard('price_not_his').length, 0);
    assert.equal(s.stranger.heard('price_changed').length + s.stranger.heard('price_fleeting').length, 0);
  });

  test('everything else is refused and counted, and nobody notices', async () => {
    const deeds = [
      () => s.io.emit('price_for_all', 1), // no room
      () => s.io.to(`user:${s.order.client.id}`).emit('price_for_him', 1), // no room of an order
      () => s.io.to(s.room).emit('order_message', { forged: true }), // no event of the list
      () => s.io.in(s.room).socketsJoin('order:other'),
      () => s.io.in(s.room).socketsLeave(s.room),
      () => s.io.in(s.room).disconnectSockets(true),
      () => s.io.serverSideEmit('mark', 1),
    ];
    for (const deed of deeds) {
      const before = await s.refused();
      deed();
      await eventually('it is counted', async () => (await s.refused()) === before + 1);
    }
    s.io.of('/other').emit('mark', 'elsewhere');
    await s.settled();
    for (const device of [s.a, s.b]) {
      for (const event of ['price_for_all', 'price_for_him', 'order_message', 'disconnect']) assert.equal(device.heard(event).length, 0, event);
      assert.ok(!device.heard('mark').includes('elsewhere'));
    }
    await s.a.sends(s.order, 'далі');
    await s.b.hears('order_message', { content: 'далі' });
  });
});

describe('as it is when everything is allowed', () => {
  let s;
  before(async () => (s = await scene({ REDIS_ADAPTER_OPERATIONS: 'emit,join,leave,disconnect,fetch,ask,server-side' })));
  after(() => s?.end());

  test('emit to all', async () => {
    s.io.emit('for all', 1);
    for (const device of [s.a, s.b, s.stranger]) assert.equal(await device.hears('for all'), 1);
  });

  test('socketsJoin and socketsLeave', async () => {
    s.io.in([s.room, `user:${s.order.client.id}`]).socketsJoin('campaign');
    await eventually('both hear the new room', async () => {
      s.io.to('campaign').emit('news', 1);
      await s.settled();
      return s.a.heard('news').length > 0 && s.b.heard('news').length > 0;
    });
    s.io.in(`user:${s.order.client.id}`).socketsLeave('campaign');
    await eventually('one does not any more', async () => {
      const before = s.a.heard('news').length;
      s.io.to('campaign').emit('news', 2);
      await s.settled();
      return s.a.heard('news').length === before;
    });
    s.io.to('campaign').emit('last');
    await s.b.hears('last');
    await s.settled();
    assert.equal(s.a.heard('last').length + s.stranger.heard('news').length, 0);
  });

  test('serverSideEmit does not speak with the voice of a node', async () => {
    const before = await s.refused(1);
    s.io.serverSideEmit('rozmova:end', s.b.socket.id);
    s.io.serverSideEmit('rozmova:spent', 'AAAAAAAAAAB', s.order.performer.id, 0, 1000);
    await eventually('both are refused', async () => (await s.refused(1)) === before + 2);
    s.io.serverSideEmit('unknown to the server', 1);
    await s.settled();
    assert.ok(s.b.socket.connected);
    await s.b.sends(s.order, 'ще тут');
  });

  test('disconnectSockets', async () => {
    s.io.in(`user:${s.order.client.id}`).disconnectSockets(true);
    assert.match(await s.a.hears('disconnect'), /^(io server disconnect|transport close)$/);
    await s.b.sends(s.order, 'а ми тут');
    assert.ok(s.b.socket.connected && s.stranger.socket.connected);
  });
});
