// What a connection costs that says nothing. The allocator is asked, because resident memory is rounded, lent and kept.
// docs/performance.md has the parts of these sums. MEMORY_CHATS=4000 measures with more of them than a test needs;
// with fewer, what else the server keeps (some hundred kilobytes) is too much of each.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { eventually, range } from '../lib/deadline.mjs';
import { RawWs } from '../lib/raw-ws.mjs';
import { World } from '../lib/world.mjs';

/** The budgets, with everything that is kept because of it: tables, places, what the allocator adds. */
const idle_websocket_bytes_max = 1_024; // signed in and in one chat of two
const idle_polling_bytes_max = 3_400; // the same by long-polling, its GET waiting

const chats = Number(process.env.MEMORY_CHATS ?? 1500);
const at_a_time = 50;

let world, open;
beforeEach(async () => {
  open = [];
  world = await World.open({ env: { THREADS: '1' } });
});
afterEach(async () => {
  for (const connection of open) connection.close();
  await world.close();
});

async function each(list, work) {
  const rest = list.values();
  await Promise.all(range(at_a_time).map(async () => {
    for (const item of rest) await work(item);
  }));
}

async function gauge(name) {
  const text = await (await fetch(`${world.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
}

/** Two seats in each of so many chats. */
async function seats(count) {
  const made = [];
  await each(range(count), async () => {
    const { alice, bob, order } = await world.scene();
    made.push({ person: alice, order }, { person: bob, order });
  });
  return made;
}

const join = (order) => `420["join_order_chat",{"orderId":"${order.id}"}]`;
const joined = (message) => message.startsWith('430[{"ok":true');

async function byWebSocket({ person, order }) {
  const ws = await RawWs.open(world.server.port, { token: person.token() });
  open.push(ws);
  await ws.says(join(order)).hears(joined);
  return ws;
}

/** One connection that asks, and one that all share for what is said. */
async function byPolling({ person, order }, speaking) {
  const hearing = new Agent({ keepAlive: true, maxSockets: 1 });
  let path = '/socket.io/?EIO=4&transport=polling';
  const does = (agent, method, body) => new Promise((done, failed) => {
    const asked = request({ port: world.server.port, host: '127.0.0.1', path, method, agent }, async (answer) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8')) text += part;
      if (answer.statusCode === 200) done(text);
      else failed(new Error(`${method}: ${answer.statusCode} ${text}`));
    });
    asked.on('error', failed).end(body);
  });
  const hears = async (fits) => {
    for (;;) if ((await does(hearing, 'GET')).split('\x1e').some(fits)) return;
  };
  path += `&sid=${JSON.parse((await does(hearing, 'GET')).slice(1)).sid}`;
  await does(speaking, 'POST', `40${JSON.stringify({ token: person.token() })}`);
  await hears((m) => m.startsWith('40{'));
  await does(speaking, 'POST', join(order));
  await hears(joined);
  const waits = does(hearing, 'GET');
  waits.catch(() => {});
  open.push({ close: () => hearing.destroy() });
}

/** What is no matter of connections is given back at rest: the store's caches at once, what was known of chats at the next sweep. */
const sweep_ms = 10_000;

async function allocatedAtRest() {
  const since = Date.now();
  let lowest = Infinity;
  const is_over = async () => {
    lowest = Math.min(lowest, await gauge('rozmova_allocated_bytes'));
    return Date.now() - since > sweep_ms * 1.2;
  };
  await eventually('a sweep has passed', is_over, { ms: sweep_ms * 2, every_ms: 250 });
  return lowest;
}

/** Bytes for each that `work` does in the second two thirds of the list. */
async function slope(t, what, list, bytes_max, work) {
  const first = list.slice(0, list.length / 3), more = list.slice(list.length / 3);
  const bytes = async (all) => {
    await each(all, work);
    return allocatedAtRest();
  };
  const before = await bytes(first);
  const cost = ((await bytes(more)) - before) / more.length;
  t.diagnostic(`${what}: ${cost.toFixed(0)} bytes, the budget is ${bytes_max}`);
  assert.ok(cost <= bytes_max, `${what} costs ${cost.toFixed(0)} bytes, more than ${bytes_max}`);
  assert.ok(cost > 0, `${what} costs ${cost.toFixed(0)} bytes, which nobody believes`);
}

test('an idle WebSocket, signed in and in one chat, stays within its budget', async (t) => {
  await slope(t, 'an idle WebSocket', await seats(chats * 3), idle_websocket_bytes_max, byWebSocket);
  assert.equal(await gauge('rozmova_sockets'), open.length);
});

test('an idle polling session stays within its budget', async (t) => {
  const speaking = new Agent({ keepAlive: true, maxSockets: at_a_time });
  try {
    await slope(t, 'an idle polling session', await seats(chats), idle_polling_bytes_max, (seat) => byPolling(seat, speaking));
    assert.equal(await gauge('rozmova_sockets'), open.length);
  } finally {
    speaking.destroy();
  }
});
