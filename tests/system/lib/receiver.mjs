// Somebody else's server: takes webhooks, checks their signatures as the manual tells, and can be out of order.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { eventually } from './deadline.mjs';
import { freePort } from './server.mjs';

// docs/api.md shows this function; it is what a receiver needs.
export function isSigned(secret, header, body, now_s = Date.now() / 1000) {
  const { t, v1 } = Object.fromEntries(header.split(',').map((part) => part.split('=')));
  if (Math.abs(now_s - Number(t)) > 300) return false;
  const right = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return v1?.length === right.length && timingSafeEqual(Buffer.from(v1), Buffer.from(right));
}

export class Receiver {
  static async start(secret, port) {
    const receiver = new Receiver();
    receiver.secret = secret;
    receiver.port = port ?? await freePort();
    receiver.url = `http://127.0.0.1:${receiver.port}/hook`;
    /** Every request that came, in order: {id, type, attempt, body, status}. */
    receiver.requests = [];
    receiver.answer = () => 204;
    await receiver.opens();
    return receiver;
  }

  async opens() {
    this.server = createServer((request, response) => this.#take(request, response));
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
  }

  async closes() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  async #take(request, response) {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const entry = {
      id: request.headers['x-rozmova-delivery'], type: request.headers['x-rozmova-event'], attempt: Number(request.headers['x-rozmova-attempt']),
      signed: isSigned(this.secret, request.headers['x-rozmova-signature'] ?? '', text), body: JSON.parse(text), text,
    };
    const answer = this.answer(entry);
    if (answer === undefined) return request.socket.destroy();
    entry.status = answer.status ?? answer;
    this.requests.push(entry);
    response.writeHead(entry.status, answer.headers).end();
  }

  /** What it has taken, without repetitions, of one type or all. */
  taken(type) {
    const ids = new Set();
    return this.requests.filter((r) => r.status < 300 && (!type || r.type === type) && !ids.has(r.id) && ids.add(r.id));
  }

  async takes(count, type) {
    await eventually(`${count} webhooks ${type ?? ''}`, () => this.taken(type).length >= count);
    return this.taken(type);
  }
}
