// Two nodes on one PostgreSQL and nothing else: what one says, the other hears by NOTIFY.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';

let cluster, order, a, b;
before(async () => {
  cluster = await Cluster.start(2, { redis: false });
  order = await cluster.order();
  a = await cluster.device(cluster.nodes[0], order.client).connects();
  b = await cluster.device(cluster.nodes[1], order.performer).connects();
  await a.joins(order);
  await b.joins(order);
  for (const node of cluster.nodes) await eventually('the bus is there', async () => (await cluster.metric(node, 'rozmova_bus_up')) === 1);
});
after(async () => {
  a?.closes();
  b?.closes();
  await cluster?.stop();
});

test('messages come at once, in order, and none twice', async (t) => {
  const took = [];
  for (let i = 1; i <= 30; ++i) {
    const [from, to] = i % 2 ? [a, b] : [b, a];
    const began = Date.now();
    await from.sends(order, `повідомлення ${i}`);
    await to.hears('order_message', { seq: i });
    took.push(Date.now() - began);
  }
  took.sort((x, y) => x - y);
  t.diagnostic(`from send to the other node, median ${took[15]} ms, longest ${took.at(-1)} ms`);
  assert.ok(took[15] < 500, `${took}`);
  for (const device of [a, b]) assert.deepEqual(device.heard('order_message').map((message) => message.seq), Array.from({ length: 30 }, (_, i) => i + 1));
});

test('what is not stored comes too', async () => {
  await a.types(order);
  await b.hears('order_typing', { isTyping: true });
  const { seq } = await a.sends(order, 'ї'.repeat(9_000));
  await b.hears('order_message', { seq });
  await b.does('order_read', { orderId: order.id, seq });
  await a.hears('order_read', { seq });
});

test('PostgreSQL loses its power: when it is back, so is the bus', async () => {
  await cluster.postgres.crash();
  await cluster.postgres.startAgain();
  for (const node of cluster.nodes) await eventually('the bus is there', async () => (await cluster.metric(node, 'rozmova_bus_up')) === 1, { ms: 20_000 });
  let sent;
  await eventually('a message is taken', async () => (sent = await a.asks('order_message', { orderId: order.id, content: 'знову' })).ok, { ms: 20_000, every_ms: 100 });
  await b.hears('order_message', { seq: sent.message.seq });
});
