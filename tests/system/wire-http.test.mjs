// HTTP byte by byte: the answers of the engine to polling requests, and to shapes that smuggle.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withBystanders } from './lib/bystanders.mjs';
import { noise } from './lib/deadline.mjs';
import { RawHttp, request } from './lib/raw-http.mjs';
import { RawWs } from './lib/raw-ws.mjs';

const engine = '/socket.io/?EIO=4&transport=polling';

describe('the wire: HTTP', () => {
  // One loop: what one connection said before another did is then dealt with before, too.
  const scene = withBystanders({ env: { THREADS: '1' } });

  // ---- the engine ----

  const errorOf = (code, message) => [400, { code, message }];
  const requests = {
    'an unknown sid': ['GET', `${engine}&sid=AAAAAAAAAAAAAAAAAAAA`, errorOf(1, 'Session ID unknown')],
    'a sid of the wrong shape': ['GET', `${engine}&sid=x`, errorOf(1, 'Session ID unknown')],
    'an empty sid': ['GET', `${engine}&sid=`, [[200, 400]]],
    'a POST to an unknown sid': ['POST', `${engine}&sid=AAAAAAAAAAAAAAAAAAAA`, errorOf(1, 'Session ID unknown')],
    'EIO=3': ['GET', '/socket.io/?EIO=3&transport=polling', errorOf(5, 'Unsupported protocol version')],
    'EIO=5': ['GET', '/socket.io/?EIO=5&transport=polling', errorOf(5, 'Unsupported protocol version')],
    'no EIO': ['GET', '/socket.io/?transport=polling', errorOf(5, 'Unsupported protocol version')],
    'an unknown transport': ['GET', '/socket.io/?EIO=4&transport=telepathy', errorOf(0, 'Transport unknown')],
    'no transport': ['GET', '/socket.io/?EIO=4', errorOf(0, 'Transport unknown')],
    'the transport __proto__': ['GET', '/socket.io/?EIO=4&transport=__proto__', errorOf(0, 'Transport unknown')],
    'POST without sid': ['POST', engine, errorOf(2, 'Bad handshake method')],
    'PUT without sid': ['PUT', engine, errorOf(2, 'Bad handshake method')],
    'a plain GET with transport=websocket': ['GET', '/socket.io/?EIO=4&transport=websocket', errorOf(3, 'Bad request')],
  };
  for (const [what, [method, target, [status, body]]] of Object.entries(requests)) {
    test(`${what}`, async () => {
      const answer = await request(scene.port, method, target, { body: method === 'GET' ? '' : '40' });
      assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.body}`);
      if (body) assert.deepEqual(JSON.parse(answer.body), body);
    });
  }

  async function session() {
    const answer = await request(scene.port, 'GET', engine);
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^text\/plain/);
    const open = JSON.parse(answer.body.slice(1));
    assert.deepEqual(Object.keys(open).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
    assert.match(open.sid, /^[A-Za-z0-9_-]{20}$/);
    assert.deepEqual(open.upgrades, ['websocket']);
    const target = `${engine}&sid=${open.sid}`;
    return {
      target,
      sid: open.sid,
      get: () => request(scene.port, 'GET', target),
      post: (body, headers) => request(scene.port, 'POST', target, { body, headers }),
    };
  }
  const connected = async () => {
    const s = await session();
    assert.deepEqual([(await s.post(`40${JSON.stringify({ token: scene.token })}`)).body, (await s.get()).body.slice(0, 3)], ['ok', '40{']);
    return s;
  };

  test('a second GET while one is pending ends the session', async () => {
    const s = await connected();
    const first = await RawHttp.open(scene.port);
    first.write(`GET ${s.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await scene.talkOn('by now the first GET has been read');
    const second = await s.get();
    assert.equal(second.status, 400);
    assert.equal(second.body, '');
    const [pending] = await first.answers();
    assert.deepEqual([pending.status, pending.body], [200, '1']);
    first.close();
    assert.equal((await s.get()).status, 400);
  });

  test('a body over the limit is 413 before it is sent, and the session lives', async () => {
    const s = await connected();
    const raw = await RawHttp.open(scene.port);
    raw.write(`POST ${s.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n`);
    assert.equal((await raw.answers())[0].status, 413);
    await raw.isClosed();
    await s.post('421["leave_order_chat",{}]');
    assert.match((await s.get()).body, /^431/);
  });

  test('a chunked body over the limit is refused, and the session lives', async () => {
    const s = await connected();
    const raw = await RawHttp.open(scene.port);
    raw.write(`POST ${s.target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 20; ++i) raw.write(`186a0\r\n${'4'.repeat(100_000)}\r\n`);
    raw.write('0\r\n\r\n');
    const [answer] = await raw.answers();
    assert.equal(answer.status, 413);
    await s.post('421["leave_order_chat",{}]');
    assert.match((await s.get()).body, /^431/);
  });

  test('an undecodable payload ends the session', async () => {
    for (const body of ['abc', '9', '\x1e', '4\x1e', '40{\x1e\x1e', 'b', 'b!!!!', '42["x"']) {
      const s = await connected();
      const answer = await s.post(body);
      assert.ok([200, 400].includes(answer.status), `${JSON.stringify(body)}: ${answer.status}`);
      assert.equal((await s.get()).status, 400, JSON.stringify(body));
    }
  });

  test('PUT, DELETE and the like on a session are refused', async () => {
    const s = await connected();
    for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE']) {
      const answer = await request(scene.port, method, s.target, { body: '40' });
      assert.ok(answer.status >= 400, `${method}: ${answer.status}`);
    }
  });

  test('POST 1 with a GET pending: the GET gets 6, then the session is gone', async () => {
    const s = await connected();
    const waiting = s.get();
    await scene.talkOn('by now the GET has been read');
    assert.equal((await s.post('1')).body, 'ok');
    assert.equal((await waiting).body, '6');
    assert.equal((await s.get()).status, 400);
  });

  test('an aborted GET ends the session', async () => {
    const s = await connected();
    const raw = await RawHttp.open(scene.port);
    raw.write(`GET ${s.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await scene.talkOn('by now the GET has been read');
    raw.close();
    await scene.talkOn('and the end seen');
    assert.equal((await s.get()).status, 400);
  });

  test('messages before a GET come joined in one payload', async () => {
    const s = await connected();
    await s.post('421["leave_order_chat",{}]\x1e422["leave_order_chat",{}]');
    const parts = (await s.get()).body.split('\x1e');
    assert.deepEqual(parts.map((p) => p.slice(0, 3)), ['431', '432']);
  });

  test('upgrade: probe, noop for the waiting GET, then the messages flow by WebSocket; a second one is closed', async () => {
    const s = await connected();
    const ws = await RawWs.open(scene.port, { target: `/socket.io/?EIO=4&transport=websocket&sid=${s.sid}` });
    ws.says('2probe');
    await ws.hears((m) => m === '3probe');
    assert.equal((await s.get()).body, '6');
    ws.says('5').says('421["leave_order_chat",{}]');
    await ws.hears((m) => m.startsWith('431'));
    assert.equal((await s.get()).status, 400);
    const second = await RawWs.open(scene.port, { target: `/socket.io/?EIO=4&transport=websocket&sid=${s.sid}` });
    await second.isClosed();
    ws.says('422["leave_order_chat",{}]');
    await ws.hears((m) => m.startsWith('432'));
    ws.close();
  });

  test('upgrade: a request that is no WebSocket request is refused', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    const target = '/socket.io/?EIO=4&transport=websocket';
    for (const change of [{ 'sec-websocket-version': '99' }, { 'sec-websocket-key': 'x' }, { 'sec-websocket-key': '' }, { upgrade: 'h2c' }]) {
      const answer = await request(scene.port, 'GET', target, { headers: { ...upgrade, ...change } });
      assert.ok(answer.status >= 400 && answer.status < 500, `${JSON.stringify(change)}: ${answer.status}`);
    }
  });

  // ---- shapes that smuggle ----

  const second = 'GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  const smuggling = {
    'Content-Length and Transfer-Encoding': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG${second}`,
    'two different Content-Lengths': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello${second}`,
    'two equal Content-Lengths': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello${second}`,
    'a list of Content-Lengths': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello${second}`,
    'a signed Content-Length': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello${second}`,
    'a negative Content-Length': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n${second}`,
    'a Content-Length that overflows': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n${second}`,
    'a hexadecimal Content-Length': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello${second}`,
    'an unknown Transfer-Encoding': `POST /v1/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`,
    'chunked twice': `POST /v1/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
    'chunked not last': `POST /v1/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${second}`,
    'a chunk size that overflows': `POST /v1/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n${second}`,
    'a chunk size that is none': `POST /v1/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n${second}`,
    'a folded header': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n folded\r\n\r\n${second}`,
    'bare line feeds': `GET /healthz HTTP/1.1\nHost: x\n\n${second}`,
    'a bare carriage return': `GET /healthz HTTP/1.1\r\nHost: x\rX-A: 1\r\n\r\n${second}`,
    'a space before the colon': `POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello${second}`,
    'a NUL in a header': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n${second}`,
    'a header without a colon': `GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n${second}`,
    'a header without a name': `GET /healthz HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n${second}`,
    'no Host': `GET /healthz HTTP/1.1\r\n\r\n${second}`,
    'two Hosts': `GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${second}`,
    'two spaces in the request line': `GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n${second}`,
    'HTTP/1.2 and beyond': `GET /healthz HTTP/3.9\r\nHost: x\r\n\r\n${second}`,
    'HTTP/0.9': `GET /healthz\r\n\r\n${second}`,
    'no HTTP at all': `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n${second}`,
    'a head without end': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n${second}`,
    'a target without end': `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n${second}`,
    'a thousand headers': `GET /healthz HTTP/1.1\r\nHost: x\r\n${'X-A: 1\r\n'.repeat(1_000)}\r\n${second}`,
  };
  for (const [what, bytes] of Object.entries(smuggling)) {
    test(`refuses and closes: ${what}`, async () => {
      const raw = await RawHttp.open(scene.port);
      raw.write(Buffer.from(bytes, 'latin1'));
      const responses = await raw.isClosed();
      assert.ok(responses.length <= 1, `the second request was answered: ${JSON.stringify(responses.map((r) => r.status))}`);
      for (const { status } of responses) assert.ok([400, 413, 414, 431, 501, 505].includes(status), String(status));
    });
  }

  test('pipelined requests are answered in order, or the connection is closed after the first', async () => {
    const raw = await RawHttp.open(scene.port);
    raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const responses = await raw.isClosed();
    assert.equal(responses[0].status, 200);
    if (responses.length > 1) assert.ok([401, 404].includes(responses[1].status));
  });

  test('a request byte by byte is a request', async () => {
    const raw = await RawHttp.open(scene.port);
    raw.socket.setNoDelay(true);
    for (const letter of 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n') raw.write(letter);
    assert.equal((await raw.answers())[0].status, 200);
    raw.close();
  });

  test('noise on a hundred connections is survived', async () => {
    const raws = await Promise.all(noise(100).map(() => RawHttp.open(scene.port)));
    noise(100).forEach((bytes, i) => raws[i].write(bytes).socket.end());
    await Promise.all(raws.map((raw) => raw.isClosed()));
  });
});
