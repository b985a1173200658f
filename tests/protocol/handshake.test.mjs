// Engine.IO 4, "Handshake": the open packet, every refusal and its words, who may call from where, compression.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { RawHttp, request } from '../system/lib/raw-http.mjs';
import { RawWs } from '../system/lib/raw-ws.mjs';
import { Poller, at, connectedPoller, socket } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

const idShape = /^[A-Za-z0-9_-]{20}$/;
const websocket = {
  connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
const unknownSid = 'A'.repeat(20);

suite('the handshake', ['patient', 'strict', 'quick'], (scene) => {
  // ---- the open packet

  const settings = { pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 };

  test('polling: exactly sid, upgrades, pingInterval, pingTimeout and maxPayload', async () => {
    const { open, first } = await Poller.open(scene.quick);
    assert.deepEqual(open, { sid: open.sid, upgrades: ['websocket'], ...settings });
    assert.equal(first.headers['content-type'], 'text/plain; charset=UTF-8');
    assert.equal(first.headers['set-cookie'], undefined, 'no cookie is needed');
    assert.equal(first.headers['cache-control'], 'no-store');
  });

  test('WebSocket: the same, and nothing to upgrade to', async () => {
    const ws = await socket(scene.quick);
    assert.deepEqual(ws.open, { sid: ws.open.sid, upgrades: [], ...settings });
    ws.close();
  });

  test('the path is taken without its last slash, too', async () => {
    assert.equal((await Poller.open(scene.patient, { path: '/engine.io' })).open.maxPayload, 100_000);
  });

  test('a server without upgrades offers none and refuses the transport', async () => {
    assert.deepEqual((await Poller.open(scene.strict)).open.upgrades, []);
    const answer = await request(scene.strict, 'GET', at('websocket'), { headers: websocket });
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 0]);
  });

  test('a sid has twenty letters of A–Z a–z 0–9 _ -, and never comes twice', async () => {
    const sids = new Set();
    for (let i = 0; i < 200; ++i) {
      const { sid } = await Poller.open(scene.patient);
      assert.match(sid, idShape);
      sids.add(sid);
    }
    assert.equal(sids.size, 200);
  });

  // ---- refusals

  const refusals = {
    'an unknown sid': ['GET', at('polling', { sid: unknownSid }), 1, 'Session ID unknown'],
    'a sid of another shape': ['GET', at('polling', { sid: 'x' }), 1, 'Session ID unknown'],
    'a POST to an unknown sid': ['POST', at('polling', { sid: unknownSid }), 1, 'Session ID unknown'],
    'no EIO': ['GET', '/socket.io/?transport=polling', 5, 'Unsupported protocol version'],
    'EIO=2': ['GET', at('polling', { eio: 2 }), 5, 'Unsupported protocol version'],
    'EIO=5': ['GET', at('polling', { eio: 5 }), 5, 'Unsupported protocol version'],
    'EIO=04': ['GET', at('polling', { eio: '04' }), 5, 'Unsupported protocol version'],
    'EIO=abc': ['GET', at('polling', { eio: 'abc' }), 5, 'Unsupported protocol version'],
    'an empty EIO': ['GET', at('polling', { eio: '' }), 5, 'Unsupported protocol version'],
    'no transport': ['GET', '/socket.io/?EIO=4', 0, 'Transport unknown'],
    'an unknown transport': ['GET', at('telepathy'), 0, 'Transport unknown'],
    'the transport __proto__': ['GET', at('__proto__'), 0, 'Transport unknown'],
    'POST without a sid': ['POST', at('polling'), 2, 'Bad handshake method'],
    'PUT without a sid': ['PUT', at('polling'), 2, 'Bad handshake method'],
    'DELETE without a sid': ['DELETE', at('polling'), 2, 'Bad handshake method'],
    'transport=websocket by a plain GET': ['GET', at('websocket'), 3, 'Bad request'],
  };
  for (const [what, [method, target, code, message]] of Object.entries(refusals)) {
    test(`400 with code ${code} "${message}": ${what}`, async () => {
      const answer = await request(scene.patient, method, target, { body: method === 'GET' ? '' : '40' });
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { code, message }]);
      assert.match(answer.headers['content-type'], /^application\/json/);
    });
  }

  test('400 with code 5 "Unsupported protocol version": EIO=3 where it is not allowed', async () => {
    const answer = await request(scene.strict, 'GET', at('polling', { eio: 3 }));
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { code: 5, message: 'Unsupported protocol version' }]);
  });

  test('400 with code 2 "Bad handshake method": OPTIONS where other origins are not allowed', async () => {
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' };
    const answer = await request(scene.strict, 'OPTIONS', at('polling'), { headers });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { code: 2, message: 'Bad handshake method' }]);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });

  test('400 with code 1: a sid is good on the path that gave it alone', async () => {
    const { sid } = await Poller.open(scene.patient);
    const answer = await request(scene.patient, 'GET', at('polling', { sid, path: '/engine.io/' }));
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 1]);
  });

  const badUpgrades = {
    'no EIO': '/socket.io/?transport=websocket',
    'EIO=abc': at('websocket', { eio: 'abc' }),
    'an unknown transport': at('telepathy'),
    'no transport': '/socket.io/?EIO=4',
    'transport=polling': at('polling'),
    'an unknown sid': at('websocket', { sid: unknownSid }),
  };
  for (const [what, target] of Object.entries(badUpgrades)) {
    test(`WebSocket: refused by an HTTP answer, never by text inside the stream: ${what}`, async () => {
      const answer = await request(scene.patient, 'GET', target, { headers: websocket });
      assert.equal(answer.status, 400);
      const scripted = await RawWs.open(scene.patient, { target, headers: 'Connection: close\r\n' });
      await scripted.isClosed();
      assert.doesNotMatch(scripted.head, / 101 /);
    });
  }

  const noHandshake = {
    'another version': [{ 'sec-websocket-version': '8' }, 426],
    'a short key': [{ 'sec-websocket-key': 'x' }, 400],
    'no key': [{ 'sec-websocket-key': '' }, 400],
    'Connection without Upgrade': [{ connection: 'keep-alive' }, 400],
    'Upgrade to something else': [{ upgrade: 'h2c' }, 400],
  };
  for (const [what, [change, status]] of Object.entries(noHandshake)) {
    test(`WebSocket: ${status} for a request that is no handshake: ${what}`, async () => {
      const answer = await request(scene.patient, 'GET', at('websocket'), { headers: { ...websocket, ...change } });
      assert.equal(answer.status, status);
    });
  }

  test('WebSocket: not by HTTP/1.0', async () => {
    const raw = await RawHttp.open(scene.patient);
    const head = Object.entries(websocket).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    raw.write(`GET ${at('websocket')} HTTP/1.0\r\nHost: x\r\n${head}\r\n`);
    const [answer] = await raw.isClosed();
    assert.equal(answer.status, 400);
  });

  // ---- who may call from where

  const shop = 'https://shop.example', stranger = 'https://stranger.example';
  const from = (origin) => ({ headers: { origin } });

  test('CORS: an origin of the list gets its name and its cookies back', async () => {
    const { headers } = await request(scene.patient, 'GET', at('polling'), from(shop));
    assert.equal(headers['access-control-allow-origin'], shop);
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.equal(headers.vary, 'Origin');
  });

  test('CORS: another origin is told nothing', async () => {
    const { headers } = await request(scene.patient, 'GET', at('polling'), from(stranger));
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers.vary, 'Origin');
  });

  test('CORS: "*" goes without cookies', async () => {
    const { headers } = await request(scene.quick, 'GET', at('polling'), from(stranger));
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], undefined);
  });

  test('CORS: a preflight is 204 and names methods, headers and for how long', async () => {
    const headers = { origin: shop, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-a, content-type' };
    const answer = await request(scene.patient, 'OPTIONS', at('polling'), { headers });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers['access-control-allow-origin'], shop);
    assert.match(answer.headers['access-control-allow-methods'], /GET.*POST/);
    assert.equal(answer.headers['access-control-allow-headers'], 'x-a, content-type');
    assert.ok(Number(answer.headers['access-control-max-age']) > 0);
  });

  const failing = {
    'an unknown sid': `GET ${at('polling', { sid: unknownSid })} HTTP/1.1\r\nHost: x\r\nOrigin: ${shop}\r\n\r\n`,
    'a page that is not there': `GET /nothing HTTP/1.1\r\nHost: x\r\nOrigin: ${shop}\r\n\r\n`,
    'a body over the limit': `POST ${at('polling')} HTTP/1.1\r\nHost: x\r\nOrigin: ${shop}\r\nContent-Length: 9000000\r\n\r\n`,
    'a broken request': `GET / HTTP/1.1\r\nOrigin: ${shop}\r\n\r\n`,
  };
  for (const [what, bytes] of Object.entries(failing)) {
    test(`CORS: an error answer carries the headers, too: ${what}`, async () => {
      const raw = await RawHttp.open(scene.patient);
      const [answer] = await raw.write(bytes).answers();
      assert.ok(answer.status >= 400);
      assert.equal(answer.headers['access-control-allow-origin'], shop);
      raw.close();
    });
  }

  test('a WebSocket from a page of another origin is refused: 403 with code 4 "Forbidden"', async () => {
    const answer = await request(scene.patient, 'GET', at('websocket'), { headers: { ...websocket, origin: stranger } });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [403, { code: 4, message: 'Forbidden' }]);
  });

  test('a WebSocket from the list, from the same host or from no page is let in', async () => {
    for (const origin of [shop, `http://127.0.0.1:${scene.patient}`, null]) {
      const ws = await socket(scene.patient, { headers: origin ? `Origin: ${origin}\r\n` : '' });
      ws.close();
    }
  });

  // ---- compression of polling answers

  const large = 'ґ'.repeat(1_000), small = 'ґ'.repeat(100);
  const unpackers = { gzip: gunzipSync, deflate: inflateSync };
  for (const [coding, unpack] of Object.entries(unpackers)) {
    test(`HTTP compression: ${coding} from 1 KiB on`, async () => {
      const poller = await Poller.open(scene.patient, { path: '/engine.io/' });
      await poller.says(`4${small}`);
      const plain = await poller.get({ 'accept-encoding': coding });
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(plain.body, `4${small}`);
      await poller.says(`4${large}`);
      const packed = await poller.get({ 'accept-encoding': coding });
      assert.equal(packed.headers['content-encoding'], coding);
      assert.equal(unpack(packed.bytes).toString(), `4${large}`);
    });
  }

  test('HTTP compression: none for messages with compress(false), unless others are beside them', async () => {
    const poller = await connectedPoller(scene.patient);
    await poller.says(`42["plainly",${JSON.stringify(large)}]`);
    const plain = await poller.get({ 'accept-encoding': 'gzip' });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.body, `42["plain",${JSON.stringify(large)}]`);
    await poller.says(`42["plainly",${JSON.stringify(large)}]`, '42["message",1]');
    const mixed = await poller.get({ 'accept-encoding': 'gzip' });
    assert.equal(mixed.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(mixed.bytes).toString(), `42["plain",${JSON.stringify(large)}]\x1e42["message-back",1]`);
  });

  test('HTTP compression: none for who does not accept it', async () => {
    const poller = await connectedPoller(scene.patient);
    for (const accepted of [undefined, 'identity', 'gzip;q=0', 'br']) {
      await poller.says(`42["message",${JSON.stringify(large)}]`);
      const answer = await poller.get(accepted ? { 'accept-encoding': accepted } : {});
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.equal(answer.body, `42["message-back",${JSON.stringify(large)}]`);
    }
  });
});
