// Plain HTTP: health, errors, CORS, and the web app with its headers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { holds } from './lib/deadline.mjs';
import { request } from './lib/raw-http.mjs';
import { Rest } from './lib/rest.mjs';
import { secret } from './lib/server.mjs';
import { World } from './lib/world.mjs';

const origin = 'https://market.example';
const stranger = 'https://evil.example';

describe('http', () => {
  let world, anybody, port;
  before(async () => {
    world = await World.open({ env: { CORS_ORIGIN: origin } });
    anybody = new Rest(world.url);
    port = world.server.port;
  });
  after(() => world.close());

  test('alive and ready', async () => {
    for (const path of ['/healthz', '/readyz']) assert.equal((await anybody.asks('GET', path)).status, 200);
  });

  test('errors have one shape, with a code, as JSON', async () => {
    const { alice } = await world.scene();
    const cases = [
      [anybody, 'GET', '/v1/me', 401, 'UNAUTHORIZED'],
      [anybody, 'GET', '/v1/orders', 401, 'UNAUTHORIZED'],
      [alice.rest, 'GET', '/v1/no/such/route', 404, 'NOT_FOUND'],
      [alice.rest, 'GET', '/v1', 404, 'NOT_FOUND'],
    ];
    for (const [rest, method, path, status, code] of cases) {
      const answer = await rest.isRefused(method, path, undefined, status, code);
      assert.match(answer.headers.get('content-type'), /^application\/json/);
    }
    const wrongMethod = await alice.rest.asks('DELETE', '/v1/me');
    assert.ok([404, 405].includes(wrongMethod.status));
    assert.equal(typeof wrongMethod.body.error.code, 'string');
  });

  test('errors of production hold no detail of the inside', async () => {
    const { alice } = await world.scene();
    for (const path of ['/v1/orders/x', '/v1/orders/x/messages?after=%27']) {
      const { text } = await alice.rest.asks('GET', path);
      assert.ok(!/sqlite|SELECT|\.cpp|boost|std::|exception/i.test(text), text);
    }
  });

  test('CORS: good answers and errors alike carry the headers for the allowed origin', async () => {
    const { alice } = await world.scene();
    for (const [path, status] of [['/v1/me', 200], ['/v1/orders/x', 0], ['/v1/nothing', 404]]) {
      const answer = await alice.rest.asks('GET', path, undefined, { origin });
      if (status) assert.equal(answer.status, status);
      assert.equal(answer.headers.get('access-control-allow-origin'), origin, path);
      assert.match(answer.headers.get('vary') ?? '', /origin/i);
    }
    assert.equal((await anybody.asks('GET', '/v1/me', undefined, { origin })).headers.get('access-control-allow-origin'), origin);
    for (const target of ['/socket.io/?EIO=4&transport=polling', '/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA', '/socket.io/?EIO=9']) {
      assert.equal((await request(port, 'GET', target, { headers: { origin } })).headers['access-control-allow-origin'], origin, target);
    }
  });

  test('CORS: another origin gets no permission', async () => {
    const { alice } = await world.scene();
    const answer = await alice.rest.asks('GET', '/v1/me', undefined, { origin: stranger });
    assert.ok(![stranger, '*'].includes(answer.headers.get('access-control-allow-origin')));
    const poll = await request(port, 'GET', '/socket.io/?EIO=4&transport=polling', { headers: { origin: stranger } });
    assert.ok(![stranger, '*'].includes(poll.headers['access-control-allow-origin']));
  });

  test('CORS: a preflight is answered without a token', async () => {
    const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
    for (const target of ['/v1/orders', '/socket.io/?EIO=4&transport=polling']) {
      const answer = await request(port, 'OPTIONS', target, { headers: asked });
      assert.ok([200, 204].includes(answer.status), `${target}: ${answer.status}`);
      assert.equal(answer.headers['access-control-allow-origin'], origin);
      assert.match(answer.headers['access-control-allow-methods'], /POST/);
      assert.match(answer.headers['access-control-allow-headers'], /authorization/i);
      assert.match(answer.headers['access-control-allow-headers'], /content-type/i);
    }
  });

  test('a WebSocket from a foreign origin is refused, from the allowed one and from none it is not', async () => {
    const { alice } = await world.scene();
    const from = (o) => world.device({ auth: { token: alice.token() }, reconnection: false, extraHeaders: { origin: o } });
    await assert.rejects(from(stranger).connects());
    await from(origin).connects();
    await alice.device();
  });

  test('the web app: HTML with a strict policy, hashed assets kept for ever', async () => {
    const page = await anybody.asks('GET', '/');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /^text\/html/);
    const policy = page.headers.get('content-security-policy');
    assert.match(policy, /default-src '(self|none)'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline/);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    const assets = [...page.text.matchAll(/(?:src|href)="(\/?[^"]+\.(?:js|css))"/g)].map((m) => m[1]);
    assert.ok(assets.length > 0, page.text);
    for (const asset of assets) {
      const answer = await anybody.asks('GET', asset.startsWith('/') ? asset : `/${asset}`);
      assert.equal(answer.status, 200, asset);
      assert.match(answer.headers.get('content-type'), asset.endsWith('.js') ? /^text\/javascript/ : /^text\/css/);
      assert.match(answer.headers.get('cache-control'), /immutable/);
    }
  });

  test('the web app: what is not there is 404, and nothing outside is reachable', async () => {
    for (const target of ['/no/such/file.js', '/../../etc/passwd', '/..%2f..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/../../package.json', '//etc/passwd', '/assets/%00.js', '/.env']) {
      const answer = await request(port, 'GET', target);
      assert.ok([400, 404].includes(answer.status), `${target}: ${answer.status}`);
      assert.doesNotMatch(answer.body, /root:|"dependencies"/);
    }
  });

  test('without demo data nobody is handed a token', async () => {
    const answer = await anybody.asks('POST', '/v1/auth/demo', { userId: '0190163d-8694-739b-aea5-966c26f8ad91' });
    assert.ok([403, 404].includes(answer.status), `${answer.status} ${answer.text}`);
  });

  test('no log line holds a token, the secret, or the text of a message', async () => {
    const { alice, order, a, b } = await world.talk();
    const words = 'nobody-may-read-this-in-a-log';
    await a.sends(order, words);
    await b.hears('order_message', { content: words });
    await a.isRefused('order_message', { orderId: order.id, content: 5, note: words }, 'INVALID_PAYLOAD');
    await alice.rest.sends(order, words);
    await world.device({ auth: { token: `${alice.token()}x` } }).isTurnedAway();
    await a.closes();
    assert.ok(world.server.log.length > 0, 'the server does write a log');
    for (const hidden of [words, secret, alice.token().split('.')[2]]) assert.ok(!world.server.log.includes(hidden));
    for (const line of world.server.log.split('\n').filter(Boolean)) assert.equal(typeof JSON.parse(line), 'object', line);
  });

  test('the demo: its people are listed, one may sign in as each, and there is something to read', async () => {
    const demo = await World.open({ env: { DEMO: '1' } });
    try {
      const guest = new Rest(demo.url);
      const { people } = await guest.does('GET', '/v1/demo/people');
      assert.ok(people.length >= 3, JSON.stringify(people));
      for (const { id, name, role } of people.filter((p) => p.role === 'client' || p.role === 'performer')) {
        const { token } = await guest.does('POST', '/v1/auth/demo', { userId: id });
        const person = new Rest(demo.url, token);
        holds(await person.does('GET', '/v1/me'), { id, name, role });
        const { orders } = await person.does('GET', '/v1/orders');
        assert.ok(orders.length > 0, `${name} has orders`);
      }
    } finally {
      await demo.close();
    }
  });
});
