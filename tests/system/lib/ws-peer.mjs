// The other side of one WebSocket, frame by frame: sends what it is told, right or wrong, and reads strictly (RFC 6455).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { usual_ms, within } from './deadline.mjs';

export const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** One frame as a client sends it; every part may be chosen, right or wrong. */
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true } = {}) {
  const data = Buffer.from(payload);
  const short = data.length < 126 ? data.length : data.length < 65536 ? 126 : 127;
  const head = Buffer.alloc(2 + (short === 126 ? 2 : short === 127 ? 8 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | short;
  if (short === 126) head.writeUInt16BE(data.length, 2);
  if (short === 127) head.writeBigUInt64BE(BigInt(data.length), 2);
  if (!masked) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  const hidden = Buffer.alloc(data.length);
  for (let i = 0; i < data.length; ++i) hidden[i] = data[i] ^ mask[i & 3];
  return Buffer.concat([head, mask, hidden]);
}

/** A close frame's payload. */
export const closing = (code, reason = '') => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
};

export class WsPeer {
  static async open(port, { target = '/', extensions } = {}) {
    const peer = new WsPeer();
    peer.frames = []; // not yet asked for: {fin, rsv, opcode, payload}
    peer.rest = Buffer.alloc(0);
    peer.wake = () => {};
    peer.socket = connect(port, '127.0.0.1');
    peer.socket.setNoDelay(true);
    peer.socket.on('error', () => {});
    peer.gone = new Promise((done) => peer.socket.once('close', () => ((peer.isGone = true), peer.wake(), done())));
    const key = randomBytes(16).toString('base64');
    const offer = extensions ? `Sec-WebSocket-Extensions: ${extensions}\r\n` : '';
    peer.socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${offer}\r\n`);
    await within(usual_ms, 'the handshake', peer.#readHead());
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    assert.match(peer.head, /^HTTP\/1\.1 101 /);
    assert.ok(peer.head.includes(`Sec-WebSocket-Accept: ${accept}`), peer.head);
    peer.extensions = /^Sec-WebSocket-Extensions: (.*)$/im.exec(peer.head)?.[1];
    peer.socket.on('data', (bytes) => peer.#takes(bytes));
    peer.#takes(Buffer.alloc(0));
    return peer;
  }

  async #readHead() {
    for (;;) {
      const [bytes] = await once(this.socket, 'data');
      this.rest = Buffer.concat([this.rest, bytes]);
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) continue;
      this.head = this.rest.subarray(0, end).toString('latin1');
      this.rest = this.rest.subarray(end + 4);
      return;
    }
  }

  #takes(bytes) {
    (this.pieces ??= []).push(bytes);
    this.waiting = (this.waiting ?? this.rest.length) + bytes.length;
    if (this.waiting < (this.needed ?? 0)) return;
    this.rest = Buffer.concat([this.rest, ...this.pieces.splice(0)]);
    this.needed = 0;
    while (this.#takesFrame());
    this.waiting = this.rest.length;
    this.wake();
  }

  #takesFrame() {
    const { rest } = this;
    if (rest.length < 2) return false;
    const short = rest[1] & 0x7f;
    assert.equal(rest[1] & 0x80, 0, 'a server does not mask');
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (rest.length < start) return false;
    const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    if (short === 126) assert.ok(length >= 126, 'the shortest form');
    if (short === 127) assert.ok(length >= 65536, 'the shortest form');
    if (rest.length < start + length) {
      this.needed = start + length;
      return false;
    }
    this.frames.push({ fin: rest[0] >> 7, rsv: (rest[0] >> 4) & 7, opcode: rest[0] & 15, payload: rest.subarray(start, start + length) });
    this.rest = rest.subarray(start + length);
    return true;
  }

  write(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** In pieces of that many octets, each a segment of its own as far as the kernel lets us say. */
  async writeChopped(bytes, size) {
    for (let at = 0; at < bytes.length; at += size) {
      if (!this.socket.write(bytes.subarray(at, at + size))) await once(this.socket, 'drain');
    }
  }

  /** The next frame, or undefined when the server has ended the connection without another. */
  async next(ms = usual_ms) {
    const arrival = new Promise((done) => {
      this.wake = () => (this.frames.length > 0 || this.isGone) && done();
      this.wake();
    });
    await within(ms, 'a frame', arrival);
    return this.frames.shift();
  }

  /** Resolves when the server has ended the connection. */
  ended() {
    return within(usual_ms, 'the server closes', this.gone);
  }

  close() {
    this.socket.destroy();
  }
}
