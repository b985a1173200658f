// Socket.IO 5 by MessagePack: told by the first message, one binary message a packet, and what it may hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Poller, connected, socket } from './lib/peers.mjs';
import { Raw, decode, encode } from './lib/msgpack.mjs';
import { suite } from './lib/scene.mjs';

const hex = (text) => Buffer.from(text, 'hex');
// What the official client sends (socketio-wire 3.8).
const captured = {
  connect: hex('83a47479706500a46461746181a5746f6b656ea154a36e7370a12f'),
  event: hex('85a47479706502a46461746192ad6f726465725f6d65737361676582a76f726465724964a16fa7636f6e74656e74a26869a76f7074696f6e7381a8636f6d7072657373c3a2696400a36e7370a12f'),
  disconnect: hex('82a47479706501a36e7370a12f'),
};

suite('MessagePack', ['patient'], (scene) => {
  const hears = async (ws) => decode(await ws.next());
  async function open(connect = encode({ type: 0, nsp: '/' })) {
    const ws = await socket(scene.patient);
    ws.says(connect);
    ws.connect = await hears(ws);
    ws.greeting = await hears(ws);
    return ws;
  }
  const event = (data, more = {}) => encode({ type: 2, data, nsp: '/', ...more });

  test('the encoder here is that of the official client, but for the order of keys', () => {
    assert.deepEqual(encode({ type: 0, data: { token: 'T' }, nsp: '/' }), captured.connect);
    assert.deepEqual(encode({ type: 1, nsp: '/' }), captured.disconnect);
  });

  test('a captured CONNECT: the answer is a map of type, data and nsp; so is the event behind it', async () => {
    const ws = await open(captured.connect);
    assert.deepEqual(ws.connect, { type: 0, data: { sid: ws.connect.data.sid }, nsp: '/' });
    assert.match(ws.connect.data.sid, /^[A-Za-z0-9_-]{20}$/);
    assert.deepEqual(ws.greeting, { type: 2, data: ['auth', { token: 'T' }], nsp: '/' });
    ws.close();
  });

  test('a captured event with the ack id 0 and options: the ack has that id', async () => {
    const ws = await open();
    ws.says(captured.event);
    assert.deepEqual(await hears(ws), { type: 3, data: [{ orderId: 'o', content: 'hi' }], nsp: '/', id: 0 });
    ws.close();
  });

  test('a captured DISCONNECT: not answered, and one may CONNECT again', async () => {
    const ws = await open();
    ws.says(captured.disconnect).says(captured.connect);
    assert.equal((await hears(ws)).type, 0);
    ws.close();
  });

  test('CONNECT without data, and to another namespace', async () => {
    const ws = await open(encode({ type: 0, nsp: '/custom' }));
    assert.equal(ws.connect.nsp, '/custom');
    assert.deepEqual(ws.greeting, { type: 2, data: ['auth', {}], nsp: '/custom' });
    ws.close();
  });

  test('refusals: type 4 with message and data', async () => {
    const ws = await socket(scene.patient);
    ws.says(encode({ type: 0, nsp: '/random' })).says(encode({ type: 0, nsp: '/guarded' }));
    assert.deepEqual(await hears(ws), { type: 4, data: { message: 'Invalid namespace' }, nsp: '/random' });
    assert.deepEqual(await hears(ws), { type: 4, data: { message: 'no token', data: { code: 'WHO' } }, nsp: '/guarded' });
    ws.close();
  });

  test('the server\'s DISCONNECT has no data, not even nil', async () => {
    const ws = await open();
    ws.says(event(['go', false]));
    assert.deepEqual(await hears(ws), { type: 1, nsp: '/' });
    ws.close();
  });

  test('by polling each packet is a base64 message', async () => {
    const poller = await Poller.open(scene.patient);
    const packet = (bytes) => `b${bytes.toString('base64')}`;
    await poller.says(packet(captured.connect), packet(event(['message', 1, Buffer.from([7])])));
    const [connect, greeting, back] = (await poller.next(3)).map((p) => decode(Buffer.from(p.slice(1), 'base64')));
    assert.deepEqual([connect.type, greeting.data], [0, ['auth', { token: 'T' }]]);
    assert.deepEqual(back, { type: 2, data: ['message-back', 1, Buffer.from([7])], nsp: '/' });
  });

  test('the server asks, the client answers', async () => {
    const ws = await open();
    ws.says(event(['ask-me', Buffer.from([1])]));
    const question = await hears(ws);
    assert.deepEqual(question, { type: 2, data: ['question', Buffer.from([1])], nsp: '/', id: question.id });
    ws.says(encode({ type: 3, data: [Buffer.from([2])], nsp: '/', id: question.id }));
    assert.deepEqual((await hears(ws)).data, ['answer', Buffer.from([2])]);
    ws.close();
  });

  // ---- values

  const values = {
    'whole numbers': [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1],
    'negative ones': [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1],
    'others, as float64': [0.5, -0.25, 1e300, Math.PI],
    'text of every length': ['', 'ґ', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(255), 'x'.repeat(256), 'ґ'.repeat(33_000)],
    'nothing and the truth': [null, true, false],
    'arrays and maps': [[], [[]], {}, { a: { б: [1] } }, Array(16).fill(0), Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]))],
    'bytes of every length': [Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(255, 1), Buffer.alloc(256, 2), Buffer.alloc(65_536, 3)],
  };
  for (const [what, list] of Object.entries(values)) {
    test(`values come back in their shortest form: ${what}`, async () => {
      const ws = await open();
      for (const value of list) {
        ws.says(event(['message', value]));
        const bytes = await ws.next();
        assert.deepEqual(decode(bytes).data, ['message-back', value]);
        const shortest = encode(['message-back', value]);
        assert.ok(bytes.includes(shortest), `${bytes.toString('hex').slice(0, 200)} has no ${shortest.toString('hex').slice(0, 100)}`);
      }
      ws.close();
    });
  }

  const time = Date.UTC(2024, 1, 29, 12, 30, 15, 250), seconds = time / 1000 - 0.25;
  const u32 = (n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  const u64 = (n) => [...u32(Number(BigInt(n) >> 32n)), ...u32(Number(BigInt(n) & 0xffffffffn))];
  const iso = '2024-02-29T12:30:15.250Z';
  const forms = {
    'longer forms of numbers': [[new Raw(0xcc, 5), new Raw(0xcf, u64(5)), new Raw(0xd0, 5), new Raw(0xd3, u64(5)), new Raw(0xca, 0x3f, 0, 0, 0)], [5, 5, 5, 5, 0.5]],
    'longer forms of text and of lists': [[new Raw(0xd9, 1, 0x61), new Raw(0xdb, 0, 0, 0, 1, 0x61), new Raw(0xdc, 0, 1, 1), new Raw(0xdf, 0, 0, 0, 1, 0xa1, 0x61, 1)], ['a', 'a', [1], { a: 1 }]],
    'extension 0 in fixext1: undefined': [[new Raw(0xd4, 0, 0)], [null]],
    'extension 0 in fixext8: a Date in milliseconds': [[new Raw(0xd7, 0, u64(time))], [iso]],
    'extension 0 in ext8, ext16, ext32: bytes': [[new Raw(0xc7, 2, 0, 1, 2), new Raw(0xc8, 0, 1, 0, 3), new Raw(0xc9, 0, 0, 0, 1, 0, 4)], [Buffer.from([1, 2]), Buffer.from([3]), Buffer.from([4])]],
    'extension -1 of 4, 8 and 12 bytes: a time': [
      [new Raw(0xd6, 0xff, u32(seconds)), new Raw(0xd7, 0xff, u64((250_000_000n << 34n) | BigInt(seconds))), new Raw(0xc7, 12, 0xff, u32(250_000_000), u64(seconds))],
      [iso.replace('250', '000'), iso, iso]],
    'NaN and infinities are null': [[new Raw(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0), new Raw(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0)], [null, null]],
  };
  for (const [what, [sent, heard]] of Object.entries(forms)) {
    test(`forms of others are read: ${what}`, async () => {
      const ws = await open();
      ws.says(event(['message', ...sent]));
      assert.deepEqual((await hears(ws)).data, ['message-back', ...heard]);
      ws.close();
    });
  }

  // ---- what closes

  const type = new Raw(0xa4, Buffer.from('type'));
  const nested = (depth) => Array.from({ length: depth }).reduce((inner) => [inner], 0);
  const closes = {
    'an unknown type': encode({ type: 9, nsp: '/' }),
    'a binary event, which is not needed': encode({ type: 5, data: ['message'], nsp: '/' }),
    'a negative type': encode({ type: -1, nsp: '/' }),
    'a type that is no integer': encode({ type: 2.5, data: ['message'], nsp: '/' }),
    'a type of text': encode({ type: '2', data: ['message'], nsp: '/' }),
    'no type': encode({ data: ['message'], nsp: '/' }),
    'no namespace': encode({ type: 2, data: ['message'] }),
    'a namespace that is no text': encode({ type: 2, data: ['message'], nsp: 1 }),
    'a namespace of 300 letters': encode({ type: 2, data: ['message'], nsp: `/${'x'.repeat(300)}` }),
    'an event without data': encode({ type: 2, nsp: '/' }),
    'an event whose data are a map': event({ 0: 'message' }),
    'an event without a name': event([]),
    'an event named by a truth': event([true]),
    'a reserved name': event(['connect']),
    'a name of 300 letters': event(['x'.repeat(300)]),
    'an id that is no integer': event(['message-with-ack'], { id: 1.5 }),
    'an id of text': event(['message-with-ack'], { id: '1' }),
    'a negative id': event(['message-with-ack'], { id: -1 }),
    'an id beyond 2^53': event(['message-with-ack'], { id: new Raw(0xcf, 255, 255, 255, 255, 255, 255, 255, 255) }),
    'an ack whose data are no array': encode({ type: 3, data: {}, nsp: '/', id: 0 }),
    'CONNECT_ERROR from a client': encode({ type: 4, data: { message: 'x' }, nsp: '/' }),
    'a second CONNECT': captured.connect,
    'an event to a namespace not joined': encode({ type: 2, data: ['message'], nsp: '/custom' }),
    'DISCONNECT with data': encode({ type: 1, data: [], nsp: '/' }),
    'bytes behind the packet': Buffer.concat([event(['message']), Buffer.from([0xc0])]),
    'half a packet': event(['message', 'x'.repeat(100)]).subarray(0, 60),
    'an array': encode([2, ['message'], '/']),
    'nothing': Buffer.alloc(0),
    'a byte that is never used': event(['message', new Raw(0xc1)]),
    'an extension of another kind': event(['message', new Raw(0xd4, 5, 0)]),
    'text that is no UTF-8': event(['message', new Raw(0xa2, 0xff, 0xfe)]),
    'a key that is no text': event(['message', new Raw(0x81, 1, 1)]),
    'a count without end': new Raw(0x82, type.bytes, 2, 0xa4, Buffer.from('data'), 0xdd, 255, 255, 255, 255).bytes,
    'a length without end': event(['message', new Raw(0xdb, 255, 255, 255, 255)]),
    'deeper than thirty-two': event(['message', nested(40)]),
    'eleven attachments': event(['message', ...Array(11).fill(Buffer.from([1]))]),
    'a packet of JSON': '42["message"]',
  };
  for (const [what, packet] of Object.entries(closes)) {
    test(`closes without a code: ${what}`, async () => {
      const ws = await open();
      ws.says(packet);
      assert.equal(await ws.isClosed(), null);
    });
  }

  test('closes: a first packet that is none, and a CONNECT whose data are no map', async () => {
    for (const packet of [Buffer.from([1, 2, 3]), encode({ type: 0, data: [], nsp: '/' }), encode({ type: 0, data: 'x', nsp: '/' }), event(['message'])]) {
      const ws = await socket(scene.patient);
      ws.says(packet);
      assert.equal(await ws.isClosed(), null);
    }
  });

  test('stays open: unknown keys, an ack that nobody waits for, one without an id (python-socketio leaves 0 out)', async () => {
    const ws = await open();
    ws.says(event(['message'], { more: { keys: [1] } })).says(encode({ type: 3, data: [], nsp: '/', id: 77_777 }));
    ws.says(encode({ type: 3, data: [], nsp: '/' })).says(event(['message', 2]));
    assert.deepEqual([(await hears(ws)).data, (await hears(ws)).data], [['message-back'], ['message-back', 2]]);
    ws.close();
  });

  test('it is told connection by connection: a room of both dialects, each in its own words', async () => {
    const packed = await open(), plain = await connected(scene.patient);
    packed.says(event(['join', 'mixed'], { id: 0 }));
    plain.says('420["join","mixed"]');
    assert.deepEqual([(await hears(packed)).data, await plain.next()], [[true], '430[true]']);
    plain.says('451-["tell","mixed",{"_placeholder":true,"num":0},"ґ"]').says(Buffer.from([9]));
    packed.says(event(['tell', 'mixed', [Buffer.from([8])]]));
    const heard = [(await hears(packed)).data, (await hears(packed)).data];
    const first = heard.findIndex((data) => data[1] instanceof Buffer);
    assert.deepEqual([heard[first], heard[1 - first]], [['told', Buffer.from([9]), 'ґ'], ['told', [Buffer.from([8])]]]);
    const texts = [await plain.next(), await plain.next(), await plain.next(), await plain.next()];
    assert.deepEqual(texts.map(String).sort(), ['\b', '\t', '451-["told",[{"_placeholder":true,"num":0}]]', '451-["told",{"_placeholder":true,"num":0},"ґ"]'].sort());
    packed.close();
    plain.close();
  });
});
