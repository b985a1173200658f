// The outbox: what another program commits becomes an event once, what it rolls back never was.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from './lib/deadline.mjs';
import { onPostgres } from './lib/postgres.mjs';
import { quoted, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

describe('outbox', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  /** A transaction of the marketplace's with one row of the outbox, or several. */
  const commits = (rows, { work = '', end = 'COMMIT' } = {}) => sqlite(world.server,
    `${onPostgres ? 'BEGIN' : 'BEGIN IMMEDIATE'}; ${work}; ${rows.map(([kind, payload]) => `INSERT INTO rozmova_outbox (kind, payload) VALUES (${quoted(kind)}, ${quoted(typeof payload === 'string' ? payload : JSON.stringify(payload))});`).join(' ')} ${end};`);
  const errors = async () => (await sqlite(world.server, "SELECT error FROM rozmova_outbox WHERE error IS NOT NULL ORDER BY id")).split('\n').filter(Boolean);
  const allDone = () => eventually('the outbox is empty', async () => (await sqlite(world.server, 'SELECT count(*) FROM rozmova_outbox WHERE processed_at IS NULL')) === '0');

  test('a system message, a status and a notification arrive within a second, in their order', async () => {
    const { alice, order, a, b } = await world.talk();
    const began = Date.now();
    await commits([
      ['system_message', { orderId: order.id, content: 'Кошти зарезервовано' }],
      ['order_status', { orderId: order.id, status: 'accepted', note: 'оплачено' }],
      ['notification', { userId: alice.id, content: 'Оплачено', type: 'payment', data: { sum: 5 } }],
    ]);
    const message = await b.hears('order_message', { content: 'Кошти зарезервовано' });
    assert.ok(Date.now() - began < 1_500, `after ${Date.now() - began} ms`);
    assert.deepEqual([message.type, message.seq], ['system', 1]);
    const update = await b.hears('order_status_update', { orderId: order.id });
    assert.deepEqual([update.status, update.previousStatus, update.changedBy], ['accepted', 'created', null]);
    const told = await a.hears('notification', { type: 'payment' });
    assert.deepEqual([told.content, told.data], ['Оплачено', { sum: 5 }]);
    assert.equal((await alice.rest.does('GET', `/v1/orders/${order.id}`)).status, 'accepted');
  });

  test('a change that was made in the same transaction is announced, not made again', async () => {
    const { order, b } = await world.talk();
    await commits([['order_status', { orderId: order.id, status: 'accepted' }]], { work: `UPDATE orders SET status = 'accepted' WHERE id = ${quoted(order.id)}` });
    const update = await b.hears('order_status_update', { orderId: order.id });
    assert.equal(update.status, 'accepted');
    await commits([['order_status', { orderId: order.id, status: 'accepted' }]]);
    await allDone();
    assert.equal(b.heard('order_status_update').length, 1);
  });

  test('what is rolled back never was', async () => {
    const { alice, order } = await world.talk();
    await commits([['system_message', { orderId: order.id, content: 'nothing' }]], { end: 'ROLLBACK' });
    await commits([['system_message', { orderId: order.id, content: 'something' }]]);
    await allDone();
    assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.content), ['something']);
  });

  test('bad rows say what is wrong with them and hold up nobody', async () => {
    const { alice, order } = await world.talk();
    await commits([
      ['nonsense', {}], ['system_message', 'no json'], ['system_message', { orderId: 'x', content: 'y' }], ['order_status', { orderId: randomUUID(), status: 'accepted' }],
      ['order_status', { orderId: order.id, status: 'completed' }], ['notification', { userId: randomUUID(), content: 'x' }], ['notification', { userId: alice.id }],
      ['notification', { userId: alice.id, userIds: [alice.id], content: 'x' }], ['notification', { userId: alice.id, content: 'x'.repeat(1_001) }],
      ['order_status', { orderId: order.id, status: 'accepted', note: 'ж'.repeat(2_001) }], ['system_message', { orderId: order.id, content: 'a\u0000b' }], ['system_message', { orderId: order.id, content: '\u200b' }],
      ['system_message', { orderId: order.id, content: 'behind them' }],
    ]);
    await allDone();
    assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.content), ['behind them']);
    const wrong = await errors();
    assert.equal(wrong.length, 12, wrong.join('\n'));
    assert.match(wrong[0], /the kind is none of/);
    assert.match(wrong[4], /ILLEGAL_TRANSITION/);
  });

  test('killed between: each row becomes one event', async () => {
    const { alice, order } = await world.talk();
    for (const round of range(5)) {
      await commits(range(40).map((i) => ['system_message', { orderId: order.id, content: `${round}-${i}` }]));
      await world.server.restart('kill9');
    }
    await allDone();
    const said = (await alice.rest.readsAll(order)).map((m) => m.content);
    assert.deepEqual(said, range(5).flatMap((round) => range(40).map((i) => `${round}-${i}`)));
  });
});
