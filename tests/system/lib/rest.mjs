// REST as one person: JSON in, {status, headers, body} out.
import assert from 'node:assert/strict';
import { usual_ms } from './deadline.mjs';
import { record } from './record.mjs';

export class Rest {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async asks(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(usual_ms),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
    const said = isJson ? JSON.parse(text) : undefined;
    record(() => ({ kind: 'rest', method, path, request: body, status: answer.status, type: answer.headers.get('content-type'), response: said }));
    return { status: answer.status, headers: answer.headers, text, body: said };
  }

  async does(method, path, body) {
    const answer = await this.asks(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer.body;
  }

  /** The answer must be an error of this status and code, in the one shape that errors have. */
  async isRefused(method, path, body, status, code) {
    const answer = await this.asks(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text.slice(0, 400)}`);
    assert.equal(answer.body?.error?.code, code);
    assert.equal(typeof answer.body.error.message, 'string');
    return answer;
  }

  async sends(order, content, extra = {}) {
    return (await this.does('POST', `/v1/orders/${order.id}/messages`, { content, ...extra })).message;
  }

  /** A page of the history: {messages, hasMore}. */
  reads(order, query = '') {
    return this.does('GET', `/v1/orders/${order.id}/messages${query}`);
  }

  /** The whole history, oldest first, page by page as a client would read it. */
  async readsAll(order) {
    const all = [];
    for (;;) {
      const { messages, hasMore } = await this.reads(order, `?after=${all.at(-1)?.seq ?? 0}&limit=200`);
      all.push(...messages);
      if (!hasMore) return all;
      assert.ok(messages.length > 0, 'an empty page that promises more');
    }
  }
}
