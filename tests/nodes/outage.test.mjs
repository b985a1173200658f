// Redis goes away and comes back: what each node says of it, and what everybody has within a second of its return, also of
// things that have no number.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';

const back_ms = 1_000;

let cluster;
before(async () => (cluster = await Cluster.start(2, { env: { PRESENCE_GRACE_MS: '100', REDIS_ADAPTER_KEY: 'socket.io' } })));
after(() => cluster?.stop());

const ready = (node) => fetch(`${node.url}/readyz`).then(async (answer) => ({ code: answer.status, ...(await answer.json()) }));
const bus = (state) =>
  eventually(`/readyz says that the bus is ${state}`, async () => (await Promise.all(cluster.nodes.map(ready))).every((said) => said.bus === state), { ms: 20_000, every_ms: 20 });

const ways = {
  killed: { goes: () => cluster.redis.kill9(), comes: () => cluster.redis.startAgain() },
  stopped: { goes: () => cluster.redis.signal('SIGSTOP'), comes: () => cluster.redis.signal('SIGCONT') },
};

for (const [how, { goes, comes }] of Object.entries(ways)) {
  describe(`Redis is ${how}`, () => {
    test('a node stays ready and says since when its bus is away; metrics agree', async () => {
      await bus('up');
      const since = Math.floor(Date.now() / 1000) * 1000;
      await goes();
      await bus('down');
      for (const node of cluster.nodes) {
        const said = await ready(node);
        assert.equal(said.code, 200, JSON.stringify(said));
        assert.equal(said.status, 'ready');
        const downSince = Date.parse(said.busSince);
        assert.ok(downSince >= since && downSince <= Date.now(), said.busSince);
        assert.equal(await cluster.metric(node, 'rozmova_bus_up'), 0);
        assert.equal(await cluster.metric(node, 'rozmova_bus_since_seconds'), downSince / 1000);
        assert.equal(await cluster.metric(node, 'rozmova_bus_processes'), 0);
        assert.equal(await cluster.metric(node, 'rozmova_redis_adapter_up'), 0);
      }
      await comes();
      await bus('up');
      for (const node of cluster.nodes) {
        await eventually('the other one is heard', async () => (await cluster.metric(node, 'rozmova_bus_processes')) === 1);
        await eventually('greetings come back', async () => (await cluster.metric(node, 'rozmova_bus_echo_seconds')) < 0.5);
        await eventually('the other one greets', async () => (await cluster.metric(node, 'rozmova_bus_silence_seconds')) < 2);
        assert.equal(await cluster.metric(node, 'rozmova_redis_adapter_up'), 1);
      }
    });

    // Before a node has noticed, and after: what is said in either time must not be lost.
    for (const when of ['before it is noticed', 'after it was noticed']) {
      test(`what happens ${when} is everywhere within a second of its return`, async (t) => {
        await bus('up');
        const order = await cluster.order(), other = await cluster.order();
        const [a, b] = await Promise.all([
          cluster.device(cluster.nodes[0], order.client).connects(),
          cluster.device(cluster.nodes[1], order.performer).connects(),
        ]);
        await a.joins(order);
        await b.joins(order);
        const first = await b.sends(order, 'прочитай мене');
        await a.hears('order_message', { seq: first.seq });
        const aside = await cluster.device(cluster.nodes[1], other.performer).connects();
        const c = await cluster.device(cluster.nodes[0], order.client).connects();
        await c.joins(order);
        const leaving = await cluster.device(cluster.nodes[0], other.client).connects();
        const watcher = await cluster.device(cluster.nodes[1], other.performer).connects();
        await watcher.joins(other);
        await leaving.joins(other);

        await goes();
        if (when.startsWith('after')) await bus('down');
        const message = await a.sends(order, 'поки шини немає');
        const edited = await a.sends(order, 'з помилкою');
        await a.does('order_message_edit', { orderId: order.id, messageId: edited.id, content: 'без помилки' });
        await a.does('order_message_delete', { orderId: order.id, messageId: message.id });
        await a.does('order_read', { orderId: order.id, seq: first.seq });
        await cluster.rest(cluster.nodes[0], order.performer).does('POST', `/v1/orders/${order.id}/status`, { status: 'accepted' });
        await cluster.admin.does('POST', '/v1/admin/notifications', { userIds: [other.performer.id], type: 'news', content: 'знижка' });
        const began = Date.now();
        await c.hears('order_message', { seq: edited.seq });
        assert.ok(Date.now() - began < back_ms, 'locally at once');
        await leaving.closes();
        await bus('down');
        await comes();
        const returned = Date.now();
        const within = { ms: 5_000 };
        await b.hears('order_message', { seq: edited.seq }, within);
        await b.hears('order_message_edited', { id: edited.id, content: 'без помилки' }, within);
        await b.hears('order_message_deleted', { id: message.id }, within);
        await b.hears('order_read', { userId: order.client.id, seq: first.seq }, within);
        await b.hears('order_status_update', { status: 'accepted' }, within);
        await aside.hears('notification', { content: 'знижка' }, within);
        await watcher.hears('user_presence', { userId: other.client.id, isOnline: false }, within);
        const took = Date.now() - returned;
        t.diagnostic(`${took} ms after its return`);
        assert.ok(took < back_ms + 500, `${took} ms`);
        for (const [device, event, wanted] of [[b, 'order_read', { userId: order.client.id, seq: first.seq }], [aside, 'notification', { content: 'знижка' }], [b, 'order_message', { seq: edited.seq }]])
          assert.equal(device.heard(event, wanted).length, 1, `${event} once`);
        for (const device of [a, b, c, aside, watcher]) device.closes();
      });
    }
  });
}
