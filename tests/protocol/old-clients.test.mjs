// Engine.IO 3 and Socket.IO 2: other payloads, base64 or bytes, the heartbeat the other way round, "/" without asking.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RawHttp, request } from '../system/lib/raw-http.mjs';
import { range } from '../system/lib/deadline.mjs';
import { Poller, at, connected, pack3, pack3bytes, socket, timed, unpack3, unpack3bytes } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

suite('Engine.IO 3', ['patient', 'quick', 'beating'], (scene) => {
  const v3 = { eio: 3, path: '/engine.io/' };
  const open = (more) => Poller.open(scene.patient, { ...v3, ...more });
  const bytes = { 'content-type': 'application/octet-stream' };
  async function waiting(poller) {
    const raw = await RawHttp.open(poller.port);
    raw.write(`GET ${poller.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (const _ of range(3)) await request(poller.port, 'PUT', poller.target);
    return raw;
  }

  test('polling: the open packet with its length in front, and with what protocol 4 says', async () => {
    const { first, open: said } = await open();
    assert.match(first.body, /^[0-9]+:0\{/);
    assert.equal(unpack3(first.body).length, 1);
    assert.match(said.sid, /^[A-Za-z0-9_-]{20}$/);
    assert.deepEqual(said.upgrades, ['websocket']);
    assert.deepEqual([said.pingInterval, said.pingTimeout], [25_000, 20_000]);
  });

  test('WebSocket: the open packet, nothing to upgrade to', async () => {
    const ws = await socket(scene.patient, v3);
    assert.deepEqual(ws.open.upgrades, []);
    ws.close();
  });

  test('JSONP is refused: 400 with code 0', async () => {
    const answer = await request(scene.patient, 'GET', at('polling', { ...v3, more: '&j=0' }));
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 0]);
  });

  // ---- payloads

  const payloads = {
    'text': ['4hello'],
    'an empty message': ['4'],
    'several': ['4a', '4', '4bb'],
    'lengths in UTF-16 units': ['4ґ', '4👋🏽', '4\u2028x'],
    'base64': ['b4AQIDBA=='],
    'both': ['4a', 'b4AQ==', '4b'],
  };
  for (const [what, packets] of Object.entries(payloads)) {
    test(`payloads: ${what}, with b64=1`, async () => {
      const poller = await open({ more: '&b64=1' });
      assert.deepEqual([(await poller.post(pack3(...packets))).body], ['ok']);
      const answer = await poller.get();
      assert.match(answer.headers['content-type'], /^text\/plain/);
      assert.equal(answer.body, pack3(...packets));
    });
  }

  test('payloads: without b64 text goes as text', async () => {
    const poller = await open();
    await poller.says('4a', '4ґ');
    const answer = await poller.get();
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.equal(answer.body, pack3('4a', '4ґ'));
  });

  test('payloads: without b64 one with binary goes as bytes: 0 or 1, the digits of the length, 255, the packet', async () => {
    const poller = await open();
    await poller.says('4ґ', 'b4AQIDBA==');
    const answer = await poller.get();
    assert.equal(answer.headers['content-type'], 'application/octet-stream');
    assert.deepEqual(answer.bytes, Buffer.from([0, 3, 255, 0x34, 0xd2, 0x91, 1, 5, 255, 4, 1, 2, 3, 4]));
  });

  test('payloads: bytes may be posted, too', async () => {
    const poller = await open();
    const large = Buffer.alloc(12_345, 7);
    const body = pack3bytes('4a', Buffer.from([4, 1, 2]), '4ґ', Buffer.concat([Buffer.from([4]), large]));
    assert.equal((await poller.post(body, bytes)).body, 'ok');
    assert.deepEqual(await poller.next(4), ['4a', Buffer.from([4, 1, 2]), '4ґ', Buffer.concat([Buffer.from([4]), large])]);
  });

  test('payloads: b64 once asked for is for the whole session', async () => {
    const poller = await open({ more: '&b64=1' });
    assert.equal((await request(scene.patient, 'POST', at('polling', { ...v3, sid: poller.sid }), { body: pack3('b4AQ==') })).body, 'ok');
    assert.equal((await request(scene.patient, 'GET', at('polling', { ...v3, sid: poller.sid }))).body, '6:b4AQ==');
  });

  const unreadable = {
    'no length': 'abc', 'a length that is too long': '9:4a', 'a length that is none': 'x:4a', 'an unknown type': '1:9',
    'text of protocol 4': '4hello', 'a length of nothing': '0:', 'base64 that is none': '4:b4!!', 'a huge length': `${'9'.repeat(30)}:4`,
  };
  for (const [what, body] of Object.entries(unreadable)) {
    test(`payloads: what cannot be read ends the session: ${what}`, async () => {
      const poller = await open();
      assert.equal((await poller.post(body)).status, 400);
      await poller.isGone();
    });
  }
  const unreadableBytes = {
    'a kind that is none': [2, 1, 255, 0x34], 'no 255': [0, 1, 2, 3], 'a digit that is none': [0, 11, 255, 0x34],
    'too short': [0, 5, 255, 0x34], 'no packet': [1, 0, 255], 'an unknown type': [1, 1, 255, 9],
    'a huge length': [0, ...Array(30).fill(9), 255, 0x34],
  };
  for (const [what, body] of Object.entries(unreadableBytes)) {
    test(`payloads: bytes that cannot be read end the session: ${what}`, async () => {
      const poller = await open();
      assert.equal((await poller.post(Buffer.from(body), bytes)).status, 400);
      await poller.isGone();
    });
  }

  // ---- WebSocket

  test('WebSocket: text as it is, binary frames begin with the byte 4', async () => {
    const ws = await socket(scene.patient, v3);
    ws.says('4ґ👋').says(Buffer.from([4, 1, 2, 3])).says(Buffer.from([4]));
    assert.deepEqual([await ws.next(), await ws.next(), await ws.next()], ['4ґ👋', Buffer.from([4, 1, 2, 3]), Buffer.from([4])]);
    ws.close();
  });

  test('WebSocket: base64 in a text is binary, too', async () => {
    const ws = await socket(scene.patient, v3);
    ws.says('b4AQID');
    assert.deepEqual(await ws.next(), Buffer.from([4, 1, 2, 3]));
    ws.close();
  });

  for (const [what, packet] of Object.entries({ 'noise': 'abc', 'an unknown type': '9', 'close': '1', 'an empty binary': Buffer.alloc(0), 'binary of an unknown type': Buffer.from([9]) })) {
    test(`WebSocket: closed: ${what}`, async () => {
      const ws = await socket(scene.patient, v3);
      ws.says(packet);
      await ws.isClosed();
    });
  }

  // ---- two requests, the end, the upgrade

  test('a second GET: the first gets 1:1, the second 400; the session is gone', async () => {
    const poller = await open();
    const first = await waiting(poller);
    assert.equal((await poller.get()).status, 400);
    assert.equal((await first.answers())[0].body, '1:1');
    await poller.isGone();
    first.close();
  });

  test('1 with a GET waiting: that gets exactly 1:6, then the session is gone', async () => {
    const poller = await open();
    const get = await waiting(poller);
    assert.equal((await poller.post('1:1')).body, 'ok');
    assert.equal((await get.answers())[0].body, '1:6');
    await poller.isGone();
    get.close();
  });

  test('the upgrade: 3probe, 1:6 for the GET that waits, then everything on the WebSocket', async () => {
    const poller = await open();
    const get = await waiting(poller);
    const ws = await poller.probe();
    ws.says('2probe');
    assert.equal(await ws.next(), '3probe');
    assert.equal((await get.answers())[0].body, '1:6');
    ws.says('5').says('4hello').says(Buffer.from([4, 1]));
    assert.deepEqual([await ws.next(), await ws.next()], ['4hello', Buffer.from([4, 1])]);
    assert.equal((await poller.get()).status, 400);
    ws.says('2');
    assert.equal(await ws.next(), '3');
    ws.close();
    get.close();
  });

  // ---- heartbeats, by the clock

  describe('heartbeat: the client pings, the server pongs', { concurrency: true }, () => {
    test('polling: 1:2 is answered by 1:3', async () => {
      const poller = await Poller.open(scene.beating, v3);
      for (const _ of range(4)) {
        await poller.says('2');
        assert.equal((await poller.get()).body, '1:3');
      }
    });

    test('WebSocket: 2 is answered by 3, what stands behind it comes back', async () => {
      const ws = await socket(scene.beating, v3);
      ws.says('2').says('2more');
      assert.deepEqual([await ws.next(), await ws.next()], ['3', '3more']);
      ws.close();
    });

    test('WebSocket: the server itself never pings, and closes who does not within both times', async () => {
      const { ms } = await timed(async () => {
        const ws = await socket(scene.quick, v3);
        await ws.isClosed();
        assert.deepEqual(ws.messages, []);
      });
      assert.ok(ms > 450, `after ${ms} ms`);
    });

    test('polling: the same', async () => {
      const poller = await Poller.open(scene.quick, v3);
      const { value, ms } = await timed(() => poller.get());
      assert.equal(value.body, '1:1');
      assert.ok(ms > 450, `after ${ms} ms`);
      await poller.isGone();
    });

    test('who pings stays', async () => {
      const ws = await socket(scene.beating, v3);
      for (const began = performance.now(); performance.now() - began < 2_200; ) {
        ws.says('2');
        assert.equal(await ws.next(), '3');
      }
      ws.close();
    });
  });
});

suite('Socket.IO 2', ['patient'], (scene) => {
  const open = () => Poller.open(scene.patient, { eio: 3 });
  async function greeted() {
    const ws = await socket(scene.patient, { eio: 3 });
    assert.deepEqual([await ws.next(), await ws.next()], ['40', '42["auth",{}]']);
    return ws;
  }

  test('"/" is connected without asking: 40, then the events, by WebSocket and by polling', async () => {
    (await greeted()).close();
    assert.deepEqual(await (await open()).next(2), ['40', '42["auth",{}]']);
  });

  test('CONNECT to a namespace is answered by the same', async () => {
    const ws = await greeted();
    ws.says('40/custom');
    assert.deepEqual([await ws.next(), await ws.next()], ['40/custom,', '42/custom,["auth",{}]']);
    ws.close();
  });

  test('the query behind a namespace takes the place of auth', async () => {
    const ws = await greeted();
    ws.says('40/custom?token=t&name=%D2%91,');
    assert.deepEqual([await ws.next(), await ws.next()], ['40/custom,', '42/custom,["auth",{"token":"t","name":"ґ"}]']);
    ws.close();
  });

  test('a refusal is a text: 44/random,"Invalid namespace"', async () => {
    const ws = await greeted();
    ws.says('40/random');
    assert.equal(await ws.next(), '44/random,"Invalid namespace"');
    ws.close();
  });

  test('a refusal with data is the data', async () => {
    const ws = await greeted();
    ws.says('40/guarded?token=x');
    assert.equal(await ws.next(), '44/guarded,{"code":"WHO"}');
    ws.close();
  });

  test('events, acks, and questions to the client', async () => {
    const ws = await greeted();
    ws.says('42["message",1,"ґ",{"a":[]}]').says('4217["message-with-ack",2]').says('42["ask-me",3]');
    assert.deepEqual([await ws.next(), await ws.next()], ['42["message-back",1,"ґ",{"a":[]}]', '4317[2]']);
    const question = await ws.next();
    const [, id] = /^42(\d+)\["question",3\]$/.exec(question);
    ws.says(`43${id}["well"]`);
    assert.equal(await ws.next(), '42["answer","well"]');
    ws.close();
  });

  test('binary: the header, then frames that begin with the byte 4', async () => {
    const ws = await greeted();
    const parts = ['451-["message",{"_placeholder":true,"num":0}]', Buffer.from([4, 1, 2])];
    for (const part of parts) ws.says(part);
    assert.deepEqual([await ws.next(), await ws.next()], ['451-["message-back",{"_placeholder":true,"num":0}]', parts[1]]);
    ws.close();
  });

  test('binary by polling: bytes in one payload, or base64 where that was asked for', async () => {
    const poller = await open();
    await poller.next(2);
    await poller.says('451-["message",{"_placeholder":true,"num":0}]', 'b4AQI=');
    const answer = await poller.get();
    assert.deepEqual(unpack3bytes(answer.bytes), ['451-["message-back",{"_placeholder":true,"num":0}]', Buffer.from([4, 1, 2])]);

    const asked = await Poller.open(scene.patient, { eio: 3, more: '&b64=1' });
    await asked.next(2);
    await asked.says('451-["message",{"_placeholder":true,"num":0}]', 'b4AQI=');
    assert.deepEqual(await asked.next(2), ['451-["message-back",{"_placeholder":true,"num":0}]', 'b4AQI=']);
  });

  test('DISCONNECT of a namespace does not hurt "/"', async () => {
    const ws = await greeted();
    ws.says('40/custom');
    await ws.hears((m) => m.startsWith('42/custom'));
    ws.says('41/custom').says('42["message","on"]');
    assert.equal(await ws.hears((m) => m.startsWith('42["m')), '42["message-back","on"]');
    ws.close();
  });

  for (const packet of ['42{}', '42abc[1]', '4abc', '42["connect"]', '42/custom,["x"]', '49']) {
    test(`closes: ${packet}`, async () => {
      const ws = await greeted();
      ws.says(packet);
      await ws.isClosed();
    });
  }

  test('rooms are shared with clients of Socket.IO 5', async () => {
    const old = await greeted();
    const young = await connected(scene.patient);
    old.says('420["join","mixed"]');
    young.says('420["join","mixed"]');
    assert.deepEqual([await old.next(), await young.next()], ['430[true]', '430[true]']);
    young.says('451-["tell","mixed",{"_placeholder":true,"num":0}]').says(Buffer.from([7, 8]));
    for (const [who, ending] of [[old, Buffer.from([4, 7, 8])], [young, Buffer.from([7, 8])]])
      assert.deepEqual([await who.next(), await who.next()], ['451-["told",{"_placeholder":true,"num":0}]', ending]);
    old.close();
    young.close();
  });
});
