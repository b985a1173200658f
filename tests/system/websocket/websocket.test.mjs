// RFC 6455 and RFC 7692 at the wire, against the bare echo of examples/conformance: the groups of cases.mjs, every script
// chopped at every octet, large messages, compression.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { startConformance } from '../lib/conformance.mjs';
import { range } from '../lib/deadline.mjs';
import { WsPeer, closing, frame, op } from '../lib/ws-peer.mjs';
import { cases } from './cases.mjs';

const tail = Buffer.from([0, 0, 0xff, 0xff]);
const unpack = (bytes) => inflateRawSync(Buffer.concat([bytes, tail]), { finishFlush: constants.Z_SYNC_FLUSH });
function pack(plain, options = {}) {
  const packed = deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH, ...options });
  return packed.subarray(0, packed.length - tail.length);
}

for (const threads of ['1', '4']) {
  describe(`WebSocket, ${threads} thread(s)`, { concurrency: 8 }, () => {
    let echo;
    before(async () => (echo = await startConformance('--threads', threads)));
    after(async () => {
      assert.ok(echo.isAlive());
      await echo.stop();
    });
    const open = (extensions) => WsPeer.open(echo.autobahnPort, { extensions });

    /** Reads what is expected, in order, then the ending. */
    async function hears(peer, { expect, close }) {
      for (const [opcode, payload] of expect) {
        const heard = await peer.next();
        assert.ok(heard, `ended before ${String(payload).slice(0, 40)}`);
        assert.deepEqual([heard.fin, heard.rsv, heard.opcode], [1, 0, opcode]);
        assert.ok(heard.payload.equals(Buffer.from(payload)), `${heard.payload.length} octets`);
      }
      if (close === undefined) peer.write(frame(op.close, closing(1000)));
      const last = await peer.next();
      assert.equal(last?.opcode, op.close);
      const code = last.payload.length === 0 ? null : last.payload.readUInt16BE(0);
      assert.equal(code, close === undefined ? 1000 : close);
      assert.equal(await peer.next(), undefined, 'nothing behind the close');
      await peer.ended();
    }

    for (const one of cases) {
      test(one.name, async () => {
        const peer = await open();
        const bytes = Buffer.concat(one.send);
        if (one.chop) await peer.writeChopped(bytes, one.chop);
        else peer.write(bytes);
        await hears(peer, one);
      });
    }

    test('every script in two pieces, cut at every octet', async () => {
      const short = cases.filter((one) => Buffer.concat(one.send).length <= 200 && !one.failFast);
      assert.ok(short.length > 100);
      for (const one of short) {
        const bytes = Buffer.concat(one.send);
        await Promise.all(range(bytes.length - 1).map(async (i) => {
          const peer = await open();
          peer.write(bytes.subarray(0, i + 1));
          await new Promise((done) => setImmediate(done));
          peer.write(bytes.subarray(i + 1));
          await hears(peer, one).catch((error) => {
            throw new Error(`${one.name}, cut at ${i + 1}: ${error.message}`, { cause: error });
          });
        }));
      }
    });

    // ---- 9: large messages, 10: many small pieces
    for (const [name, opcode] of [['text', op.text], ['binary', op.binary]]) {
      for (const size of [65_536, 262_144, 1_048_576, 4_194_304, 8_388_608, 16_777_216]) {
        test(`9.1 ${name} of ${size / 1024} KiB`, async () => {
          const payload = opcode === op.text ? Buffer.alloc(size, 'µ') : randomBytes(size);
          const peer = await open();
          peer.write(frame(opcode, payload));
          await hears(peer, { expect: [[opcode, payload]] });
        });
      }
      for (const piece of [64, 1_024, 16_384, 262_144, 4_194_304]) {
        test(`9.3 4 MiB of ${name} in fragments of ${piece}`, async () => {
          const payload = Buffer.alloc(4_194_304, '*');
          const frames = range(payload.length / piece).map((i) =>
            frame(i === 0 ? opcode : op.continuation, payload.subarray(i * piece, (i + 1) * piece), { fin: (i + 1) * piece === payload.length }));
          const peer = await open();
          peer.write(Buffer.concat(frames));
          await hears(peer, { expect: [[opcode, payload]] });
        });
      }
      for (const piece of [64, 512, 2_048]) {
        test(`9.5 1 MiB of ${name} in writes of ${piece}`, async () => {
          const payload = Buffer.alloc(1_048_576, '*');
          const peer = await open();
          await peer.writeChopped(frame(opcode, payload), piece);
          await hears(peer, { expect: [[opcode, payload]] });
        });
      }
      for (const size of [0, 16, 64, 256, 1_024]) {
        test(`9.7 a thousand messages of ${size}, ${name}`, async () => {
          const payload = Buffer.alloc(size, '*');
          const peer = await open();
          for (let i = 0; i < 1_000; ++i) peer.write(frame(opcode, payload));
          await hears(peer, { expect: range(1_000).map(() => [opcode, payload]) });
        });
      }
    }
    test('9.9 more than 16 MiB in fragments is refused where it becomes too much', async () => {
      const peer = await open();
      const piece = Buffer.alloc(4_194_304, '*');
      for (let i = 0; i < 4; ++i) peer.write(frame(i === 0 ? op.text : op.continuation, piece, { fin: false }));
      peer.write(frame(op.continuation, '*', { fin: false }));
      await hears(peer, { expect: [], close: 1009 });
    });
    test('10.1 64 KiB in fragments of 1300', async () => {
      const payload = Buffer.alloc(65_536, '*');
      const frames = range(Math.ceil(65_536 / 1_300)).map((i) =>
        frame(i === 0 ? op.text : op.continuation, payload.subarray(i * 1_300, (i + 1) * 1_300), { fin: (i + 1) * 1_300 >= 65_536 }));
      const peer = await open();
      peer.write(Buffer.concat(frames));
      await hears(peer, { expect: [[op.text, payload]] });
    });

    // ---- 12, 13: permessage-deflate
    const offers = {
      plain: 'permessage-deflate',
      'with client_max_window_bits': 'permessage-deflate; client_max_window_bits',
      'with no context takeover': 'permessage-deflate; client_no_context_takeover; server_no_context_takeover',
      'with a window of 9 for the server': 'permessage-deflate; server_max_window_bits=9',
      'with a window of 15 for the server': 'permessage-deflate; server_max_window_bits=15; client_max_window_bits=9',
      'the second of two': 'permessage-deflate; server_max_window_bits=99, permessage-deflate',
    };
    const contents = {
      json: (size) => Buffer.from(JSON.stringify(range(Math.ceil(size / 30)).map((i) => ({ id: i, name: `name ${i}`, text: 'текст' }))).slice(0, size), 'utf8'),
      noise: (size) => randomBytes(size),
    };
    for (const [how, offer] of Object.entries(offers)) {
      for (const [what, make] of Object.entries(contents)) {
        for (const size of [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072]) {
          test(`12 ${how}: twenty messages of ${size}, ${what}`, async () => {
            const peer = await open(offer);
            assert.match(peer.extensions, /^permessage-deflate; server_no_context_takeover; client_no_context_takeover/);
            const payload = make(size);
            const opcode = what === 'json' ? op.text : op.binary;
            for (let i = 0; i < 20; ++i) peer.write(frame(opcode, pack(payload, { windowBits: 9 + (i % 7) }), { rsv: 4 }));
            for (let i = 0; i < 20; ++i) {
              const heard = await peer.next();
              assert.equal(heard.opcode, opcode);
              const plain = heard.rsv === 4 ? unpack(heard.payload) : heard.payload;
              assert.ok(plain.equals(payload));
              const mayCompress = !how.includes('window of 9') && what === 'json' && payload.length >= 1_024;
              assert.equal(heard.rsv, mayCompress ? 4 : 0);
            }
            await hears(peer, { expect: [] });
          });
        }
      }
    }
    test('13 offers that cannot be taken leave the connection uncompressed', async () => {
      for (const offer of ['permessage-deflate; server_max_window_bits', 'permessage-deflate; nonsense=1', 'permessage-deflate; client_max_window_bits=7', 'x-webkit-deflate-frame', ';;;,,,"']) {
        const peer = await open(offer);
        assert.equal(peer.extensions, undefined, offer);
        peer.write(frame(op.text, 'plain'));
        await hears(peer, { expect: [[op.text, 'plain']] });
      }
    });
    test('13 a message that inflates beyond the limit, broken data, RSV1 in the wrong place', async () => {
      const bomb = pack(Buffer.alloc(64 * 1_048_576));
      for (const [bytes, close] of [
        [frame(op.binary, bomb, { rsv: 4 }), 1009],
        [frame(op.text, Buffer.from([0xff, 0xff, 0xff]), { rsv: 4 }), 1007],
        [frame(op.text, pack(Buffer.from([0xff])), { rsv: 4 }), 1007],
        [frame(op.ping, '', { rsv: 4 }), 1002],
        [frame(op.text, 'x', { rsv: 2 }), 1002],
        [Buffer.concat([frame(op.text, 'a', { fin: false }), frame(op.continuation, 'b', { rsv: 4 })]), 1002],
      ]) {
        const peer = await open('permessage-deflate');
        peer.write(bytes);
        await hears(peer, { expect: [], close });
      }
    });
  });
}
