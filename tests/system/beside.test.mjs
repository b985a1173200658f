// Beside a marketplace: its people, orders and disputes as they stand in its own tables, which are never altered.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually } from './lib/deadline.mjs';
import { binary, testEnvironment } from './lib/server.mjs';
import { Shop, writeMapping } from './lib/shop.mjs';
import { Person, World } from './lib/world.mjs';

/** A world whose people and orders are the shop's. */
async function openBeside(mapping = {}, { apart = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rozmova-shop-'));
  const shop = new Shop(join(folder, 'shop.db'));
  if (apart) shop.sql`PRAGMA journal_mode = WAL`;
  const config = join(folder, 'rozmova.toml');
  await writeMapping(config, apart ? { ...mapping, attach: shop.path } : mapping);
  const env = { ROZMOVA_CONFIG: config, ...(apart ? {} : { DATABASE_URL: `sqlite:${shop.path}` }) };
  const world = new World();
  world.devices = [];
  const { Server } = await import('./lib/server.mjs');
  world.server = await Server.start({ env });
  const join2 = (role, name, kind) => {
    const person = new Person(world, role, name);
    person.pk = shop.person(person.id, name, kind);
    return person;
  };
  const alice = join2('client', 'Аліса', 'VIP'), bob = join2('performer', 'Богдан', 'SELLER'), mira = join2('moderator', 'Мирослава', 'SUPPORT');
  const order = { id: shop.deal(alice.pk, bob.pk) };
  const close = async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { world, shop, alice, bob, mira, order, join: join2, close, folder, config, env };
}

const writable = {
  orders: `set_status = "UPDATE main.orders SET state = :status, changed = unixepoch(:now) WHERE uuid = :id"`,
  disputes: `set_status = "UPDATE claims SET state = :status WHERE uuid = :id"
set_moderator = "UPDATE claims SET judge = (SELECT pk FROM accounts WHERE uuid = :moderator) WHERE uuid = :id"
insert = "INSERT INTO claims SELECT :id, :order, pk, NULL, :reason, :status, unixepoch(:now) FROM accounts WHERE uuid = :by"`,
};

describe('beside a marketplace, on its own file', () => {
  let scene;
  before(async () => (scene = await openBeside(writable)));
  afterEach(() => scene.world.closeDevices());
  after(() => scene.close());

  test('its people and orders are there, in our words', async () => {
    const { alice, bob, order } = scene;
    assert.deepEqual((({ name, role }) => ({ name, role }))(await alice.rest.does('GET', '/v1/me')), { name: 'Аліса', role: 'client' });
    const [seen] = (await bob.rest.does('GET', '/v1/orders')).orders;
    assert.deepEqual([seen.id, seen.title, seen.status, seen.number, seen.amount, seen.client.name, seen.performer.name], [order.id, 'Кран', 'created', 77, 120.5, 'Аліса', 'Богдан']);
    assert.equal(seen.createdAt, '2023-11-14T22:13:20.000Z');
  });

  test('chats work as ever; strangers stay outside', async () => {
    const { world, alice, bob, order } = scene;
    const [a, b] = [await alice.device(), await bob.device()];
    await a.joins(order);
    await b.joins(order);
    const message = await a.sends(order, 'привіт');
    assert.deepEqual(await b.hears('order_message', { id: message.id }), message);
    await b.does('order_read', { orderId: order.id, seq: message.seq });
    const stranger = scene.join('client', 'Інший', 'BUYER');
    await stranger.rest.isRefused('GET', `/v1/orders/${order.id}/messages`, undefined, 403, 'FORBIDDEN');
    const unknown = new Person(world, 'client', 'Ніхто');
    await unknown.rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'x' }, 403, 'FORBIDDEN');
    await alice.rest.isRefused('POST', '/v1/orders', { title: 'x', performerId: bob.id }, 403, 'FORBIDDEN');
  });

  test('nothing of theirs is altered', () => {
    assert.deepEqual(scene.shop.schema(), scene.shop.before);
    assert.equal(scene.shop.sql`SELECT count(*) AS n FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('orders', 'accounts', 'claims')`[0].n, 0);
    assert.equal(scene.shop.sql`SELECT count(*) AS n FROM sqlite_master WHERE sql LIKE '%REFERENCES orders (id)%'`[0].n, 0);
  });

  test('what it changes counts at the next action', async () => {
    const { shop, alice, bob } = scene;
    const order = { id: shop.deal(alice.pk, bob.pk) };
    await bob.rest.sends(order, 'so far');
    const device = await bob.device();
    await device.joins(order);
    shop.sql`DELETE FROM members WHERE deal = ${order.id} AND part = 'seller'`;
    shop.sql`INSERT INTO members VALUES (${order.id}, ${scene.mira.pk}, 'seller')`;
    await device.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id });
    await bob.rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'x' }, 403, 'FORBIDDEN');
    shop.sql`UPDATE orders SET state = 'OFF' WHERE uuid = ${order.id}`;
    await alice.rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'x' }, 409, 'CHAT_CLOSED');
  });

  test('statuses are written with its statement, in its words', async () => {
    const { shop, alice, bob } = scene;
    const order = { id: shop.deal(alice.pk, bob.pk) };
    await bob.rest.does('POST', `/v1/orders/${order.id}/status`, { status: 'accepted' });
    assert.equal(shop.sql`SELECT state FROM orders WHERE uuid = ${order.id}`[0].state, 'AGREED');
    await bob.rest.does('POST', `/v1/orders/${order.id}/status`, { status: 'in_progress' });
    assert.equal(shop.sql`SELECT state FROM orders WHERE uuid = ${order.id}`[0].state, 'WORK');
    const opened = await alice.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'не те' });
    const claim = shop.sql`SELECT * FROM claims WHERE deal = ${order.id}`[0];
    assert.deepEqual([claim.uuid, claim.by_whom, claim.why, claim.state], [opened.id ?? opened.dispute?.id, alice.pk, 'не те', 'OPENED']);
    await scene.mira.rest.does('POST', `/v1/disputes/${claim.uuid}/status`, { status: 'under_review' });
    assert.equal(shop.sql`SELECT judge FROM claims WHERE uuid = ${claim.uuid}`[0].judge, scene.mira.pk);
  });
});

describe('beside a marketplace, reading another file of it', () => {
  let scene;
  before(async () => (scene = await openBeside({}, { apart: true })));
  afterEach(() => scene.world.closeDevices());
  after(() => scene.close());

  test('chats work; statuses are not ours', async () => {
    const { alice, bob, order, shop } = scene;
    const message = await alice.rest.sends(order, 'привіт');
    assert.deepEqual((await bob.rest.readsAll(order)).map((m) => m.id), [message.id]);
    await bob.rest.isRefused('POST', `/v1/orders/${order.id}/status`, { status: 'accepted' }, 403, 'FORBIDDEN');
    assert.equal(shop.sql`SELECT count(*) AS n FROM sqlite_master WHERE name = 'messages'`[0].n, 0);
    shop.sql`UPDATE orders SET state = 'OFF' WHERE uuid = ${order.id}`;
    await alice.rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'x' }, 409, 'CHAT_CLOSED');
  });
});

describe('a mapping that is wrong', () => {
  test('is told by name, at check-config and at the start', async () => {
    const { world, shop, folder, config, env, close } = await openBeside();
    const run = (command) => spawnSync(binary, [command], { env: testEnvironment({ ...env, DATA_DIR: folder }), encoding: 'utf8' });
    try {
      await world.server.terminate();
      assert.equal(run('check-config').status, 0);
      await writeMapping(config, { orders: 'deadline_at = "no_such_column"' });
      assert.match(run('check-config').stderr, /marketplace\.orders\.deadline_at: .*no_such_column/);
      assert.match(run('doctor').stdout, /FIX +marketplace +.*no_such_column/);
      await writeMapping(config, { orders: 'colour = "x"' });
      assert.match(run('check-config').stderr, /There is no marketplace\.orders\.colour/);
      await writeMapping(config);
      shop.sql`UPDATE orders SET state = 'FROZEN'`;
      assert.match(run('check-config').stderr, /marketplace\.orders\.statuses: 1 rows have 'FROZEN'/);
      shop.sql`UPDATE orders SET state = 'NEW'`;
      await world.server.spawn();
      await eventually('it is there again', async () => (await fetch(`${world.url}/readyz`)).ok);
    } finally {
      await close();
    }
  });
});
