// HTTP/1.1 byte by byte beneath the engine: shapes that smuggle are refused, slow senders end, the rest is served.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noise } from '../system/lib/deadline.mjs';
import { RawHttp } from '../system/lib/raw-http.mjs';
import { RawWs, binary, frame, text } from '../system/lib/raw-ws.mjs';
import { Poller, at, connected, timed } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

suite('HTTP', ['patient'], (scene) => {
  // ---- shapes that smuggle

  const second = 'GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  const smuggling = {
    'Content-Length and Transfer-Encoding': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG${second}`,
    'two different Content-Lengths': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello${second}`,
    'two equal Content-Lengths': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello${second}`,
    'a list of Content-Lengths': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello${second}`,
    'a signed Content-Length': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello${second}`,
    'a negative Content-Length': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n${second}`,
    'a Content-Length that overflows': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n${second}`,
    'a hexadecimal Content-Length': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello${second}`,
    'a chunk extension': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n${second}`,
    'a chunk that ends in a bare line feed': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n${second}`,
    'an unknown Transfer-Encoding': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`,
    'chunked twice': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
    'chunked not last': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${second}`,
    'a chunk size that overflows': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n${second}`,
    'a chunk size that is none': `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n${second}`,
    'a folded header': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n folded\r\n\r\n${second}`,
    'bare line feeds': `GET /healthz HTTP/1.1\nHost: x\n\n${second}`,
    'a bare carriage return': `GET /healthz HTTP/1.1\r\nHost: x\rX-A: 1\r\n\r\n${second}`,
    'a space before the colon': `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello${second}`,
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
      const raw = await RawHttp.open(scene.patient);
      raw.write(Buffer.from(bytes, 'latin1'));
      const responses = await raw.isClosed();
      assert.ok(responses.length <= 1, `the second request was answered: ${JSON.stringify(responses.map((r) => r.status))}`);
      for (const { status } of responses) assert.ok([400, 413, 414, 431, 501, 505].includes(status), String(status));
    });
  }

  test('pipelined requests are answered in order', async () => {
    const raw = await RawHttp.open(scene.patient);
    raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
      'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const responses = await raw.isClosed();
    assert.deepEqual(responses.map((one) => one.status), [200, 200, 404]);
    assert.deepEqual(responses.slice(0, 2).map((one) => one.body), ['ok', 'hello']);
  });

  test('a request byte by byte is a request', async () => {
    const raw = await RawHttp.open(scene.patient);
    raw.socket.setNoDelay(true);
    for (const letter of 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n') raw.write(letter);
    assert.equal((await raw.answers())[0].body, 'abc');
    raw.close();
  });

  test('Expect: 100-continue is answered before the body, a body over the limit by 413 instead', async () => {
    const raw = await RawHttp.open(scene.patient);
    raw.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await raw.answers())[0].status, 100);
    raw.write('hello');
    assert.equal((await raw.answers(2))[1].body, 'hello');
    const large = await RawHttp.open(scene.patient);
    large.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await large.answers())[0].status, 413);
    raw.close();
    large.close();
  });

  describe('slow senders, by the clock', { concurrency: true }, () => {
    const halves = {
      'a head that does not end': ['GET /healthz HTTP/1.1\r\nHost: x\r\n', 'X'],
      'a body that does not end': ['POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n', 'x'],
      'chunks that do not end': ['POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
    };
    for (const [what, [first, drop]] of Object.entries(halves)) {
      test(`408 in the end, however it drips: ${what}`, async () => {
        const raw = await RawHttp.open(scene.patient);
        raw.write(first);
        const dripping = setInterval(() => raw.write(drop), 100);
        const { value, ms } = await timed(() => raw.answers());
        clearInterval(dripping);
        assert.equal(value[0].status, 408);
        assert.ok(ms > 1_000, `after ${ms} ms`);
        raw.close();
      });
    }

    test('who says nothing is closed', async () => {
      const raw = await RawHttp.open(scene.patient);
      const { value } = await timed(() => raw.isClosed());
      assert.deepEqual(value, []);
    });

    test('a POST of a session that does not end is 408, and the session lives', async () => {
      const poller = await Poller.open(scene.patient, { path: '/engine.io/' });
      const raw = await RawHttp.open(scene.patient);
      raw.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4`);
      assert.equal((await raw.answers())[0].status, 408);
      await poller.says('4on');
      assert.deepEqual(await poller.next(), ['4on']);
      raw.close();
    });
  });

  // ---- noise

  test('noise on a hundred connections is survived', async () => {
    const raws = await Promise.all(noise(100).map(() => RawHttp.open(scene.patient)));
    noise(100).forEach((bytes, i) => raws[i].write(bytes).socket.end());
    await Promise.all(raws.map((raw) => raw.isClosed()));
  });

  test('noise in a hundred WebSockets, before and after CONNECT, is survived', async () => {
    for (const [i, bytes] of noise(100).entries()) {
      const ws = i % 4 < 2 ? await connected(scene.patient) : await RawWs.open(scene.patient, { target: at('websocket') });
      ws.writes(frame(i % 2 ? text : binary, bytes)).socket.end(bytes);
      await ws.isClosed();
    }
  });

  test('noise posted to a hundred sessions is survived, of both protocols', async () => {
    for (const [i, bytes] of noise(100).entries()) {
      const poller = await Poller.open(scene.patient, { eio: i % 2 ? 4 : 3 });
      const answer = await poller.post(bytes, i % 4 < 2 ? { 'content-type': 'application/octet-stream' } : {});
      assert.equal(answer.status, 400);
    }
  });
});
