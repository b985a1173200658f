// Engine.IO 4 over WebSocket: packets and frames, right and wrong, limits, heartbeats. What RFC 6455 says beneath the engine
// is in tests/system/websocket; here it is tried that the engine closes as it does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { range } from '../system/lib/deadline.mjs';
import { binary, close, frame, ping, text } from '../system/lib/raw-ws.mjs';
import { socket, timed } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

const path = '/engine.io/';

suite('WebSocket', ['patient', 'quick', 'beating'], (scene) => {
  const open = (options) => socket(scene.patient, { path, ...options });

  const messages = {
    'text': ['4hello'],
    'an empty message': ['4'],
    'text of every plane': ['4Добрий день 👋🏽 ґ\u2028"\\\n\x1e'],
    'binary, as a binary frame without a type': [Buffer.from([1, 2, 3, 4])],
    'empty binary': [Buffer.alloc(0)],
    'binary that looks like packets': [Buffer.from('2'), Buffer.from('bAQ=='), Buffer.from([4, 5])],
    'many': range(300).map((i) => (i % 3 ? `4${i}` : Buffer.from([i & 255]))),
    'something of maxPayload': [`4${'x'.repeat(99_999)}`],
    'binary of maxPayload': [Buffer.alloc(100_000, 7)],
  };
  for (const [what, packets] of Object.entries(messages)) {
    test(`messages go back unchanged and in order: ${what}`, async () => {
      const ws = await open();
      for (const packet of packets) ws.says(packet);
      for (const packet of packets) assert.deepEqual(await ws.next(), packet);
      ws.close();
    });
  }

  const closes = {
    'text that is no packet': 'abc', 'an unknown type': '9', 'an empty text': '', 'open, which is the server\'s': '0{}',
    'a ping, which is the server\'s': '2', 'a probe outside of an upgrade': '2probe', 'an upgrade outside of one': '5',
    'close': '1',
  };
  for (const [what, packet] of Object.entries(closes)) {
    test(`closes without a code: ${what}`, async () => {
      const ws = await open();
      ws.says(packet);
      assert.equal(await ws.isClosed(), null);
    });
  }

  const ignored = { 'a pong that nobody waits for': '3', 'a pong with text': '3probe', 'a noop': '6' };
  for (const [what, packet] of Object.entries(ignored)) {
    test(`stays open: ${what}`, async () => {
      const ws = await open();
      ws.says(packet).says('4x');
      assert.equal(await ws.next(), '4x');
      ws.close();
    });
  }

  // ---- frames

  const frames = {
    'a message over the limit': [[frame(text, 'x'.repeat(100_001))], 1009],
    'a message announced over the limit': [[frame(text, '', { length: 100_001 })], 1009],
    'a length of 2^62': [[frame(text, '', { length: 2n ** 62n })], 1009],
    'fragments that sum up over the limit': [[frame(text, '4'.repeat(60_000), { fin: false }), frame(0, '4'.repeat(60_000))], 1009],
    'a length with the highest bit': [[frame(text, '', { length: 2n ** 63n })], [1002, 1009]],
    'an unmasked frame': [[frame(text, '3', { masked: false })], 1002],
    'reserved bits': [[frame(text, '3', { rsv: 4 })], 1002],
    'a reserved opcode': [[frame(0x3, '3')], 1002],
    'a reserved control opcode': [[frame(0xb, '3')], 1002],
    'a fragmented ping': [[frame(ping, 'x', { fin: false })], 1002],
    'a ping of 126 bytes': [[frame(ping, 'x'.repeat(126))], 1002],
    'a continuation of nothing': [[frame(0, '3')], 1002],
    'a new message inside a fragmented one': [[frame(text, '42["', { fin: false }), frame(text, '3')], 1002],
    'text that is no UTF-8': [[frame(text, Buffer.from([0x34, 0x32, 0xff, 0xfe]))], 1007],
    'text that ends inside a letter': [[frame(text, Buffer.from([0x34, 0xd1]))], 1007],
    'an overlong encoding': [[frame(text, Buffer.from([0x34, 0xc0, 0x80]))], 1007],
    'a surrogate in UTF-8': [[frame(text, Buffer.from([0x34, 0xed, 0xa0, 0x80]))], 1007],
    'a close frame of one byte': [[frame(close, 'x')], 1002],
    'a close frame with the code 1005': [[frame(close, Buffer.from([3, 237]))], 1002],
    'a close frame with the code 0': [[frame(close, Buffer.from([0, 0]))], 1002],
    'a close reason that is no UTF-8': [[frame(close, Buffer.from([3, 232, 0xff]))], [1002, 1007]],
  };
  for (const [what, [bytes, codes]] of Object.entries(frames)) {
    test(`frames: ${what} closes with ${codes}`, async () => {
      const ws = await open();
      for (const part of bytes) ws.writes(part);
      const code = await ws.isClosed();
      assert.ok([codes].flat().includes(code), `closed with ${code}`);
    });
  }

  test('frames: a close is answered by its own code, a ping by its pong', async () => {
    const ws = await open();
    ws.writes(frame(ping, 'are you there')).writes(frame(close, Buffer.from([3, 232])));
    assert.equal(await ws.isClosed(), 1000);
    assert.deepEqual(ws.messages, [Buffer.from('are you there')]);
  });

  test('frames: a message byte by byte, and in fragments with a ping between, is one message', async () => {
    const ws = await open();
    for (const byte of frame(text, '4whole')) ws.writes(Buffer.from([byte]));
    assert.equal(await ws.next(), '4whole');
    ws.writes(frame(text, '4fra', { fin: false })).writes(frame(ping, 'x')).writes(frame(0, 'gmen', { fin: false })).writes(frame(0, 'ts'));
    assert.deepEqual(await ws.next(), Buffer.from('x'));
    assert.equal(await ws.next(), '4fragments');
    ws.close();
  });

  test('frames: those that come in one piece with the handshake are heard', async () => {
    const early = Buffer.concat([frame(text, '4a'), frame(binary, 'b'), frame(text, '4c')]);
    const ws = await open({ behind: early });
    assert.deepEqual([await ws.next(), await ws.next(), await ws.next()], ['4a', Buffer.from('b'), '4c']);
    ws.close();
  });

  // ---- heartbeats, by the clock

  describe('heartbeat', { concurrency: true }, () => {
    const beats = (more) => socket(scene.quick, { path, ...more });
    const patiently = (more) => socket(scene.beating, { path, ...more });

    test('2 after the ping interval; who answers stays', async () => {
      const ws = await patiently({ pongs: false });
      for (const _ of range(4)) {
        const { value, ms } = await timed(() => ws.next());
        assert.equal(value, '2');
        assert.ok(ms > 250, `after ${ms} ms`);
        ws.says('3');
      }
      ws.close();
    });

    test('without a pong it is closed 500 ms after it began', async () => {
      const { ms } = await timed(async () => {
        const ws = await beats({ pongs: false });
        assert.equal(await ws.isClosed(), null);
        assert.deepEqual(ws.messages, ['2']);
      });
      assert.ok(ms > 450, `after ${ms} ms`);
    });

    test('any packet while the pong is waited for prolongs that, once', async () => {
      const ws = await patiently({ pongs: false });
      assert.equal(await ws.next(), '2');
      const { ms } = await timed(async () => {
        ws.says('4still here');
        assert.equal(await ws.next(), '4still here');
        ws.says('4and here');
        await ws.isClosed();
      });
      assert.ok(ms > 1_400, `after ${ms} ms`);
    });

    test('a ping of RFC 6455 is no pong', async () => {
      const ws = await beats({ pongs: false });
      assert.equal(await ws.next(), '2');
      ws.writes(frame(ping, 'x'));
      await ws.isClosed();
    });
  });
});
