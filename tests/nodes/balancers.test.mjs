// deploy/nginx.conf and deploy/haproxy.cfg as they are, but for the ports: two nodes, the official client by each transport,
// kept at one node or sent around.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pollingOnly, upgrading, websocketOnly } from '../system/lib/device.mjs';
import { eventually, within } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Haproxy, Nginx } from './lib/engines.mjs';

const ping_interval_ms = 25_000;

let cluster;
const ways = [];
for (const balancer of [Nginx, Haproxy]) {
  for (const sticky of [true, false])
    ways.push({ balancer, sticky, name: `${balancer.name} ${sticky ? 'that keeps who comes at one node' : 'that goes round'}` });
}

before(async () => {
  cluster = await Cluster.start(2);
  for (const way of ways) {
    way.proxy = await way.balancer.start(cluster.nodes, { sticky: way.sticky });
    // A poll that begins now and is looked at when it is as old as they get.
    way.order = await cluster.order();
    way.poller = await cluster.device(way.proxy, way.order.client, pollingOnly).connects();
    await way.poller.joins(way.order);
    way.ping = new Promise((done) => way.poller.socket.io.engine.on('packet', ({ type }) => type === 'ping' && done()));
  }
});
after(async () => {
  for (const { proxy } of ways) await proxy?.stop();
  await cluster?.stop();
});

for (const way of ways) {
  describe(way.name, () => {
    for (const [name, options] of Object.entries({ websocket: websocketOnly, polling: pollingOnly, upgrade: upgrading })) {
      test(`two people talk by ${name}`, async () => {
        const order = await cluster.order();
        const a = await cluster.device(way.proxy, order.client, options).connects();
        const b = await cluster.device(way.proxy, order.performer, options).connects();
        await a.joins(order);
        await b.joins(order);
        if (name === 'upgrade') await eventually('both are upgraded', () => a.transport === 'websocket' && b.transport === 'websocket');
        for (let i = 1; i <= 20; ++i) {
          const [from, to] = i % 2 ? [a, b] : [b, a];
          await from.sends(order, `повідомлення ${i}`);
          await to.hears('order_message', { seq: i });
        }
        assert.equal(a.heard('disconnect').length + b.heard('disconnect').length, 0);
        a.closes();
        b.closes();
      });
    }

    test('a file larger than any buffer goes through', async () => {
      const order = await cluster.order();
      const form = new FormData();
      form.set('orderId', order.id);
      form.set('file', new Blob([new Uint8Array(3_000_000).fill(0x41)], { type: 'text/plain' }), 'довгий.txt');
      const headers = { authorization: `Bearer ${cluster.token(order.client)}` };
      const answer = await fetch(`${way.proxy.url}/v1/uploads`, { method: 'POST', headers, body: form });
      assert.equal(answer.status, 201, await answer.clone().text());
    });

    test('the node knows whose connection it is, whatever he says of himself', async () => {
      const person = cluster.person('client');
      const device = await cluster.device(way.proxy, person, { extraHeaders: { 'X-Forwarded-For': '198.51.100.66' } }).connects();
      const { connections } = await cluster.admin.does('GET', `/v1/admin/connections?userId=${person.id}`);
      assert.deepEqual(connections.map((one) => one.address), ['127.0.0.1']);
      device.closes();
    });
  });
}

for (const way of ways) {
  test(`${way.name} does not cut a long poll`, async () => {
    await within(ping_interval_ms + 10_000, 'the ping that ends it', way.ping);
    assert.equal(way.poller.heard('disconnect').length, 0);
    await way.poller.sends(way.order, 'ще тут');
    way.poller.closes();
  });
}

for (const way of ways) {
  test(`${way.name}: a node that goes takes nobody with it`, async () => {
    const order = await cluster.order();
    const a = await cluster.device(way.proxy, order.client, upgrading).connects();
    const b = await cluster.device(way.proxy, order.performer, upgrading).connects();
    await a.joins(order);
    await b.joins(order);
    const going = cluster.nodes[1];
    await going.terminate();
    for (let i = 1; i <= 6; ++i) {
      // Perhaps at the second attempt: nginx that goes round learns of a node's end by sending somebody there.
      const fresh = cluster.device(way.proxy, order.client, i % 2 ? upgrading : websocketOnly);
      fresh.socket.connect();
      await fresh.hears('connect');
      fresh.closes();
    }
    await going.spawn();
    await eventually('both are back', () => a.socket.connected && b.socket.connected);
    await a.joins(order);
    await b.joins(order);
    const { seq } = await a.sends(order, 'знову разом');
    await b.hears('order_message', { seq });
    a.closes();
    b.closes();
  });
}
