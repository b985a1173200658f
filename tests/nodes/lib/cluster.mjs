// Several nodes on one PostgreSQL, with Redis between them or without, and a marketplace of people and orders.
import { randomUUID } from 'node:crypto';
import { eventually } from '../../system/lib/deadline.mjs';
import { Device } from '../../system/lib/device.mjs';
import { Rest } from '../../system/lib/rest.mjs';
import { Server, secret } from '../../system/lib/server.mjs';
import { sign } from '../../system/lib/token.mjs';
import { Postgres, Redis } from './engines.mjs';

/** Nodes that wait for each other's migrations bind their ports late: one that somebody took meanwhile is given up. */
async function startNode(env) {
  for (;;) {
    const node = await Server.start({ env }).catch((error) => {
      if (!error.message.includes('is taken by another program')) throw error;
    });
    if (!node) continue;
    await eventually('it has started itself', () => node.log.includes('"event":"started"') || !node.isAlive());
    if (node.isAlive()) return node;
    if (!node.log.includes('is taken by another program')) throw new Error(node.log);
  }
}

export class Cluster {
  /** `redis`: whether there is one. `env` adds settings to every node. */
  static async start(count, { redis = true, env = {} } = {}) {
    const cluster = new Cluster();
    cluster.postgres = Postgres.start();
    cluster.redis = redis ? await Redis.start() : undefined;
    cluster.env = {
      DATABASE_URL: cluster.postgres.url,
      NODE_ADDRESS: '127.0.0.1',
      TRUST_PROXY: '1',
      ...(redis && { REDIS_URL: cluster.redis.url }),
      ...env,
    };
    // Together: their migrations meet.
    cluster.nodes = await Promise.all(Array.from({ length: count }, () => startNode(cluster.env)));
    cluster.admin = cluster.rest(cluster.nodes[0], { id: randomUUID(), role: 'admin' });
    return cluster;
  }

  person(role, name = role) {
    return { id: randomUUID(), role, name };
  }
  token(person) {
    return sign({ sub: person.id, name: person.name ?? person.role, role: person.role }, secret);
  }
  rest(node, person) {
    return new Rest(node.url, this.token(person));
  }
  /** An unconnected device of a person at a node, or behind a balancer. */
  device(where, person, options = {}) {
    return new Device(where.url, { auth: { token: this.token(person) }, ...options });
  }
  /** An order between a client and a performer, both new. */
  async order() {
    const client = this.person('client', 'Оксана'), performer = this.person('performer', 'Тарас');
    const order = await this.admin.does('POST', '/v1/orders', {
      title: 'Полагодити кран',
      client: { id: client.id, name: client.name },
      performer: { id: performer.id, name: performer.name },
    });
    return { id: order.id, client, performer };
  }
  async metric(node, name) {
    const text = await fetch(`${node.url}/metrics`).then((answer) => answer.text());
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }
  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.redis?.stop();
    this.postgres.stop();
  }
}
