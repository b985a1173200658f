// HTTP byte by byte: says what no decent client would say and reads what comes back.
import { once } from 'node:events';
import { connect } from 'node:net';
import { usual_ms, within } from './deadline.mjs';

/** The body at the start of `bytes` and where it ends, or undefined when there is more to come. */
function takeBody(headers, bytes) {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? 0);
    return bytes.length < length ? undefined : { body: bytes.subarray(0, length), end: length };
  }
  const parts = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const length = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (bytes.length < line + 2 + length + 2) return undefined;
    parts.push(bytes.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
    if (length === 0) return { body: Buffer.concat(parts), end: at };
  }
}

/** The complete responses at the start of `bytes`: [{status, headers, body, bytes}]. */
function parseResponses(bytes) {
  const responses = [];
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return responses;
    const [statusLine, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const taken = takeBody(headers, bytes.subarray(end + 4));
    if (!taken) return responses;
    responses.push({ status: Number(statusLine.split(' ')[1]), headers, body: taken.body.toString('utf8'), bytes: taken.body });
    bytes = bytes.subarray(end + 4 + taken.end);
  }
}

export class RawHttp {
  static async open(port) {
    const raw = new RawHttp();
    raw.socket = connect(port, '127.0.0.1');
    raw.bytes = Buffer.alloc(0);
    raw.socket.on('data', (chunk) => (raw.bytes = Buffer.concat([raw.bytes, chunk])));
    raw.socket.on('error', () => {});
    raw.gone = new Promise((done) => raw.socket.once('close', done));
    await once(raw.socket, 'connect');
    return raw;
  }

  write(text) {
    this.socket.write(text);
    return this;
  }

  get responses() {
    return parseResponses(this.bytes);
  }

  /** The first `count` responses, once they are complete. */
  async answers(count = 1) {
    const complete = new Promise((done) => {
      const look = () => this.responses.length >= count && done(this.responses.slice(0, count));
      this.socket.on('data', look);
      look();
    });
    const early = this.gone.then(() => {
      if (this.responses.length < count) throw new Error(`closed after ${this.responses.length} responses: ${this.bytes}`);
      return this.responses.slice(0, count);
    });
    return within(usual_ms, () => `${count} responses; so far ${JSON.stringify(String(this.bytes))}`, Promise.race([complete, early]));
  }

  /** Resolves with all responses when the server has closed the connection. */
  async isClosed() {
    await within(usual_ms, () => `the server closes; so far ${JSON.stringify(String(this.bytes))}`, this.gone);
    return this.responses;
  }

  close() {
    this.socket.destroy();
  }
}

/** One request on a connection of its own; `head` are the lines without the last empty one. */
export async function request(port, method, target, { headers = {}, body = '' } = {}) {
  const raw = await RawHttp.open(port);
  const lines = { host: `127.0.0.1:${port}`, ...(body && { 'content-length': Buffer.byteLength(body) }), ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const [answer] = await raw.write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`).write(body).answers();
  raw.close();
  return answer;
}
