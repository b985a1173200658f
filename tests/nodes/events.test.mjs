// Three nodes, one PostgreSQL, one Redis: every event of the contract from one node to another, by each transport.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { pollingOnly, upgrading, websocketOnly } from '../system/lib/device.mjs';
import { eventually } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start(3, { env: { PRESENCE_GRACE_MS: '200', CONNECTIONS_PER_USER_MAX: '4' } });
});
after(() => cluster?.stop());

/** Two people of one order, at two nodes, in its chat. */
async function talk(options = {}, [here, there] = cluster.nodes) {
  const order = await cluster.order();
  const a = await cluster.device(here, order.client, options).connects();
  const b = await cluster.device(there, order.performer, options).connects();
  await a.joins(order);
  await b.joins(order);
  return { order, a, b, close: () => (a.closes(), b.closes()) };
}

for (const [name, options] of Object.entries({ websocket: websocketOnly, polling: pollingOnly, upgrade: upgrading })) {
  describe(`from node to node, by ${name}`, () => {
    let order, a, b, close;
    before(async () => ({ order, a, b, close } = await talk(options)));
    after(() => close?.());

    test('messages, in one order for all', async () => {
      const sent = [await a.sends(order, 'раз'), await b.sends(order, 'два'), await a.sends(order, 'три')];
      assert.deepEqual(sent.map((message) => message.seq), [1, 2, 3]);
      for (const device of [a, b]) {
        for (const message of sent) assert.deepEqual(await device.hears('order_message', { seq: message.seq }), message);
      }
    });

    test('a long message, of which the bus brings only a hint', async () => {
      const message = await a.sends(order, 'ї'.repeat(9_000));
      assert.deepEqual(await b.hears('order_message', { seq: message.seq }), message);
    });

    test('the same clientMessageId at two nodes is one message', async () => {
      const clientMessageId = randomUUID();
      const again = await cluster.device(cluster.nodes[2], order.client, options).connects();
      const [first, second] = await Promise.all([
        a.sends(order, 'один раз', { clientMessageId }),
        again.sends(order, 'один раз', { clientMessageId }),
      ]);
      assert.deepEqual(first, second);
      await b.hears('order_message', { clientMessageId });
      await a.sends(order, 'кінець');
      await b.hears('order_message', { content: 'кінець' });
      assert.equal(b.heard('order_message', { clientMessageId }).length, 1);
      again.closes();
    });

    test('what the outbox says, once at every node', async () => {
      const content = `Кошти зарезервовано ${randomUUID()}`;
      await cluster.postgres.ask(`INSERT INTO rozmova_outbox (kind, payload) VALUES ('system_message', '${JSON.stringify({ orderId: order.id, content })}')`);
      for (const device of [a, b]) await device.hears('order_message', { content });
      const { seq } = await a.sends(order, 'після неї');
      for (const device of [a, b]) {
        await device.hears('order_message', { seq });
        assert.equal(device.heard('order_message', { content }).length, 1);
      }
    });

    test('edits and deletions', async () => {
      const message = await a.sends(order, 'з помилкою');
      await a.does('order_message_edit', { orderId: order.id, messageId: message.id, content: 'без помилки' });
      assert.equal((await b.hears('order_message_edited', { id: message.id })).content, 'без помилки');
      await a.does('order_message_delete', { orderId: order.id, messageId: message.id });
      assert.ok((await b.hears('order_message_deleted', { id: message.id })).deletedAt);
    });

    test('typing, and its end', async () => {
      await a.types(order);
      assert.deepEqual(await b.hears('order_typing', { isTyping: true }), { orderId: order.id, userId: order.client.id, isTyping: true });
      await a.types(order, false);
      await b.hears('order_typing', { isTyping: false });
    });

    test('read marks', async () => {
      const { seq } = await a.sends(order, 'прочитай');
      await b.does('order_read', { orderId: order.id, seq });
      assert.equal((await a.hears('order_read', { seq })).userId, order.performer.id);
    });

    test('statuses: the system message, the update once, and to who is not in the chat too', async () => {
      const aside = await cluster.device(cluster.nodes[2], order.client, options).connects();
      await b.does('order_status', { orderId: order.id, status: 'accepted' });
      for (const device of [a, b, aside]) await device.hears('order_status_update', { status: 'accepted' });
      await a.hears('order_message', { type: 'system' });
      await a.sends(order, 'прийнято');
      for (const device of [a, b]) {
        await device.hears('order_message', { content: 'прийнято' });
        assert.equal(device.heard('order_status_update', { status: 'accepted' }).length, 1);
      }
      aside.closes();
    });

    test('presence: gone only when the last device at any node is', async () => {
      const second = await cluster.device(cluster.nodes[2], order.performer, options).connects();
      await second.joins(order);
      const third = await cluster.device(cluster.nodes[1], order.client, options).connects();
      const { participants } = await third.joins(order);
      assert.ok(participants.every((person) => person.isOnline), JSON.stringify(participants));
      third.closes();
      second.closes();
      await a.sends(order, 'ще тут?');
      await b.hears('order_message', { content: 'ще тут?' });
      assert.equal(a.heard('user_presence', { userId: order.performer.id, isOnline: false }).length, 0);
      await b.closes();
      const gone = await a.hears('user_presence', { userId: order.performer.id, isOnline: false });
      assert.ok(gone.lastSeenAt);
    });
  });
}

describe('what concerns a person', () => {
  test('a notification reaches the devices at other nodes, and only who does not look gets one', async () => {
    const { order, a, b, close } = await talk();
    const away = await cluster.device(cluster.nodes[2], order.performer).connects();
    const { seq } = await a.sends(order, 'ти де?');
    await b.hears('order_message', { seq });
    await away.hears('unread', (said) => said.total > 0);
    assert.equal(away.heard('notification').length, 0, 'his device at another node looks at the chat');
    await b.leaves(order);
    await a.sends(order, 'агов');
    assert.equal((await away.hears('notification')).type, 'order_message');
    close();
    away.closes();
  });

  test('a dispute: moderators at other nodes hear of it, talk in it, and decide', async () => {
    const { order, a, b, close } = await talk();
    const moderator = cluster.person('moderator', 'Мирослава');
    const m = await cluster.device(cluster.nodes[2], moderator).connects();
    await b.does('order_status', { orderId: order.id, status: 'accepted' });
    const dispute = await cluster.rest(cluster.nodes[0], order.client).does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'тече' });
    await m.hears('dispute_status_update', { status: 'open' });
    await m.does('join_dispute_chat', { disputeId: dispute.id });
    await a.does('join_dispute_chat', { disputeId: dispute.id });
    await m.does('dispute_message', { disputeId: dispute.id, content: 'що сталося?' });
    assert.equal((await a.hears('dispute_message', { content: 'що сталося?' })).senderId, moderator.id);
    await a.does('dispute_typing', { disputeId: dispute.id, isTyping: true });
    await m.hears('dispute_typing', { isTyping: true });
    await m.does('dispute_status', { disputeId: dispute.id, status: 'under_review' });
    await a.hears('dispute_status_update', { status: 'under_review' });
    await b.hears('dispute_status_update', { status: 'under_review' });
    close();
    m.closes();
  });

  test('a revoked person is out at every node within a second', async () => {
    const person = cluster.person('client');
    const devices = await Promise.all(cluster.nodes.map((node) => cluster.device(node, person, { reconnection: false }).connects()));
    const began = Date.now();
    await cluster.admin.does('POST', `/v1/admin/users/${person.id}/revoke`, {});
    for (const device of devices) {
      await device.hears('chat_error', { code: 'TOKEN_REVOKED' });
      await device.hears('disconnect');
    }
    assert.ok(Date.now() - began < 1_500, `${Date.now() - began} ms`);
  });

  test('access that ends stops delivery at every node', async () => {
    const { order, b, close } = await talk();
    await cluster.postgres.ask(`UPDATE orders SET performer_id = (SELECT id FROM users WHERE id NOT IN ('${order.client.id}', '${order.performer.id}') LIMIT 1) WHERE id = '${order.id}'`);
    await b.hears('chat_error', { code: 'FORBIDDEN' });
    close();
  });

  test('connections: listed over all nodes, ended from any', async () => {
    const person = cluster.person('client');
    const devices = await Promise.all(cluster.nodes.map((node) => cluster.device(node, person, { reconnection: false }).connects()));
    for (const node of cluster.nodes) {
      const admin = cluster.rest(node, { id: randomUUID(), role: 'admin' });
      const { connections } = await admin.does('GET', `/v1/admin/connections?userId=${person.id}`);
      assert.deepEqual(new Set(connections.map((one) => one.socketId)), new Set(devices.map((device) => device.socket.id)));
    }
    const first = await cluster.admin.does('GET', `/v1/admin/connections?userId=${person.id}&limit=2`);
    const rest = await cluster.admin.does('GET', `/v1/admin/connections?userId=${person.id}&limit=2&cursor=${first.nextCursor}`);
    assert.equal(new Set([...first.connections, ...rest.connections].map((one) => one.socketId)).size, 3);
    await cluster.admin.does('DELETE', `/v1/admin/connections/${devices[2].socket.id}`);
    await devices[2].hears('disconnect');
    await cluster.admin.isRefused('DELETE', `/v1/admin/connections/${'x'.repeat(20)}`, undefined, 404, 'NOT_FOUND');
    for (const device of devices) device.closes();
  });

  test('the limit of connections holds over all nodes', async () => {
    const person = cluster.person('client');
    const at = (i) => cluster.device(cluster.nodes[i % 3], person, { reconnection: false });
    const devices = [];
    for (let i = 0; i < 4; ++i) {
      devices.push(await at(i).connects());
      await eventually('its row is written', async () => {
        const [[rows]] = await cluster.postgres.ask(`SELECT count(*) FROM websocket_connections WHERE user_id = '${person.id}' AND is_active`);
        return Number(rows) === devices.length;
      });
    }
    for (let i = 0; i < 3; ++i) assert.equal((await at(i).isTurnedAway()).code, 'RATE_LIMITED');
    for (const device of devices) device.closes();
  });
});

describe('a person who comes everywhere at once', () => {
  test('keeps as many connections as the limit says, and no fewer', async () => {
    const person = cluster.person('client');
    const devices = cluster.nodes.flatMap((node) => [0, 1, 2, 3].map(() => cluster.device(node, person, { reconnection: false })));
    await Promise.all(devices.map((device) => device.tries().catch(() => undefined)));
    const here = () => devices.filter((device) => device.socket.connected);
    await eventually('the surplus is ended', () => here().length <= 4, { ms: 10_000 });
    const ended = devices.find((device) => device.heard('chat_error').length > 0);
    if (ended) assert.equal(ended.heard('chat_error')[0].code, 'RATE_LIMITED');
    await eventually('the table says four', async () => {
      const [[rows]] = await cluster.postgres.ask(`SELECT count(*) FROM websocket_connections WHERE user_id = '${person.id}' AND is_active`);
      return rows === '4';
    });
    assert.equal(here().length, 4);
    for (const device of devices) device.closes();
  });
});

test('a node is told only what concerns chats that it has members of', async () => {
  const { order, close } = await talk();
  const rows = (await cluster.redis.ask('PUBSUB', 'NUMSUB', `sioxx:/:room:order:${order.id}`)).trim().split('\n');
  assert.equal(rows.at(-1), '2', rows.join(' '));
  close();
});

test('each node tells how many there are, and that the bus is there', async () => {
  for (const node of cluster.nodes) {
    await eventually('three nodes', async () => (await cluster.metric(node, 'rozmova_nodes')) === 3);
    assert.equal(await cluster.metric(node, 'rozmova_bus_up'), 1);
  }
});
