// Socket.IO 5: CONNECT and DISCONNECT, events, acknowledgements both ways, binary parts; what closes and what does not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { range } from '../system/lib/deadline.mjs';
import { Poller, connected, connectedPoller, joined, socket, timed } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

const idShape = /^[A-Za-z0-9_-]{20}$/;

suite('Socket.IO 5: coming and going', ['patient', 'quick', 'beating'], (scene) => {
  test('CONNECT is answered by a sid of twenty letters, alone, that is not the engine\'s', async () => {
    const ws = await socket(scene.quick);
    ws.says('40');
    const answer = JSON.parse((await ws.next()).slice(2));
    assert.deepEqual(Object.keys(answer), ['sid']);
    assert.match(answer.sid, idShape);
    assert.notEqual(answer.sid, ws.open.sid);
    ws.close();
  });

  const connects = [
    ['40', '40', '42["auth",{}]'],
    ['40{}', '40', '42["auth",{}]'],
    ['40{"token":"t","n":[1,{}]}', '40', '42["auth",{"token":"t","n":[1,{}]}]'],
    ['40/custom,', '40/custom,', '42/custom,["auth",{}]'],
    ['40/custom', '40/custom,', '42/custom,["auth",{}]'],
    ['40/custom,{"a":1}', '40/custom,', '42/custom,["auth",{"a":1}]'],
  ];
  for (const [packet, head, greeting] of connects) {
    test(`CONNECT ${packet}: the reply, directly behind it ${greeting}`, async () => {
      const ws = await socket(scene.quick);
      ws.says(packet);
      const reply = await ws.next();
      assert.ok(reply.startsWith(`${head}{"sid":"`), reply);
      assert.equal(await ws.next(), greeting);
      ws.close();
      const poller = await Poller.open(scene.quick);
      await poller.says(packet);
      const packets = await poller.next(2);
      assert.ok(packets[0].startsWith(`${head}{"sid":"`), packets[0]);
      assert.equal(packets[1], greeting);
    });
  }

  test('each namespace has a sid of its own', async () => {
    const ws = await connected(scene.patient);
    const first = ws.id;
    await joined(ws, '/custom');
    assert.notEqual(ws.id, first);
    ws.close();
  });

  for (const port of ['quick', 'patient']) {
    test(`an unknown namespace: exactly 44/random,{"message":"Invalid namespace"} (${port})`, async () => {
      for (const packet of ['40/random', '40/random,', '40/random,{"a":1}']) {
        const ws = await socket(scene[port]);
        ws.says(packet);
        assert.equal(await ws.next(), '44/random,{"message":"Invalid namespace"}');
        ws.close();
      }
    });
  }

  test('a refusal has the message and the data of the middleware; one may try again', async () => {
    const ws = await socket(scene.patient);
    ws.says('40/guarded,{"token":"x"}');
    assert.equal(await ws.next(), '44/guarded,{"message":"no token","data":{"code":"WHO"}}');
    await joined(ws, '/guarded', { token: 't' });
    ws.close();
  });

  test('41 is not answered, the engine stays open: the next frame is 2', async () => {
    const ws = await socket(scene.quick, { pongs: false });
    ws.says('40');
    await ws.next();
    await ws.next();
    ws.says('41');
    assert.equal(await ws.next(), '2');
    ws.close();
  });

  test('after 41 one may CONNECT again, with another sid', async () => {
    const ws = await connected(scene.patient);
    const first = ws.id;
    ws.says('41');
    await joined(ws);
    assert.notEqual(ws.id, first);
    ws.close();
  });

  for (const packet of ['41/custom,', '41/custom']) {
    test(`leaving /custom by ${packet} does not hurt "/"`, async () => {
      const ws = await joined(await connected(scene.patient), '/custom');
      await ws.next();
      ws.says(packet).says('42["message",1]');
      assert.equal(await ws.next(), '42["message-back",1]');
      ws.says('42/custom,["message",1]');
      await ws.isClosed();
    });
  }

  test('disconnected from a namespace by the server: 41, and the connection stays', async () => {
    const ws = await connected(scene.patient);
    ws.says('42["go",false]');
    assert.equal(await ws.next(), '41');
    await joined(ws);
    ws.close();
  });

  test('disconnected for good by the server: 41, then the end', async () => {
    const ws = await connected(scene.patient);
    ws.says('42["go",true]');
    assert.equal(await ws.next(), '41');
    await ws.isClosed();
  });

  // ---- who does not come in

  const badConnects = ['40"x"', '40[]', '40{', '40null', '40{}x', '40-'];
  for (const packet of badConnects) {
    test(`a CONNECT that is none closes: ${packet}`, async () => {
      const ws = await socket(scene.patient);
      ws.says(packet);
      assert.equal(await ws.isClosed(), null);
    });
  }

  test('a namespace of 300 letters closes', async () => {
    const ws = await socket(scene.patient);
    ws.says(`40/${'x'.repeat(300)},{}`);
    assert.equal(await ws.isClosed(), null);
  });

  for (const packet of ['42["message",1]', '430[]', '41', '4abc', '44{"message":"x"}', Buffer.from([1])]) {
    test(`anything but CONNECT closes as long as there is none: ${packet}`, async () => {
      const ws = await socket(scene.patient);
      ws.says(packet);
      assert.equal(await ws.isClosed(), null);
    });
  }

  test('a second CONNECT closes', async () => {
    const ws = await connected(scene.patient);
    ws.says('40{}');
    assert.equal(await ws.isClosed(), null);
  });

  describe('by the clock', { concurrency: true }, () => {
    test('no CONNECT in time: closed, though the heartbeat is answered', async () => {
      const { ms } = await timed(async () => (await socket(scene.beating)).isClosed());
      assert.ok(ms > 900, `after ${ms} ms`);
    });

    test('no CONNECT in time by polling: the GET that waits gets 1, the session is gone', async () => {
      const poller = await Poller.open(scene.beating);
      for (;;) {
        const { body } = await poller.get();
        if (body === '1') break;
        assert.equal(body, '2');
        await poller.says('3');
      }
      await poller.isGone();
    });

    test('a refused CONNECT does not stop that clock', async () => {
      const ws = await socket(scene.beating);
      ws.says('40/random');
      await ws.isClosed();
    });
  });
});

suite('Socket.IO 5: events', ['patient', 'quick'], (scene) => {
  // ---- there and back

  const args = {
    'none': '',
    'text, numbers, nothing': ',1,"2",[3],null,true,false,-0.5,1e+300',
    'text of every plane': ',"Добрий день 👋🏽 ґ","\\"\\\\\\n"',
    'objects, their keys in the order in which they came': ',{"z":1,"a":{"y":[],"b":{}},"10":2,"9":3}',
    'whole numbers up to 2^53': ',9007199254740991,-9007199254740991,0',
    'deep as thirty': `,${'['.repeat(30)}${']'.repeat(30)}`,
    'keys that mean something in JavaScript': ',{"__proto__":1,"constructor":{"prototype":2},"toString":3}',
    'what looks like a placeholder and is none': ',{"_placeholder":false,"num":0},{"num":0}',
  };
  for (const [what, list] of Object.entries(args)) {
    test(`arguments come back as compact JSON: ${what}`, async () => {
      const ws = await connected(scene.patient);
      ws.says(`42["message"${list}]`);
      assert.equal(await ws.next(), `42["message-back"${list}]`);
      const poller = await connectedPoller(scene.patient);
      await poller.says(`42["message"${list}]`);
      assert.deepEqual(await poller.next(), [`42["message-back"${list}]`]);
      ws.close();
    });
  }

  const binaries = {
    'one': [1, '{"_placeholder":true,"num":0}'],
    'two, within other things': [2, '{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]},"x"'],
    'ten': [10, range(10).map((i) => `{"_placeholder":true,"num":${i}}`).join()],
  };
  for (const [what, [count, list]] of Object.entries(binaries)) {
    test(`binary parts come back: the header, then the frames in order: ${what}`, async () => {
      const parts = range(count).map((i) => Buffer.from(range(i * 100).map((j) => (i * j) & 255)));
      const ws = await connected(scene.patient);
      ws.says(`45${count}-["message",${list}]`);
      for (const part of parts) ws.says(part);
      assert.equal(await ws.next(), `45${count}-["message-back",${list}]`);
      for (const part of parts) assert.deepEqual(await ws.next(), part);
      const poller = await connectedPoller(scene.patient);
      const encoded = parts.map((part) => `b${part.toString('base64')}`);
      await poller.says(`45${count}-["message",${list}]`, ...encoded);
      assert.deepEqual(await poller.next(count + 1), [`45${count}-["message-back",${list}]`, ...encoded]);
      ws.close();
    });
  }

  test('binary parts may come in requests of their own', async () => {
    const poller = await connectedPoller(scene.patient);
    await poller.says('451-["message",{"_placeholder":true,"num":0}]');
    await poller.says('bAQID');
    assert.deepEqual(await poller.next(2), ['451-["message-back",{"_placeholder":true,"num":0}]', 'bAQID']);
  });

  // ---- acknowledgements

  for (const id of ['0', '1', '007', '9007199254740991']) {
    test(`an ack comes back under its id: ${id}`, async () => {
      const ws = await connected(scene.patient);
      ws.says(`42${id}["message-with-ack",1,"2",{"3":[false]}]`);
      assert.equal(await ws.next(), `43${Number(id)}[1,"2",{"3":[false]}]`);
      ws.close();
    });
  }

  test('an ack with binary parts, in both directions', async () => {
    const ws = await connected(scene.patient);
    ws.says('451-12["message-with-ack",{"_placeholder":true,"num":0}]').says(Buffer.from([1, 2]));
    assert.deepEqual([await ws.next(), await ws.next()], ['461-12[{"_placeholder":true,"num":0}]', Buffer.from([1, 2])]);
    ws.says('42["ask-me"]');
    const id = /^42(\d+)\["question"\]$/.exec(await ws.next())[1];
    ws.says(`461-${id}[{"_placeholder":true,"num":0}]`).says(Buffer.from([3]));
    assert.deepEqual([await ws.next(), await ws.next()], ['451-["answer",{"_placeholder":true,"num":0}]', Buffer.from([3])]);
    ws.close();
  });

  test('the server asks, the client answers; a second answer is nobody\'s', async () => {
    const ws = await connected(scene.patient);
    ws.says('42["ask-me",1]').says('42["ask-me",2]');
    const ids = [];
    for (const n of [1, 2]) ids.push(new RegExp(`^42(\\d+)\\["question",${n}\\]$`).exec(await ws.next())[1]);
    assert.notEqual(ids[0], ids[1]);
    ws.says(`43${ids[1]}["b"]`).says(`43${ids[0]}["a"]`).says(`43${ids[0]}["again"]`).says('42["message"]');
    for (const packet of ['42["answer","b"]', '42["answer","a"]', '42["message-back"]']) assert.equal(await ws.next(), packet);
    ws.close();
  });

  test('the server asks and hears nothing in time', async () => {
    const ws = await connected(scene.patient);
    ws.says('42["ask-me"]');
    const id = /^42(\d+)/.exec(await ws.next())[1];
    assert.equal(await ws.next(), '42["answer","none came"]');
    ws.says(`43${id}["late"]`).says('42["message"]');
    assert.equal(await ws.next(), '42["message-back"]');
    ws.close();
  });

  // ---- rooms

  test('a room hears in order, also from others, and its members once each', async () => {
    const people = await Promise.all(range(6).map(() => connected(scene.patient)));
    for (const one of people) {
      one.says('420["join","kitchen"]').says('421["join","kitchen"]');
      assert.deepEqual([await one.next(), await one.next()], ['430[true]', '431[true]']);
    }
    for (const i of range(50)) people[0].says(`42["tell","kitchen",${i}]`);
    for (const one of people) for (const i of range(50)) assert.equal(await one.next(), `42["told",${i}]`);
    for (const one of people) one.close();
  });

  test('a socket\'s id is a room', async () => {
    const [a, b] = [await connected(scene.patient), await connected(scene.patient)];
    a.says(`42["tell","${b.id}","psst"]`);
    assert.equal(await b.next(), '42["told","psst"]');
    a.close();
    b.close();
  });

  // ---- what closes

  const closes = {
    'broken JSON': ['42["message",{'],
    'an event that is no array': ['42{}'],
    'an event without a name': ['42[]'],
    'an event without anything': ['42'],
    'an event named by an object': ['42[{}]'],
    'an event named by a truth': ['42[true]'],
    'text after the array': ['42["message",{}]x'],
    'letters between type and data': ['42abc["message",{}]'],
    'a digit storm instead of an ack id': [`42${'9'.repeat(50_000)}["message",{}]`],
    'an ack id beyond 2^53': ['4299999999999999999999["message",{}]'],
    'a negative ack id': ['42-1["message",{}]'],
    'an event to a namespace not joined': ['42/custom,["message",{}]'],
    'CONNECT_ERROR from a client': ['44{"message":"x"}'],
    'an unknown packet type': ['47["x"]'],
    'no packet type': ['4'],
    'a packet type of letters': ['4abc'],
    'a binary event of no attachments': ['450-["message"]'],
    'a binary event of eleven attachments': ['4511-["message",{"_placeholder":true,"num":0}]'],
    'a binary event of 999999999999 attachments': ['45999999999999-["message",{"_placeholder":true,"num":0}]'],
    'a binary event without the dash': ['451["message",{"_placeholder":true,"num":0}]'],
    'a placeholder out of range': ['451-["message",{"_placeholder":true,"num":5}]', Buffer.from('x')],
    'a negative placeholder': ['451-["message",{"_placeholder":true,"num":-1}]', Buffer.from('x')],
    'a placeholder of half a part': ['451-["message",{"_placeholder":true,"num":0.5}]', Buffer.from('x')],
    'a placeholder without a number': ['451-["message",{"_placeholder":true}]', Buffer.from('x')],
    'text while an attachment is due': ['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
    'binary when none is due': [Buffer.from([4, 5, 6])],
    'empty binary when none is due': [Buffer.alloc(0)],
    'one attachment too many': ['451-["message",{"_placeholder":true,"num":0}]', Buffer.from('x'), Buffer.from('y')],
    'attachments beyond the cap': ['4510-["message",{"_placeholder":true,"num":0}]', ...range(9).map(() => Buffer.alloc(100_000))],
    'an ack that is no array': ['430{}'],
    'an ack without an id': ['43[]'],
    'a namespace without end': [`42/${'x'.repeat(50_000)}`],
    'an event name of 300 letters': [`42["${'x'.repeat(300)}"]`],
    'JSON deeper than thirty-two': [`42["message",${'['.repeat(40)}${']'.repeat(40)}]`],
    'JSON of 40 000 levels': [`42["message",${'['.repeat(40_000)}${']'.repeat(40_000)}]`],
    'a control letter inside a string': ['42["message","a\u0001b"]'],
    ...Object.fromEntries(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map((name) =>
      [`the reserved name ${name}`, [`42["${name}"]`]])),
  };
  for (const [what, messages] of Object.entries(closes)) {
    test(`closes without a code: ${what}`, async () => {
      const ws = await connected(scene.patient);
      for (const message of messages) ws.says(message);
      assert.equal(await ws.isClosed(), null);
    });
  }

  test('by polling: 400, and the session is gone', async () => {
    for (const body of ['42{}', '4abc', '42["x"', '44{}', '42abc[1]', '40{}', 'bAQ==', '451-["x",{"_placeholder":true,"num":0}]\x1e42["x"]']) {
      const poller = await connectedPoller(scene.patient);
      assert.equal((await poller.post(body)).status, 400, body);
      await poller.isGone();
    }
  });

  test('attachments that do not come in time close', async () => {
    const ws = await connected(scene.patient);
    ws.says('452-["message",{"_placeholder":true,"num":0}]').says(Buffer.from('x'));
    const { ms } = await timed(() => ws.isClosed());
    assert.ok(ms > 300, `after ${ms} ms`);
  });

  const staysOpen = {
    'a pong that nobody waits for': ['3'],
    'an ack for an unknown id': ['43999[]', '43999["x",1]'],
    'a binary ack for an unknown id': ['461-999[{"_placeholder":true,"num":0}]', Buffer.from('x')],
    'an event that nobody handles': ['42["no_such_event",1,2,3]', '420["no_such_event"]'],
    'an event named by a number': ['42[1]', '420[-1.5,"x"]'],
    'a lone surrogate in a string': ['42["no_such_event","\\ud800"]'],
    'a doubled key': ['42["no_such_event",{"a":1,"a":2}]'],
    'numbers out of range': ['42["no_such_event",1e999,-1e999,123456789012345678901234567890]'],
    'names that mean something in JavaScript': ['42["__proto__"]', '42["constructor"]', '42["hasOwnProperty"]'],
    'a noop': ['6'],
  };
  for (const [what, messages] of Object.entries(staysOpen)) {
    test(`stays open: ${what}`, async () => {
      const ws = await connected(scene.patient);
      for (const message of messages) ws.says(message);
      ws.says('42["message","on"]');
      assert.equal(await ws.next(), '42["message-back","on"]');
      ws.close();
    });
  }
});
