// Clients made by hand, one packet at a time: of Engine.IO 4 and 3, by polling and by WebSocket.
import assert from 'node:assert/strict';
import { request } from '../../system/lib/raw-http.mjs';
import { RawWs } from '../../system/lib/raw-ws.mjs';

export const separator = '\x1e';

export const at = (transport, { eio = 4, path = '/socket.io/', sid, more = '' } = {}) =>
  `${path}?EIO=${eio}&transport=${transport}${sid ? `&sid=${sid}` : ''}${more}`;

/** Packets of a payload of protocol 3: each as long as its head says, in UTF-16 units, which is how strings count here. */
export function unpack3(body) {
  const packets = [];
  while (body !== '') {
    const colon = body.indexOf(':');
    const length = Number(body.slice(0, colon));
    assert.match(body.slice(0, colon), /^[0-9]+$/, body);
    packets.push(body.slice(colon + 1, colon + 1 + length));
    assert.equal(packets.at(-1).length, length, 'the length in UTF-16 units');
    body = body.slice(colon + 1 + length);
  }
  return packets;
}
export const pack3 = (...packets) => packets.map((p) => `${p.length}:${p}`).join('');

/** The same with bytes: 0 (text) or 1 (binary), the decimal digits of the length as octets, 255, the packet. */
export function pack3bytes(...packets) {
  return Buffer.concat(packets.map((packet) => {
    const bytes = Buffer.from(packet);
    const digits = [...String(bytes.length)].map(Number);
    return Buffer.concat([Buffer.from([Buffer.isBuffer(packet) ? 1 : 0, ...digits, 255]), bytes]);
  }));
}
export function unpack3bytes(body) {
  const packets = [];
  while (body.length > 0) {
    const end = body.indexOf(255);
    const length = Number(body.subarray(1, end).join(''));
    const packet = body.subarray(end + 1, end + 1 + length);
    packets.push(body[0] === 0 ? packet.toString() : packet);
    body = body.subarray(end + 1 + length);
  }
  return packets;
}

/** One session by polling. */
export class Poller {
  static async open(port, options = {}) {
    const poller = new Poller();
    Object.assign(poller, { port, options, eio: options.eio ?? 4, heard: [] });
    poller.first = await request(port, 'GET', at('polling', options));
    assert.equal(poller.first.status, 200, poller.first.body);
    const [open, ...more] = poller.unpack(poller.first);
    assert.equal(open[0], '0');
    poller.open = JSON.parse(open.slice(1));
    poller.sid = poller.open.sid;
    poller.target = at('polling', { ...options, sid: poller.sid });
    poller.heard.push(...more);
    return poller;
  }

  unpack(answer) {
    if (this.eio === 4) return answer.body.split(separator);
    return answer.headers['content-type'].startsWith('application/octet-stream') ? unpack3bytes(answer.bytes) : unpack3(answer.body);
  }
  get(headers) {
    return request(this.port, 'GET', this.target, { headers });
  }
  post(body, headers) {
    return request(this.port, 'POST', this.target, { body, headers });
  }
  /** Packets, in a payload of this protocol; the answer must be `ok`. */
  async says(...packets) {
    const answer = await this.post(this.eio === 4 ? packets.join(separator) : pack3(...packets));
    assert.deepEqual([answer.status, answer.body], [200, 'ok']);
    return this;
  }
  /** The next `count` packets that are no pings; these are answered. */
  async next(count = 1) {
    while (this.heard.length < count) {
      const answer = await this.get();
      assert.equal(answer.status, 200, answer.body);
      for (const packet of this.unpack(answer)) {
        if (packet === '2' && this.eio === 4) await this.says('3');
        else this.heard.push(packet);
      }
    }
    return this.heard.splice(0, count);
  }
  async isGone() {
    const answer = await this.get();
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { code: 1, message: 'Session ID unknown' }]);
  }
  /** A WebSocket that would take over. */
  probe(more) {
    return RawWs.open(this.port, { target: at('websocket', { ...this.options, sid: this.sid }), ...more });
  }
}

/** One session by WebSocket, its open packet in `open`. */
export async function socket(port, { headers, pongs, behind, ...options } = {}) {
  const ws = await RawWs.open(port, { target: at('websocket', options), headers, pongs, behind });
  const open = await ws.next();
  assert.equal(open[0], '0');
  ws.open = JSON.parse(open.slice(1));
  return ws;
}

/** One that has joined a namespace of Socket.IO 5; its id is in `id`, what else the server said to that in `connect`. */
export async function joined(ws, nsp = '/', auth = undefined) {
  const head = nsp === '/' ? '' : `${nsp},`;
  ws.says(`40${head}${auth ? JSON.stringify(auth) : ''}`);
  ws.connect = JSON.parse((await ws.hears((m) => m.startsWith(`40${head}{`))).slice(2 + head.length));
  ws.id = ws.connect.sid;
  return ws;
}
export async function connected(port, options = {}) {
  const ws = await joined(await socket(port, options), '/', options.auth);
  assert.match(await ws.next(), /^42\["auth",/);
  return ws;
}
/** The same by polling. */
export async function connectedPoller(port, options = {}) {
  const poller = await Poller.open(port, options);
  await poller.says('40');
  assert.match((await poller.next(2)).join(), /^40\{.*,42\["auth",\{\}\]$/);
  return poller;
}

/** What happened within `task`, and how long it took. */
export async function timed(task) {
  const began = performance.now();
  const value = await task();
  return { value, ms: performance.now() - began };
}
