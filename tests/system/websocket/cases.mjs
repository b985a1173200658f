// The cases of RFC 6455 as a table: what a client sends, what must come back. Numbered by group as in the field's usual
// suite (1 framing, 2 pings, 3 reserved bits, 4 opcodes, 5 fragmentation, 6 UTF-8, 7 closing), written from the RFC.
//
//   {name, send: [bytes…], expect: [[opcode, payload]…], close}
//
// `close`: undefined: the connection lives and closes as we ask it to; a number: the code that the server closes with; null:
// an empty close frame. With `failFast` the first part alone must end it: the second one is never sent.
import { closing, frame, op } from '../lib/ws-peer.mjs';

const { continuation, text, binary, close, ping, pong } = op;
const protocolError = 1002, badUtf8 = 1007;

const more = { fin: false };
const t = (payload) => [text, payload];
const b = (payload) => [binary, payload];

export const cases = [];
const add = (name, send, expect, ending, options = {}) =>
  cases.push({ name, send: [send].flat(), expect, close: ending, ...options });

// ---- 1: framing
for (const size of [0, 1, 125, 126, 127, 128, 65_535, 65_536]) {
  add(`1.1 text of ${size}`, frame(text, '*'.repeat(size)), [t('*'.repeat(size))]);
  add(`1.2 binary of ${size}`, frame(binary, Buffer.alloc(size, 0xfe)), [b(Buffer.alloc(size, 0xfe))]);
}
add('1.1.8 text in pieces of 997', frame(text, '*'.repeat(65_536)), [t('*'.repeat(65_536))], undefined, { chop: 997 });
add('1.2.8 binary in pieces of 997', frame(binary, Buffer.alloc(65_536, 0xfe)), [b(Buffer.alloc(65_536, 0xfe))], undefined, { chop: 997 });
add('1.3 a frame that is not masked', frame(text, 'hello', { masked: false }), [], protocolError);
add('1.4 a length in a longer form than needed', Buffer.from([0x81, 0xfe, 0, 5, 0, 0, 0, 0, 1, 1, 1, 1, 1]), [], protocolError);
add('1.5 a length with the top bit set', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), [], protocolError);
add('1.6 more than 16 MiB is refused by its header', Buffer.from([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]), [], 1009);

// ---- 2: pings
add('2.1 a ping without payload', frame(ping), [[pong, '']]);
add('2.2 with a text', frame(ping, 'Hello, world!'), [[pong, 'Hello, world!']]);
add('2.3 with octets', frame(ping, Buffer.from([0, 255, 254, 253, 0])), [[pong, Buffer.from([0, 255, 254, 253, 0])]]);
add('2.4 of 125', frame(ping, Buffer.alloc(125, 0xfe)), [[pong, Buffer.alloc(125, 0xfe)]]);
add('2.5 of 126', frame(ping, Buffer.alloc(126, 0xfe)), [], protocolError);
add('2.6 of 125, octet by octet', frame(ping, Buffer.alloc(125, 0xfe)), [[pong, Buffer.alloc(125, 0xfe)]], undefined, { chop: 1 });
add('2.7 a pong nobody asked for', frame(pong), []);
add('2.8 a pong with a payload', frame(pong, 'unsolicited'), []);
add('2.9 a pong, then a ping', [frame(pong, 'unsolicited'), frame(ping, 'ping')], [[pong, 'ping']]);
const tenPings = [...Array(10).keys()].map((i) => frame(ping, `payload-${i}`));
const tenPongs = [...Array(10).keys()].map((i) => [pong, `payload-${i}`]);
add('2.10 ten pings', tenPings, tenPongs);
add('2.11 ten pings, octet by octet', tenPings, tenPongs, undefined, { chop: 1 });

// ---- 3: reserved bits
for (let rsv = 1; rsv <= 7; ++rsv) {
  add(`3.${rsv} reserved bits ${rsv}, behind a good message`, [frame(text, 'good'), frame(text, 'bad', { rsv })], [t('good')], protocolError);
  add(`3.${rsv} on a ping`, frame(ping, 'bad', { rsv }), [], protocolError);
  add(`3.${rsv} on a close`, frame(close, '', { rsv }), [], protocolError);
}

// ---- 4: opcodes
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  add(`4 opcode ${opcode}`, frame(opcode), [], protocolError);
  add(`4 opcode ${opcode} with a payload, behind a good message`, [frame(text, 'good'), frame(opcode, 'reserved'), frame(ping)], [t('good')], protocolError);
}

// ---- 5: fragmentation
const [f1, f2] = ['fragment1', 'fragment2'];
add('5.1 a ping in two fragments', [frame(ping, f1, more), frame(continuation, f2)], [], protocolError);
add('5.2 a pong in two fragments', [frame(pong, f1, more), frame(continuation, f2)], [], protocolError);
add('5.2b a close in two fragments', [frame(close, closing(1000), more), frame(continuation, '')], [], protocolError);
for (const chop of [undefined, 1]) {
  const how = chop ? ', octet by octet' : '';
  add(`5.3 text in two${how}`, [frame(text, f1, more), frame(continuation, f2)], [t(f1 + f2)], undefined, { chop });
  add(`5.6 a ping between${how}`, [frame(text, f1, more), frame(ping, 'ping'), frame(continuation, f2)], [[pong, 'ping'], t(f1 + f2)], undefined, { chop });
  const continuedTwice = [frame(continuation, 'bad', { fin: true }), frame(text, 'never', {})];
  add(`5.9 a continuation of nothing, final${how}`, continuedTwice, [], protocolError, { chop });
  add(`5.12 a continuation of nothing, not final${how}`, [frame(continuation, 'bad', more), frame(text, 'never')], [], protocolError, { chop });
  add(`5.15 behind a whole message${how}`, [frame(text, f1, more), frame(continuation, f2), frame(continuation, 'bad', more)], [t(f1 + f2)], protocolError, { chop });
  add(`5.18 a new message within one${how}`, [frame(text, f1, more), frame(text, f2)], [], protocolError, { chop });
}
const five = [...Array(5).keys()].map((i) => `part${i}`);
const inFive = five.map((part, i) => frame(i === 0 ? text : continuation, part, { fin: i === 4 }));
add('5.19 five fragments, pings between', inFive.flatMap((part, i) => (i === 1 || i === 3 ? [part, frame(ping, `p${i}`)] : [part])),
  [[pong, 'p1'], [pong, 'p3'], t(five.join(''))]);
add('5.20 the same, octet by octet', inFive.flatMap((part, i) => (i === 1 || i === 3 ? [part, frame(ping, `p${i}`)] : [part])),
  [[pong, 'p1'], [pong, 'p3'], t(five.join(''))], undefined, { chop: 1 });
add('5.21 empty fragments', [frame(text, '', more), frame(continuation, '', more), frame(continuation, '')], [t('')]);
add('5.22 content in the middle of empty ones', [frame(text, '', more), frame(continuation, 'middle', more), frame(continuation, '')], [t('middle')]);

// ---- 6: UTF-8
const greek = 'Hello-µ@ßöäüàá-UTF-8!!';
add('6.2.1 a text', frame(text, greek), [t(greek)]);
add('6.2.2 cut between characters', [frame(text, 'Hello-µ@ßöä', more), frame(continuation, 'üàá-UTF-8!!')], [t(greek)]);
const octets = [...Buffer.from('κόσμε-😀')];
add('6.2.3 cut within characters', octets.map((octet, i) => frame(i === 0 ? text : continuation, Buffer.from([octet]), { fin: i === octets.length - 1 })), [t('κόσμε-😀')]);
const valid = ['00', '7f', 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080', 'efbfbd', 'efbfbe', 'efbfbf', 'f0908080', 'f09fbfbe', 'f48fbfbf', 'cebae1bdb9cf83cebcceb5'];
for (const hex of valid) {
  const bytes = Buffer.from(hex, 'hex');
  add(`6 valid ${hex}`, frame(text, bytes), [t(bytes)]);
  add(`6 valid ${hex} in fragments of one octet`, [...bytes].map((octet, i) => frame(i === 0 ? text : continuation, Buffer.from([octet]), { fin: i === bytes.length - 1 })), [t(bytes)]);
}
const invalid = ['80', 'bf', '8080', 'c0', 'c1bf', 'c080', 'c2', 'c220', 'e0', 'e080', 'e09fbf', 'e080af', 'eda080', 'edbfbf', 'edad80edb080', 'ee80', 'f0', 'f08080af',
  'f08fbfbf', 'f0908020', 'f4908080', 'f5808080', 'f888808080', 'fc8480808080', 'fe', 'ff', 'fefeffff', 'cebae1bdb9cf83cebcceb5eda080656469746564'];
for (const hex of invalid) {
  const bytes = Buffer.from(hex, 'hex');
  add(`6 invalid ${hex}`, frame(text, bytes), [], badUtf8);
  add(`6 invalid ${hex} behind a fragment`, [frame(text, 'so far so good ', more), frame(continuation, bytes)], [], badUtf8);
}
// Fail fast: the octet that cannot be ends it, whatever would follow.
const good = Buffer.from('κόσμε'), bad = Buffer.from('f4908080', 'hex');
add('6.4.1 fail fast at the fragment', frame(text, Buffer.concat([good, bad]), more), [], badUtf8, { failFast: true });
add('6.4.2 fail fast at the second octet of a character', [frame(text, Buffer.concat([good, bad.subarray(0, 1)]), more), frame(continuation, bad.subarray(1, 2), more)], [], badUtf8, { failFast: true });
add('6.4.3 fail fast within a frame', frame(text, Buffer.concat([good, bad, Buffer.alloc(1000, 0x61)])).subarray(0, 6 + 2 + good.length + bad.length), [], badUtf8, { failFast: true });
add('6.4.4 not before the character is wrong', [frame(text, Buffer.concat([good, Buffer.from([0xf4])]), more), frame(continuation, Buffer.from([0x8f, 0xbf, 0xbf]))], [t(Buffer.concat([good, Buffer.from('f48fbfbf', 'hex')]))]);

// ---- 7: closing
add('7.1.1 a message, then close', [frame(text, 'Hello World!'), frame(close, closing(1000))], [t('Hello World!')], 1000);
add('7.1.2 two closes', [frame(close, closing(1000)), frame(close, closing(1000))], [], 1000);
add('7.1.3 a ping behind the close is not answered', [frame(close, closing(1000)), frame(ping)], [], 1000);
add('7.1.4 nor a message', [frame(close, closing(1000)), frame(text, 'late')], [], 1000);
add('7.1.5 a close within a message', [frame(text, f1, more), frame(close, closing(1000)), frame(continuation, f2)], [], 1000);
add('7.1.6 256 KiB, a close, a ping', [frame(text, 'B'.repeat(262_144)), frame(close, closing(1000)), frame(ping)], [t('B'.repeat(262_144))], 1000);
add('7.3.1 an empty close', frame(close), [], null);
add('7.3.2 a close of one octet', frame(close, 'a'), [], protocolError);
add('7.3.3 with a code', frame(close, closing(1000)), [], 1000);
add('7.3.4 with a reason', frame(close, closing(1000, 'Hello World!')), [], 1000);
add('7.3.5 with the longest reason', frame(close, closing(1000, '*'.repeat(123))), [], 1000);
add('7.3.6 with a longer one', frame(close, closing(1000, '*'.repeat(124))), [], protocolError);
add('7.5.1 with a reason that is not UTF-8', frame(close, Buffer.concat([closing(1000), Buffer.from('cebaeda080', 'hex')])), [], badUtf8);
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
  add(`7.7 code ${code}`, frame(close, closing(code)), [], code);
}
for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]) {
  add(`7.9 code ${code} may not be said`, frame(close, closing(code)), [], protocolError);
}
