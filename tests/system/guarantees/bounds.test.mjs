// Nobody hears a chat that is not his, a slow reader costs nobody else anything, and a database that cannot be written
// is a refusal: bounded in time, and over when its cause is over.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, factor, range } from '../lib/deadline.mjs';
import { Device } from '../lib/device.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { lock } from '../lib/sqlite.mjs';
import { World } from '../lib/world.mjs';

const pick = (list) => list[Math.floor(Math.random() * list.length)];

async function metric(world, name) {
  const text = await (await fetch(`${world.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

describe('isolation', () => {
  let world;
  before(async () => (world = await World.open({ env: { CONNECTIONS_PER_USER_MAX: '0' } })));
  after(() => world.close());

  test('two hundred chats, random sends: every device hears the chats it is in, whole, and no other', async () => {
    const people = await Promise.all(range(40).map((i) => world.person(i % 2 ? 'performer' : 'client')));
    const orders = await Promise.all(range(200).map(async () => {
      const client = pick(people.filter((p) => p.role === 'client')), performer = pick(people.filter((p) => p.role === 'performer'));
      return { ...(await world.order(client, performer)), parties: [client, performer] };
    }));
    const devices = await Promise.all(people.flatMap((person) => range(2).map(async () => {
      const device = await person.device();
      const own = orders.filter((o) => o.parties.includes(person));
      const joined = own.filter(() => Math.random() < 0.6);
      await Promise.all(joined.map((order) => device.joins(order)));
      return { device, person, own, joined };
    })));
    const said = new Map(orders.map((o) => [o.id, 0]));
    const writers = devices.filter((d) => d.own.length);
    for (const _ of range(40)) {
      await Promise.all(range(50).map(async () => {
        const { device, own } = pick(writers);
        const order = pick(own);
        said.set(order.id, said.get(order.id) + 1);
        await device.sends(order, `for ${order.id} alone`);
      }));
    }
    for (const { device, joined } of devices) {
      for (const order of joined) if (said.get(order.id)) await device.hears('order_message', { orderId: order.id, seq: said.get(order.id) });
      const heard = group(device.heard('order_message'));
      assert.deepEqual([...heard.keys()].sort(), joined.map((o) => o.id).filter((id) => said.get(id)).sort());
      for (const [id, messages] of heard) {
        assert.deepEqual(messages.map((m) => m.seq), range(said.get(id)).map((i) => i + 1));
        for (const { content } of messages) assert.equal(content, `for ${id} alone`);
      }
    }
    world.closeDevices();
  });

  const group = (messages) => {
    const groups = new Map();
    for (const message of messages) groups.set(message.orderId, [...(groups.get(message.orderId) ?? []), message]);
    return groups;
  };
});

describe('a slow reader', () => {
  let world, proxy;
  before(async () => {
    world = await World.open({ env: { SEND_QUEUE_BYTES: '524288', TYPING_TIMEOUT_MS: '60000' } });
    proxy = await Proxy.open(world.server.port);
  });
  after(async () => {
    await proxy.close();
    await world.close();
  });

  test('loses what is not stored first, then its connection, and then finds everything by seq', async () => {
    const { bob, order, a } = await world.talk();
    const b = new Device(proxy.url, { auth: { token: bob.token() } });
    world.devices.push(b);
    await b.connects();
    await b.joins(order);
    const have = (await a.sends(order, 'the last one that passed')).seq;
    await b.hears('order_message', { seq: have });
    proxy.breakAll('stall');

    const big = 'ї'.repeat(9_000);
    let isTyping = false, dropped = 0;
    const sent = [];
    while (!(await metric(world, 'rozmova_slow_consumers_total'))) {
      assert.ok(sent.length < 5_000, 'a reader that does not read is closed');
      sent.push(await a.sends(order, big));
      for (const _ of range(4)) await a.types(order, (isTyping = !isTyping));
      dropped ||= (await metric(world, 'rozmova_slow_consumers_total')) === 0 && (await metric(world, 'rozmova_ephemeral_dropped_total'));
    }
    assert.ok(dropped > 0, 'typing was dropped while the connection still stood');
    await eventually('the log names the reason', () => world.server.log.includes('"reason":"slow consumer"'));
    assert.equal(a.heard('disconnect').length, 0);

    proxy.breakAll('cut');
    await b.hears('disconnect');
    await b.hears('connect', undefined, { ms: 60_000 * factor });
    const all = [];
    for (let after = have; ; after = all.at(-1).seq) {
      const { messages, hasMore } = await b.joins(order, { afterSeq: after });
      all.push(...messages);
      if (!hasMore) break;
    }
    assert.deepEqual(all.map((m) => m.id), sent.sort((x, y) => x.seq - y.seq).map((m) => m.id));
  });
});

describe('a database that cannot be written', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  /** Sends with patience: again while it is UNAVAILABLE. Resolves with the message and how long the longest answer took. */
  async function insists(device, order, content) {
    const message = { orderId: order.id, content, clientMessageId: randomUUID() };
    let longest_ms = 0, refusals = 0;
    for (;;) {
      const since = Date.now();
      const ack = await device.socket.timeout(30_000 * factor).emitWithAck('order_message', message);
      longest_ms = Math.max(longest_ms, Date.now() - since);
      if (ack.ok) return { message: ack.message, longest_ms, refusals };
      assert.equal(ack.error.code, 'UNAVAILABLE', JSON.stringify(ack));
      assert.ok(ack.error.retryAfterMs > 0);
      ++refusals;
    }
  }

  test('locked by another process for ten seconds: refused in time, nothing acknowledged is lost, it goes on by itself', async () => {
    const { alice, order, a, b } = await world.talk();
    const acked = [await a.sends(order, 'before')];
    const free = await lock(world.server);
    const until = Date.now() + 10_000;
    const insisting = range(5).map((i) => insists(i % 2 ? a : b, order, `during ${i}`));
    assert.deepEqual((await alice.rest.reads(order)).messages, acked, 'reading goes on meanwhile');
    await eventually('ten seconds are over', () => Date.now() > until, { ms: 30_000 });
    await free();
    for (const { message, longest_ms, refusals } of await Promise.all(insisting)) {
      assert.ok(refusals > 0, 'it was refused meanwhile');
      assert.ok(longest_ms < 9_000 * factor, `an answer took ${longest_ms} ms`);
      acked.push(message);
    }
    acked.push(await b.sends(order, 'after'));
    assert.deepEqual(await alice.rest.readsAll(order), acked.sort((x, y) => x.seq - y.seq));
    assert.deepEqual(acked.map((m) => m.seq), range(7).map((i) => i + 1));
  });

  test('a full disk: refused in time, nothing acknowledged is lost, it goes on when there is room again', async () => {
    const { alice, order, a, b } = await world.talk();
    const acked = [];
    const limit = (size) => execFileSync('prlimit', [`--pid=${world.server.pid}`, `--fsize=${size}:unlimited`]);
    const log = join(world.server.dataDir, 'rozmova.db-wal');
    limit(statSync(log).size + 200_000);
    try {
      for (let refusal; !refusal; ) {
        assert.ok(acked.length < 1_000, 'the disk is full at some time');
        const since = Date.now();
        const ack = await a.asks('order_message', { orderId: order.id, content: 'x'.repeat(5_000) });
        if (ack.ok) acked.push(ack.message);
        else refusal = ack.error;
        assert.ok(Date.now() - since < 5_000 * factor);
        if (refusal) assert.equal(refusal.code, 'UNAVAILABLE');
      }
      await a.isRefused('order_message', { orderId: order.id, content: 'y'.repeat(5_000) }, 'UNAVAILABLE');
      assert.equal((await alice.rest.readsAll(order)).length, acked.length, 'reading goes on meanwhile');
    } finally {
      limit('unlimited');
    }
    acked.push(await b.sends(order, 'there is room again'));
    await world.server.restart('kill9');
    assert.deepEqual(await alice.rest.readsAll(order), acked);
    assert.deepEqual(acked.map((m) => m.seq), range(acked.length).map((i) => i + 1));
  });
});
