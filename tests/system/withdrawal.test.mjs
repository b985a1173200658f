// Access that another program takes away in the database: an idle reader hears nothing more, within a second.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { factor } from './lib/deadline.mjs';
import { onPostgres } from './lib/postgres.mjs';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

const second_ms = 1000 * factor;

describe('access withdrawn in the database', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  /** An open dispute about the order, as the marketplace would write it. */
  async function dispute(order, openedBy) {
    const id = randomUUID();
    await sqlite(world.server, `INSERT INTO disputes (id, order_id, opened_by) VALUES (${q(id)}, ${q(order.id)}, ${q(openedBy.id)})`);
    return { id };
  }

  test('a performer who is replaced stops hearing, the new one and the client go on', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    const carol = await world.person('performer');
    const second = await bob.device();
    await second.joins(order);
    const other = await world.order(alice, bob);
    await b.joins(other);
    const began = Date.now();
    await sqlite(world.server, `UPDATE orders SET performer_id = ${q(carol.id)} WHERE id = ${q(order.id)}`);
    for (const device of [b, second]) {
      await device.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id, event: 'join_order_chat' }, { ms: second_ms });
    }
    assert.ok(Date.now() - began < second_ms);
    await a.sends(order, 'not for Bob any more');
    const c = await carol.device();
    assert.deepEqual((await c.joins(order)).messages.map((m) => m.content), ['not for Bob any more']);
    // What comes in a chat that is still his proves that nothing came before it.
    await a.sends(other, 'for Bob');
    await b.hears('order_message', { content: 'for Bob' });
    assert.deepEqual([...b.heard('order_message', { orderId: order.id }), ...second.heard('order_message')], []);
    assert.equal(a.heard('chat_error').length, 0);
    await b.isRefused('order_message', { orderId: order.id, content: 'x' }, 'FORBIDDEN');
    assert.equal(b.heard('disconnect').length, 0);
  });

  test('an order that is deleted: everybody leaves its chat, and that of its dispute', async () => {
    const { alice, order, a, b } = await world.talk();
    const d = await dispute(order, alice);
    await a.does('join_dispute_chat', { disputeId: d.id });
    await sqlite(world.server, `DELETE FROM orders WHERE id = ${q(order.id)}`);
    await Promise.all([
      a.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms }),
      b.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms }),
      a.hears('chat_error', { code: 'FORBIDDEN', disputeId: d.id }, { ms: second_ms }),
    ]);
    await a.isRefused('join_order_chat', { orderId: order.id }, 'NOT_FOUND');
  });

  test('a moderator hears the chat of an order as long as its dispute is not closed', async () => {
    const { alice, order, a } = await world.talk();
    const m = await (await world.person('moderator')).device();
    await m.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
    const d = await dispute(order, alice);
    await m.joins(order);
    await m.does('join_dispute_chat', { disputeId: d.id });
    await a.sends(order, 'the moderator reads this');
    await m.hears('order_message', { content: 'the moderator reads this' });
    await sqlite(world.server, `UPDATE disputes SET status = 'closed' WHERE id = ${q(d.id)}`);
    await m.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms });
    await a.sends(order, 'and not this');
    await m.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
    assert.equal(m.heard('order_message').length, 1);
    assert.deepEqual(m.heard('chat_error', { disputeId: d.id }), []);
  });

  test('a row that is replaced as a whole counts too', async () => {
    const { alice, order, a, b } = await world.talk();
    const carol = await world.person('performer');
    await sqlite(
      world.server,
      onPostgres
        ? `INSERT INTO orders SELECT * FROM orders WHERE id = ${q(order.id)}
           ON CONFLICT (id) DO UPDATE SET performer_id = ${q(carol.id)}`
        : `REPLACE INTO orders (id, number, title, client_id, performer_id)
           SELECT id, number, title, client_id, ${q(carol.id)} FROM orders WHERE id = ${q(order.id)}`,
    );
    await b.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms });
    assert.equal(a.heard('chat_error').length, 0);
    assert.ok(alice);
  });

  describe('the role in the users table, for tokens that name none', () => {
    const roleless = (person) => person.device({ auth: { token: person.token({ role: undefined }) } });
    const becomes = (person, role) => sqlite(world.server, `UPDATE users SET role = ${q(role)} WHERE id = ${q(person.id)}`);

    test('counts from the next action on, and what it allowed is not heard any more', async () => {
      const { order, a } = await world.talk();
      const dora = await world.person('client');
      const d = await roleless(dora);
      await d.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
      await becomes(dora, 'admin');
      assert.equal((await d.joins(order)).role, 'admin');
      await d.sends(order, 'as an admin');
      assert.equal((await dora.rest.asks('GET', `/v1/orders/${order.id}`)).status, 403, 'the token of her REST says client');
      await a.sends(order, 'she hears this');
      await d.hears('order_message', { content: 'she hears this' });
      await becomes(dora, 'client');
      await d.isRefused('order_message', { orderId: order.id, content: 'not any more' }, 'FORBIDDEN');
      await d.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms });
      await a.sends(order, 'she does not hear this');
      await d.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
      assert.equal(d.heard('order_message', { content: 'she does not hear this' }).length, 0);
    });

    test('an idle reader is out within a second', async () => {
      const { order, a } = await world.talk();
      const dora = await world.person('client');
      await becomes(dora, 'admin');
      const d = await roleless(dora);
      await d.joins(order);
      await becomes(dora, 'performer');
      await d.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id }, { ms: second_ms });
      await a.sends(order, 'unheard');
      await d.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
      assert.equal(d.heard('order_message').length, 0);
    });

    test('a token that names a role keeps it', async () => {
      const { order, a } = await world.talk();
      const d = await world.admin.device();
      await d.joins(order);
      await becomes(world.admin, 'client');
      await a.sends(order, 'still heard');
      await d.hears('order_message', { content: 'still heard' });
      await d.sends(order, 'still written');
    });
  });
});
