// What one person may do at three nodes together: as much as at one, but for what rozmova/chat/spending.hpp states.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, range } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';

const asDelivered = Object.fromEntries(['RATE_MESSAGES_PER_10S', 'RATE_TYPING_PER_S', 'RATE_JOINS_PER_S'].map((name) => [name, undefined]));
const nodes = 3, burst = 20, per_s = 2;

let cluster;
const per_address = 60;
before(async () => (cluster = await Cluster.start(nodes, { env: { ...asDelivered, CONNECTIONS_PER_IP_MAX: String(per_address) } })));
after(() => cluster?.stop());

/** A person with one device at each of these nodes, when they know of each other. */
async function at(where, person) {
  const devices = await Promise.all(where.map((node) => cluster.device(node, person, { reconnection: false }).connects()));
  await pause(200); // "he is here" has been told by then (tell_ms twice, and the bus)
  return devices;
}

/** By events and REST, at all of these as fast as they answer: how many messages got through, and in what time. */
async function atFullSpeed(order, devices, rests, ms, { parallel = 4 } = {}) {
  const began = Date.now();
  let through = 0;
  const again = async (send) => {
    while (Date.now() - began < ms) {
      if (await send()) ++through;
      else await pause(20); // who is refused all the time is disconnected; a refused burst is 500 ms long
    }
  };
  const byEvent = (device) => async () => (await device.asks('order_message', { orderId: order.id, content: 'ще' })).ok;
  const byRest = (rest) => async () => (await rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'ще' })).status < 300;
  await Promise.all([...devices.map(byEvent), ...rests.map(byRest)].flatMap((send) => range(parallel).map(() => again(send))));
  return { through, seconds: (Date.now() - began) / 1000 };
}

describe('messages', () => {
  test('at one node he loses nothing: twenty at once, though there are three nodes', async () => {
    const order = await cluster.order();
    const [device] = await at([cluster.nodes[0]], order.client);
    const acks = await Promise.all(range(25).map((i) => device.asks('order_message', { orderId: order.id, content: `${i}` })));
    assert.equal(acks.filter((ack) => ack.ok).length, burst);
    device.closes();
  });

  test('at three nodes at full speed, by events and REST, he gets through what the bound says', async (t) => {
    const order = await cluster.order();
    const devices = await at(cluster.nodes, order.client);
    const rests = cluster.nodes.map((node) => cluster.rest(node, order.client));
    // So short that nobody is over ten times within it.
    const { through, seconds } = await atFullSpeed(order, devices, rests, 4_000);
    t.diagnostic(`${through} in ${seconds} s; at one node it would be ${burst + Math.floor(per_s * seconds)}, by itself at each ${nodes * (burst + Math.floor(per_s * seconds))}`);
    assert.ok(through >= burst, `${through}`);
    assert.ok(through <= burst + nodes * (1 + 2 * per_s * 0.1) + per_s * seconds, `${through} in ${seconds} s`);
    const [[stored]] = await cluster.postgres.ask(`SELECT count(*) FROM messages WHERE order_id = '${order.id}'`);
    assert.equal(Number(stored), through, 'what was refused is not stored');
    for (const device of devices) device.closes();
  });

  test('by REST at nodes that do not know him: what was too much at first is paid back', async (t) => {
    const order = await cluster.order();
    const rests = cluster.nodes.map((node) => cluster.rest(node, order.client));
    const { through, seconds } = await atFullSpeed(order, [], rests, 2_000, { parallel: 8 });
    t.diagnostic(`${through} in ${seconds} s`);
    assert.ok(through <= nodes * (burst + 1) + per_s * seconds, `${through}`);
    // The debt counts at each of them.
    const debt_s = (through - burst) / per_s - seconds;
    for (const rest of debt_s > 1 ? rests : []) await rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'ще' }, 429, 'RATE_LIMITED');
  });
});

describe('other rates', () => {
  test('joins: thirty at once at three nodes together', async (t) => {
    const order = await cluster.order();
    const devices = await at(cluster.nodes, order.client);
    const began = Date.now();
    const acks = await Promise.all(range(90).map((i) => devices[i % nodes].asks('join_order_chat', { orderId: order.id })));
    const seconds = (Date.now() - began) / 1000;
    const through = acks.filter((ack) => ack.ok).length;
    t.diagnostic(`${through} in ${seconds} s`);
    assert.ok(through <= 30 + nodes * (1 + 2 * 30 * 0.1) + 30 * seconds, `${through} in ${seconds} s`);
    for (const device of devices) device.closes();
  });
});

test('connections of one address', async (t) => {
  const person = cluster.person('client');
  const from = { reconnection: false, extraHeaders: { 'x-forwarded-for': '203.0.113.9' } };
  const open = [];
  const opens = async (node) => {
    const device = cluster.device(cluster.nodes[node], open.length < 45 ? person : cluster.person('client'), from);
    const came = await device.tries().then(() => true, () => false);
    if (came) open.push(device);
    else device.closes();
    return came;
  };
  const fills = async (node) => {
    const before = open.length;
    while (await opens(node));
    return open.length - before;
  };
  for (let i = 0; i < 40; ++i) assert.ok(await opens(0));
  await pause(600); // tell_ms twice, and the bus
  const second = await fills(1);
  await pause(600);
  const third = await fills(2);
  t.diagnostic(`40, ${second}, ${third}`);
  assert.equal(40 + second, per_address, 'what one has is missing at the other');
  assert.equal(third, 0);
  for (const device of open.splice(0, 40)) device.closes();
  await eventually('there is room again, at the third node too', () => opens(2), { every_ms: 100 });
  for (const device of open) device.closes();
});

test('without the bus each node counts by itself, and together again when it is back', async () => {
  const bus = (up) =>
    eventually('the bus', async () => (await Promise.all(cluster.nodes.map((node) => cluster.metric(node, 'rozmova_bus_up')))).every((value) => value === up), { ms: 20_000 });
  const order = await cluster.order();
  await cluster.redis.kill9();
  await bus(0);
  const devices = await Promise.all(cluster.nodes.map((node) => cluster.device(node, order.client, { reconnection: false }).connects()));
  const send = (device) => Promise.all(range(burst + 5).map(() => device.asks('order_message', { orderId: order.id, content: randomUUID() })));
  for (const device of devices) assert.equal((await send(device)).filter((ack) => ack.ok).length >= burst, true);
  await cluster.redis.startAgain();
  await bus(1);
  for (const device of devices) device.closes();
  const again = await at(cluster.nodes, order.performer);
  const { through, seconds } = await atFullSpeed(order, again, [], 2_000);
  assert.ok(through <= burst + nodes * (1 + 2 * per_s * 0.1) + per_s * seconds, `${through} in ${seconds} s`);
  for (const device of again) device.closes();
});
