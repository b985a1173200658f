// Beside a marketplace whose keys are whole numbers, as most are: docs/operations.md tells how, and this does it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, holds } from './lib/deadline.mjs';
import { binary, Server, testEnvironment } from './lib/server.mjs';
import { Shop } from './lib/shop.mjs';
import { Person, World } from './lib/world.mjs';

/** The UUID that stands for a number: what the page and the issuer of tokens compute. */
const uuidOf = (number) => `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;
const sqlOf = (column) => `printf('00000000-0000-8000-8000-%012x', ${column})`;

const mapping = (id) => `
[marketplace.users]
from = "people"
id = "${id('id')}"
name = "name"
role = "role"

[marketplace.orders]
from = "main.deals"
id = "${id('id')}"
number = "id"
client = "${id('buyer')}"
performer = "${id('seller')}"
status = "state"
set_status = "UPDATE main.deals SET state = :status WHERE ${sqlOf('id')} = :id"

[marketplace.disputes]
from = "main.claims"
id = "${id('id')}"
order = "${id('deal')}"
opened_by = "${id('by_whom')}"
status = "state"
set_status = "UPDATE main.claims SET state = :status WHERE ${sqlOf('id')} = :id"
`;

describe('beside a marketplace whose keys are numbers', () => {
  let world, shop, folder, env;
  const someone = (number, role) => Object.assign(new Person(world, role, 'x'), { id: uuidOf(number) });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rozmova-numbers-'));
    shop = Object.assign(Object.create(Shop.prototype), { path: join(folder, 'shop.db') });
    const index = (table, column) => `CREATE INDEX ${table}_${column}_uuid ON ${table} (${sqlOf(column)});`;
    shop.run(`
      CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, role TEXT);
      CREATE TABLE deals (id INTEGER PRIMARY KEY, buyer INTEGER, seller INTEGER, state TEXT);
      CREATE TABLE claims (id INTEGER PRIMARY KEY, deal INTEGER, by_whom INTEGER, state TEXT);
      ${index('people', 'id')} ${index('deals', 'id')} ${index('deals', 'buyer')} ${index('deals', 'seller')} ${index('claims', 'id')} ${index('claims', 'deal')}
      INSERT INTO people VALUES (7, 'Аліса', 'client'), (281474976710655, 'Богдан', 'performer'), (9, 'Мирослава', 'moderator'), (10, 'Хтось', 'client');
      INSERT INTO deals VALUES (42, 7, 281474976710655, 'created');`);
    const config = join(folder, 'rozmova.toml');
    await writeFile(config, mapping(sqlOf));
    env = { ROZMOVA_CONFIG: config, DATABASE_URL: `sqlite:${shop.path}` };
    world = new World();
    world.devices = [];
    world.server = await Server.start({ env });
  });
  after(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('people talk, statuses are written, a dispute is decided; strangers stay outside', async () => {
    const [alice, bob, mira, stranger] = [someone(7, 'client'), someone(281474976710655, 'performer'), someone(9, 'moderator'), someone(10, 'client')];
    for (const person of [alice, bob, mira, stranger]) person.rest.token = person.token();
    const order = { id: uuidOf(42) };
    holds((await bob.rest.does('GET', '/v1/orders')).orders[0], { id: order.id, number: 42, clientId: alice.id, performerId: bob.id });
    const [a, b] = [await alice.device(), await bob.device()];
    for (const device of [a, b]) await device.joins(order);
    const message = await a.sends(order, 'привіт');
    holds(await b.hears('order_message', { id: message.id }), { senderId: alice.id, receiverId: bob.id });
    await stranger.rest.isRefused('GET', `/v1/orders/${order.id}/messages`, undefined, 403, 'FORBIDDEN');
    await b.does('order_status', { orderId: order.id, status: 'accepted' });
    assert.deepEqual(shop.run('SELECT id, state FROM deals'), [{ id: 42, state: 'accepted' }]);

    shop.run(`INSERT INTO claims VALUES (5, 42, 7, 'open'); UPDATE deals SET state = 'disputed'`);
    const m = await mira.device();
    const dispute = { disputeId: uuidOf(5) };
    for (const device of [a, b, m]) await device.does('join_dispute_chat', dispute);
    await m.does('dispute_message', { ...dispute, content: 'Розберімося' });
    await a.hears('dispute_message', { content: 'Розберімося' });
    await m.does('dispute_status', { ...dispute, status: 'under_review' });
    assert.equal(shop.run('SELECT state FROM claims')[0].state, 'under_review');
    // Access that ends is access that ends.
    shop.run('UPDATE deals SET seller = 10');
    await b.hears('chat_error', { event: 'join_order_chat', code: 'FORBIDDEN' });
  });

  test('a key that is looked for is found by their index', () => {
    for (const [table, column] of [['people', 'id'], ['deals', 'buyer'], ['claims', 'deal']]) {
      const view = `SELECT * FROM (SELECT ${sqlOf(column)} AS key FROM ${table}) WHERE key = 'x'`;
      assert.match(spawnSync('sqlite3', [shop.path, `EXPLAIN QUERY PLAN ${view}`], { encoding: 'utf8' }).stdout, /SEARCH .* USING (COVERING )?INDEX/);
    }
  });

  test('numbers that are mapped as they are stop the start, and the sentence says what to do', async () => {
    const other = join(folder, 'wrong.toml');
    await writeFile(other, mapping((column) => column));
    const check = spawnSync(binary, ['check-config'], { env: testEnvironment({ ...env, ROZMOVA_CONFIG: other, DATA_DIR: folder }), encoding: 'utf8' });
    assert.notEqual(check.status, 0);
    assert.match(check.stderr, /marketplace\.users\.id: '7' is no UUID/);
    assert.match(check.stderr, /docs\/operations\.md/);
    await eventually('the good one goes on', async () => (await fetch(`${world.url}/readyz`)).ok);
  });
});
