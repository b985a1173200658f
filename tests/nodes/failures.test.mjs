// Everything breaks while people talk behind a balancer that goes round; afterwards a checker reads what each of them heard
// and what the database has.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../system/lib/deadline.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Haproxy } from './lib/engines.mjs';
import { Load } from './lib/load.mjs';

let cluster, proxy;
before(async () => {
  cluster = await Cluster.start(3, { env: { PRESENCE_GRACE_MS: '200', SHUTDOWN_SPREAD_MS: '300' } });
  proxy = await Haproxy.start(cluster.nodes, { sticky: false });
});
after(async () => {
  await proxy?.stop();
  await cluster?.stop();
});

const bus = (up) =>
  eventually(`every node says that the bus is ${up ? 'there' : 'away'}`, async () => {
    const said = await Promise.all(cluster.nodes.map((node) => cluster.metric(node, 'rozmova_bus_up')));
    return said.every((value) => value === (up ? 1 : 0));
  }, { ms: 20_000 });

/** People at all nodes and behind the balancer talk while `breaks` runs. */
async function under(load, breaks) {
  await load.goesOn();
  await breaks(load);
  await load.goesOn();
  const sum = await load.ends();
  assert.ok(sum.messages > 100, JSON.stringify(sum));
  return sum;
}
const everywhere = () => Load.start(cluster, [proxy, ...cluster.nodes]);

describe('under load', () => {
  test('nothing breaks', async (t) => t.diagnostic(JSON.stringify(await under(await everywhere(), (load) => load.goesOn(300)))));

  test('Redis is killed, and comes back', async (t) => {
    const sum = await under(await everywhere(), async (load) => {
      await cluster.redis.kill9();
      await bus(false);
      await load.goesOn(120);
      await cluster.redis.startAgain();
      await bus(true);
    });
    t.diagnostic(JSON.stringify(sum));
  });

  test('Redis stands still, and goes on', async (t) => {
    const sum = await under(await everywhere(), async (load) => {
      cluster.redis.signal('SIGSTOP');
      await bus(false);
      await load.goesOn(120);
      cluster.redis.signal('SIGCONT');
      await bus(true);
    });
    t.diagnostic(JSON.stringify(sum));
  });

  test('PostgreSQL loses its power, and comes back', async (t) => {
    const sum = await under(await everywhere(), async (load) => {
      await cluster.postgres.crash();
      await pause(500);
      await cluster.postgres.startAgain();
      await load.goesOn(120, 60_000);
    });
    t.diagnostic(JSON.stringify(sum));
  });

  test('the three nodes are restarted, one after the other', async (t) => {
    const sum = await under(await Load.start(cluster, [proxy]), async (load) => {
      for (const node of cluster.nodes) {
        await node.restart();
        await load.goesOn(40);
      }
    });
    t.diagnostic(JSON.stringify(sum));
  });

  test('a node is killed: its people go to others, its rows are closed by a peer, who was there alone is offline', async (t) => {
    const order = await cluster.order();
    const watcher = await cluster.device(cluster.nodes[0], order.client).connects();
    const lost = await cluster.device(cluster.nodes[2], order.performer, { reconnection: false }).connects();
    await watcher.joins(order);
    await lost.joins(order);
    const began = Date.now();
    const sum = await under(await Load.start(cluster, [proxy]), async (load) => {
      await cluster.nodes[2].kill9();
      await load.goesOn(120);
    });
    t.diagnostic(JSON.stringify(sum));
    await watcher.hears('user_presence', { userId: order.performer.id, isOnline: false }, { ms: 35_000 });
    const [[rows]] = await cluster.postgres.ask(`SELECT count(*) FROM websocket_connections WHERE user_id = '${order.performer.id}' AND is_active`);
    assert.equal(rows, '0');
    t.diagnostic(`noticed after ${Math.round((Date.now() - began) / 1000)} s`);
    await cluster.nodes[2].spawn();
    watcher.closes();
  });

  test('after an outage others catch up within a second of its end', async (t) => {
    const order = await cluster.order();
    const a = await cluster.device(cluster.nodes[0], order.client).connects();
    const b = await cluster.device(cluster.nodes[1], order.performer).connects();
    await a.joins(order);
    await b.joins(order);
    await cluster.redis.kill9();
    await bus(false);
    const began = Date.now();
    const { seq } = await a.sends(order, 'поки Redis немає');
    await a.hears('order_message', { seq });
    t.diagnostic(`local delivery without Redis: ${Date.now() - began} ms`);
    assert.ok(Date.now() - began < 1_000);
    await b.hears('order_message', { seq });
    t.diagnostic(`another node without Redis: ${Date.now() - began} ms`);
    await cluster.redis.startAgain();
    await bus(true);
    const again = await a.sends(order, 'Redis знову є');
    const sent = Date.now();
    await b.hears('order_message', { seq: again.seq });
    t.diagnostic(`another node with Redis: ${Date.now() - sent} ms`);
    a.closes();
    b.closes();
  });
});
