// Doors that nobody has an identity at yet: bad tokens and sign-ins without password have a rate of their address, and
// whoever comes with a good token from the same address does not notice.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { range } from './lib/deadline.mjs';
import { Rest } from './lib/rest.mjs';
import { sign } from './lib/token.mjs';
import { World } from './lib/world.mjs';

const olena = '0197a1b2-0001-7000-8000-000000000001';

describe('rates of an address', () => {
  let world;
  before(async () => (world = await World.open({ env: { RATE_JOINS_PER_S: '30', THREADS: '1', DEMO: '1' } })));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  test('too many bad tokens, over CONNECT and REST together', async () => {
    const { alice, order } = await world.scene();
    const bad = sign({ sub: alice.id }, 'not the secret of this server');
    const codes = [];
    for (const _ of range(45)) codes.push((await new Rest(world.url, bad).asks('GET', '/v1/me')).body.error.code);
    for (const _ of range(30)) codes.push((await world.device({ auth: { token: bad } }).isTurnedAway()).code);
    assert.deepEqual(new Set(codes), new Set(['UNAUTHORIZED', 'RATE_LIMITED']));
    assert.deepEqual(new Set(codes.slice(0, 60)), new Set(['UNAUTHORIZED']));
    assert.equal(codes.at(-1), 'RATE_LIMITED');
    const refused = await new Rest(world.url, bad).asks('GET', '/v1/me');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    // The flood writes no lines once it is refused so.
    const lines = world.server.log.split('\n').filter((l) => l.includes('"connection_refused"')).length;
    assert.ok(lines <= 20, `${lines} lines`);
    // The same address, a good token.
    const d = await alice.device();
    await d.sends(order, 'unaffected');
  });

  test('too many demo sign-ins', async () => {
    const anybody = new Rest(world.url);
    const statuses = [];
    for (const _ of range(40)) statuses.push((await anybody.asks('POST', '/v1/auth/demo', { userId: olena })).status);
    assert.deepEqual(new Set(statuses.slice(0, 30)), new Set([200]));
    assert.equal(statuses.at(-1), 429);
  });

  test('writing over REST has the rate of requests too', async () => {
    const { alice, order } = await world.scene();
    const answers = await Promise.all(range(320).map(() => alice.rest.asks('POST', `/v1/orders/${order.id}/read`, { seq: 0 })));
    const over = answers.filter((a) => a.status === 429);
    assert.ok(over.length > 0 && over.every((a) => a.body.error.retryAfterMs > 0));
  });
});
