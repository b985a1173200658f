// MessagePack as socket.io-msgpack-parser writes it (the dialect of notepack.io), small enough to be checked by eye.
import assert from 'node:assert/strict';

const head = (first, size, value) => {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = first;
  if (size === 8) bytes.writeBigInt64BE(BigInt(value), 1);
  else if (value < 0) bytes.writeIntBE(value, 1, size);
  else bytes.writeUIntBE(value, 1, size);
  return bytes;
};
const sized = (length, short, shortMax, forms) => {
  if (length <= shortMax) return Buffer.from([short | length]);
  const [first, size] = forms.find(([, bytes]) => length < 2 ** (8 * bytes));
  return head(first, size, length);
};
const strings = [[0xd9, 1], [0xda, 2], [0xdb, 4]], binaries = [[0xc4, 1], [0xc5, 2], [0xc6, 4]];
const arrays = [[0xdc, 2], [0xdd, 4]], maps = [[0xde, 2], [0xdf, 4]];

export function encode(value) {
  if (value === null || value === undefined) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([sized(bytes.length, 0xa0, 31, strings), bytes]);
  }
  if (value instanceof Raw) return value.bytes;
  if (Buffer.isBuffer(value)) return Buffer.concat([sized(value.length, 0, -1, binaries), value]);
  if (Array.isArray(value)) return Buffer.concat([sized(value.length, 0x90, 15, arrays), ...value.map(encode)]);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Buffer.concat([sized(members.length, 0x80, 15, maps), ...members.flat().map(encode)]);
}

function encodeNumber(n) {
  if (!Number.isSafeInteger(n)) {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(n, 1);
    return bytes;
  }
  if (n >= 0) {
    if (n < 128) return Buffer.from([n]);
    const [first, size] = [[0xcc, 1], [0xcd, 2], [0xce, 4], [0xcf, 8]].find(([, bytes]) => n < 2 ** (8 * bytes));
    return head(first, size, n);
  }
  if (n >= -32) return Buffer.from([n & 0xff]);
  const [first, size] = [[0xd0, 1], [0xd1, 2], [0xd2, 4], [0xd3, 8]].find(([, bytes]) => n >= -(2 ** (8 * bytes - 1)));
  return head(first, size, n);
}

/** Bytes that stand where a value is due, right or wrong. */
export class Raw {
  constructor(...bytes) {
    this.bytes = Buffer.from(bytes.flat());
  }
}

/** The one value that `bytes` are; nothing may follow it. */
export function decode(bytes) {
  let at = 0;
  const unsigned = (size) => {
    at += size;
    return size === 8 ? Number(bytes.readBigUInt64BE(at - 8)) : bytes.readUIntBE(at - size, size);
  };
  const signed = (size) => {
    at += size;
    return size === 8 ? Number(bytes.readBigInt64BE(at - 8)) : bytes.readIntBE(at - size, size);
  };
  const piece = (size) => bytes.subarray(at, (at += size));
  const list = (count) => Array.from({ length: count }, value);
  const map = (count) => Object.fromEntries(Array.from({ length: count }, () => [value(), value()]));
  function value() {
    const first = bytes[at++];
    if (first < 0x80) return first;
    if (first < 0x90) return map(first & 15);
    if (first < 0xa0) return list(first & 15);
    if (first < 0xc0) return piece(first & 31).toString();
    if (first >= 0xe0) return first - 256;
    switch (first) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return piece(unsigned(1 << (first - 0xc4)));
      case 0xcb: at += 8; return bytes.readDoubleBE(at - 8);
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return unsigned(1 << (first - 0xcc));
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return signed(1 << (first - 0xd0));
      case 0xd9: case 0xda: case 0xdb: return piece(unsigned(1 << (first - 0xd9))).toString();
      case 0xdc: case 0xdd: return list(unsigned(2 << (first - 0xdc)));
      case 0xde: case 0xdf: return map(unsigned(2 << (first - 0xde)));
      default: throw new Error(`not written by this dialect: ${first.toString(16)}`);
    }
  }
  const all = value();
  assert.equal(at, bytes.length, 'bytes behind the value');
  return all;
}
