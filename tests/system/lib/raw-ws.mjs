// A WebSocket client of sixty lines that can be as wrong as a test wants it.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { usual_ms, within } from './deadline.mjs';

export const text = 0x1, binary = 0x2, close = 0x8, ping = 0x9;

/** One frame; every part may be chosen, right or wrong. `length` overrides the one that is announced. */
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const announced = BigInt(length ?? data.length);
  const short = announced < 126n ? Number(announced) : announced < 65536n ? 126 : 127;
  const head = Buffer.alloc(2 + (short === 126 ? 2 : short === 127 ? 8 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | short;
  if (short === 126) head.writeUInt16BE(Number(announced), 2);
  if (short === 127) head.writeBigUInt64BE(announced, 2);
  if (!masked) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

export class RawWs {
  /** Upgrades on `target`; `token` also connects to the main namespace. `behind`: sent in one piece with the request. */
  static async open(port, { target = '/socket.io/?EIO=4&transport=websocket', token, headers = '', pongs = true, behind } = {}) {
    const ws = new RawWs();
    ws.pongs = pongs; // answers the engine's pings
    ws.socket = connect(port, '127.0.0.1').setNoDelay(true);
    ws.messages = []; // texts and Buffers, oldest first
    ws.closeCode = undefined; // of the close frame: a number, or null for an empty one
    ws.rest = Buffer.alloc(0);
    ws.upgraded = false;
    ws.waiting = new Set();
    ws.socket.on('error', () => {});
    ws.socket.on('data', (bytes) => ws.#takes(bytes));
    ws.gone = new Promise((done) => ws.socket.once('close', done));
    const key = randomBytes(16).toString('base64');
    const head = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${headers}\r\n`;
    ws.socket.write(behind ? Buffer.concat([Buffer.from(head), behind]) : head);
    if (token) {
      await ws.hears((m) => m.startsWith('0{'));
      ws.says(`40${JSON.stringify({ token })}`);
      await ws.hears((m) => m.startsWith('40{'));
    }
    return ws;
  }

  #takes(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    if (!this.upgraded) {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.rest.subarray(0, end).toString('latin1');
      this.rest = this.rest.subarray(end + 4);
      this.upgraded = true;
    }
    while (this.#takesFrame());
    for (const look of [...this.waiting]) look();
  }

  #takesFrame() {
    if (this.rest.length < 2) return false;
    const short = this.rest[1] & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (this.rest.length < start) return false;
    const length = short === 126 ? this.rest.readUInt16BE(2) : short === 127 ? Number(this.rest.readBigUInt64BE(2)) : short;
    if (this.rest.length < start + length) return false;
    const opcode = this.rest[0] & 0x0f;
    const payload = this.rest.subarray(start, start + length);
    this.rest = this.rest.subarray(start + length);
    if (opcode === close) {
      this.closeCode = length >= 2 ? payload.readUInt16BE(0) : null;
      if (this.socket.writable) this.socket.end(frame(close, payload));
    } else if (opcode === text && this.pongs && payload.toString() === '2') this.says('3');
    else this.messages.push(opcode === text ? payload.toString() : payload);
    return true;
  }

  says(message) {
    return this.writes(frame(typeof message === 'string' ? text : binary, message));
  }

  writes(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** The first text that fits, taken out of the list. */
  hears(fits) {
    return this.#takesMessage((m) => typeof m === 'string' && fits(m));
  }

  /** The next message, a text or a Buffer. */
  next() {
    return this.#takesMessage(() => true);
  }

  async #takesMessage(fits) {
    let look;
    const arrival = new Promise((done) => {
      look = () => {
        const i = this.messages.findIndex(fits);
        if (i >= 0) done(this.messages.splice(i, 1)[0]);
      };
      this.waiting.add(look);
      look();
    });
    try {
      return await within(usual_ms, () => `a message; so far ${JSON.stringify([this.head, ...this.messages])}`, arrival);
    } finally {
      this.waiting.delete(look);
    }
  }

  /** Resolves with the close code (null: none was given) once the server has ended the connection. */
  async isClosed(ms = usual_ms) {
    await within(ms, () => `the server closes; so far ${JSON.stringify(this.messages)}`, this.gone);
    return this.closeCode ?? null;
  }

  close() {
    this.socket.destroy();
  }
}
