// Engine.IO 4 over HTTP long-polling: messages there and back in order, what two requests of one session do to each other,
// limits, heartbeats, and every way in which a session ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RawHttp, request } from '../system/lib/raw-http.mjs';
import { range } from '../system/lib/deadline.mjs';
import { Poller, connectedPoller, separator, timed } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

const engine = { path: '/engine.io/' };

suite('polling', ['patient', 'quick', 'beating'], (scene) => {
  const open = () => Poller.open(scene.patient, engine);
  /** A GET that the server has begun to wait with. */
  async function waiting(poller) {
    const raw = await RawHttp.open(poller.port);
    raw.write(`GET ${poller.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await wait(poller);
    return raw;
  }
  /** Requests that were read before are dealt with: this one goes the same way. */
  const wait = async (poller) => {
    for (const _ of range(3)) await request(poller.port, 'PUT', poller.target);
    await scene.talkOn();
  };

  // ---- messages

  const messages = {
    'text': ['4hello'],
    'an empty message': ['4'],
    'text of every plane': ['4Добрий день 👋🏽 ґ\u2028"\\\n'],
    'text with a separator of lines and tabs': ['4a\r\n\tb'],
    'binary, as base64': ['bAQIDBA=='],
    'empty binary': ['b'],
    'many packets in one payload': ['4a', 'bAQ==', '4b', '4c', 'b//79', '4'],
    'something of maxPayload': [`4${'x'.repeat(99_999)}`],
  };
  for (const [what, packets] of Object.entries(messages)) {
    test(`messages go back unchanged and in order: ${what}`, async () => {
      const poller = await open();
      await poller.says(...packets);
      assert.deepEqual(await poller.next(packets.length), packets);
    });
  }

  test('a POST is answered 200 ok', async () => {
    const answer = await (await open()).post('4hello');
    assert.deepEqual([answer.status, answer.body], [200, 'ok']);
  });

  test('messages queued before a GET come joined in one payload', async () => {
    const poller = await open();
    await poller.says('4a');
    await poller.says('4b', 'bAQ==');
    assert.equal((await poller.get()).body, ['4a', '4b', 'bAQ=='].join(separator));
  });

  test('no payload is longer than maxPayload; what does not fit comes next, in order', async () => {
    const poller = await open();
    const packets = range(12).map((i) => `4${i}:${'x'.repeat(30_000)}`);
    for (const packet of packets) await poller.says(packet);
    const heard = [];
    while (heard.length < packets.length) {
      const { body } = await poller.get();
      assert.ok(body.length <= 100_000, String(body.length));
      heard.push(...body.split(separator));
    }
    assert.deepEqual(heard, packets);
  });

  test('every request on a connection of its own: a GET that waits, then a POST on another, in order', async () => {
    const poller = await open();
    for (const i of range(50)) {
      const get = request(scene.patient, 'GET', poller.target, { headers: { connection: 'close' } });
      const post = await request(scene.patient, 'POST', poller.target, { body: `4${i}`, headers: { connection: 'close' } });
      assert.equal(post.body, 'ok');
      assert.equal((await get).body, `4${i}`);
    }
  });

  test('all requests on one connection', async () => {
    const poller = await open();
    const raw = await RawHttp.open(scene.patient);
    for (const i of range(20)) {
      raw.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n4${String(i).padStart(2, '0')}`);
      raw.write(`GET ${poller.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      const answers = (await raw.answers(2 * i + 2)).slice(2 * i);
      assert.deepEqual(answers.map((one) => one.body), ['ok', `4${String(i).padStart(2, '0')}`]);
    }
    raw.close();
  });

  // ---- requests that do not belong

  test('a second GET while one waits: the first gets 1, the second 400 and nothing; the session is gone', async () => {
    const poller = await open();
    const first = await waiting(poller);
    const second = await poller.get();
    assert.deepEqual([second.status, second.body], [400, '']);
    const [answer] = await first.answers();
    assert.deepEqual([answer.status, answer.body], [200, '1']);
    await poller.isGone();
    first.close();
  });

  test('a second POST while the first is on its way: 400, and the session is gone', async () => {
    const poller = await open();
    const first = await RawHttp.open(scene.patient);
    first.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n4he`);
    await wait(poller);
    assert.equal((await poller.post('4x')).status, 400);
    first.write('llo');
    const [answer] = await first.answers();
    assert.equal(answer.status, 400);
    await poller.isGone();
    first.close();
  });

  test('an aborted GET ends the session at once', async () => {
    const poller = await open();
    const raw = await waiting(poller);
    raw.close();
    await wait(poller);
    await poller.isGone();
  });

  test('PUT on a session is 500, and the session lives', async () => {
    const poller = await open();
    assert.equal((await request(scene.patient, 'PUT', poller.target, { body: '4x' })).status, 500);
    await poller.says('4y');
    assert.deepEqual(await poller.next(), ['4y']);
  });

  test('bytes (application/octet-stream) are of protocol 3: 400, and the session lives', async () => {
    const poller = await open();
    assert.equal((await poller.post('4x', { 'content-type': 'application/octet-stream' })).status, 400);
    await poller.says('4y');
    assert.deepEqual(await poller.next(), ['4y']);
  });

  // ---- limits

  test('a body over the limit is 413 before it comes, and the session lives', async () => {
    const poller = await open();
    const raw = await RawHttp.open(scene.patient);
    raw.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n`);
    assert.equal((await raw.answers())[0].status, 413);
    await raw.isClosed();
    await poller.says('4y');
    assert.deepEqual(await poller.next(), ['4y']);
  });

  test('a chunked body over the limit is 413, and the session lives', async () => {
    const poller = await open();
    const raw = await RawHttp.open(scene.patient);
    raw.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (const _ of range(5)) raw.write(`61a8\r\n${'4'.repeat(25_000)}\r\n`);
    assert.equal((await raw.answers())[0].status, 413);
    await poller.says('4y');
    assert.deepEqual(await poller.next(), ['4y']);
    raw.close();
  });

  test('a chunked body is a body', async () => {
    const poller = await open();
    const raw = await RawHttp.open(scene.patient);
    raw.write(`POST ${poller.target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n4a\r\n3\r\n${separator}4b\r\n0\r\nX-T: 1\r\n\r\n`);
    assert.equal((await raw.answers())[0].body, 'ok');
    assert.deepEqual(await poller.next(2), ['4a', '4b']);
    raw.close();
  });

  // ---- the end

  const unreadable = {
    'no packet type': 'abc', 'an unknown type': '9', 'an empty packet': separator, 'an empty packet behind': `4${separator}`,
    'base64 that is none': 'b!!!!', 'half of base64': 'bAQI', 'a packet that only the server sends': '0{}', 'an upgrade': '5',
    'a ping, which is the server\'s': '2', 'text that is no UTF-8': Buffer.from([0x34, 0xff, 0xfe]),
  };
  for (const [what, body] of Object.entries(unreadable)) {
    test(`a POST that cannot be read is 400 and ends the session: ${what}`, async () => {
      const poller = await open();
      assert.equal((await poller.post(body)).status, 400);
      await poller.isGone();
    });
  }

  test('a POST that cannot be read tells the GET that waits', async () => {
    const poller = await open();
    const raw = await waiting(poller);
    assert.equal((await poller.post('abc')).status, 400);
    const [answer] = await raw.answers();
    assert.deepEqual([answer.status, answer.body], [200, '1']);
    raw.close();
  });

  test('what stands before the unreadable packet has been heard', async () => {
    const poller = await connectedPoller(scene.patient);
    const other = await connectedPoller(scene.patient);
    await other.says('420["join","kitchen"]');
    assert.deepEqual(await other.next(), ['430[true]']);
    assert.equal((await poller.post(`42["tell","kitchen",1]${separator}abc`)).status, 400);
    assert.deepEqual(await other.next(), ['42["told",1]']);
  });

  test('1 with a GET waiting: that gets exactly 6, then the session is gone', async () => {
    const poller = await open();
    const raw = await waiting(poller);
    assert.equal((await poller.post('1')).body, 'ok');
    assert.equal((await raw.answers())[0].body, '6');
    await poller.isGone();
    raw.close();
  });

  test('1 without one: the session is gone, at once or with the next GET', async () => {
    const poller = await open();
    assert.equal((await poller.post('1')).body, 'ok');
    const next = await poller.get();
    if (next.status === 200) assert.equal(next.body, '6'); // one that was sent before might have been on its way
    await poller.isGone();
  });

  test('6 from a client is heard and means nothing; so is a pong that nobody waits for', async () => {
    const poller = await open();
    await poller.says('6', '3', '4x');
    assert.deepEqual(await poller.next(), ['4x']);
  });

  test('told to go by the server: the packets before it, then 1, then nothing', async () => {
    const poller = await connectedPoller(scene.patient);
    await poller.says('42["message",1]', '42["go",true]');
    assert.deepEqual(await poller.next(2), ['42["message-back",1]', '41']);
    assert.equal((await poller.get()).body, '1');
    await poller.isGone();
  });

  // ---- heartbeats, by the clock: pings after 300 ms, 200 ms for the pong

  describe('heartbeat', { concurrency: true }, () => {
    test('a GET that waits returns exactly 2 after the ping interval', async () => {
      const poller = await Poller.open(scene.quick, engine);
      const { value, ms } = await timed(() => poller.get());
      assert.equal(value.body, '2');
      assert.ok(ms > 250, `after ${ms} ms`);
    });

    test('who answers each ping stays', async () => {
      const poller = await Poller.open(scene.beating, engine);
      for (const _ of range(4)) {
        assert.equal((await poller.get()).body, '2');
        await poller.says('3');
      }
    });

    test('without a pong it is over 500 ms after it began', async () => {
      const poller = await Poller.open(scene.quick, engine);
      const { ms } = await timed(async () => {
        assert.equal((await poller.get()).body, '2');
        const end = await poller.get();
        if (end.status === 200) assert.equal(end.body, '1'); // else this came too late even for that
      });
      assert.ok(ms > 450, `after ${ms} ms`);
      await poller.isGone();
    });

    test('any packet while the pong is waited for prolongs that, once', async () => {
      const poller = await Poller.open(scene.beating, engine);
      assert.equal((await poller.get()).body, '2');
      const { ms } = await timed(async () => {
        const end = poller.get();
        await poller.says('6');
        assert.equal((await end).body, '1');
      });
      assert.ok(ms > 1_400, `after ${ms} ms`);
    });
  });
});
