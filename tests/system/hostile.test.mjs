// Well-formed packets with wrong contents: each gets the answer of the contract, and nobody else notices.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { withBystanders } from './lib/bystanders.mjs';
import { range } from './lib/deadline.mjs';
import { pollingOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { secret } from './lib/server.mjs';
import { sign } from './lib/token.mjs';

describe('hostile payloads', () => {
  const scene = withBystanders();

  const anything = [undefined, null, true, 0, -1, 1e308, '', 'text', '{"orderId":1}', [], [[]], {}, { order: 'x' }, new Array(100).fill({})];
  const noIds = [null, 0, 1.5, true, '', 'x', 'g'.repeat(36), [], {}, ['0190163d-8694-739b-aea5-966c26f8ad91'], '0'.repeat(100_000),
    '0190163d-8694-739b-aea5-966c26f8ad9', '0190163d-8694-739b-aea5-966c26f8ad911', "' OR 1=1 --", '../../etc/passwd', '\u0000'];

  for (const event of ['join_order_chat', 'leave_order_chat', 'order_message', 'order_typing']) {
    test(`${event} with anything but its payload is INVALID_PAYLOAD`, async () => {
      const { a } = await scene.world.talk();
      for (const payload of anything) await a.isRefused(event, payload, 'INVALID_PAYLOAD');
      assert.equal((await a.asks(event)).error.code, 'INVALID_PAYLOAD', 'no argument at all');
    });

    test(`${event} with a wrong orderId is INVALID_PAYLOAD`, async () => {
      const { a } = await scene.world.talk();
      for (const orderId of noIds) {
        await a.isRefused(event, { orderId, content: 'x', isTyping: true }, 'INVALID_PAYLOAD');
      }
    });
  }

  const wrong = {
    content: [undefined, null, 0, true, [], {}, ['x'], '', ' \n', '\u00a0', '\u200b\ufeff', '\u3000'],
    attachments: [0, true, 'x', {}, [1], ['x'], [{}], [{ fileUrl: 1, fileName: 'x' }], new Array(11).fill({ fileUrl: 'https://x.example/y', fileName: 'y' })],
    clientMessageId: [0, true, [], {}, 'x'.repeat(100_000)],
    replyTo: [0, true, [], {}, 'x'],
  };
  for (const [key, values] of Object.entries(wrong)) {
    test(`order_message with a wrong ${key} is refused and not stored`, async () => {
      const { alice, order, a } = await scene.world.talk();
      for (const value of values) {
        await a.isRefused('order_message', { orderId: order.id, content: 'x', [key]: value }, 'INVALID_PAYLOAD', 'PAYLOAD_TOO_LARGE');
        if (value === undefined) continue;
        const answer = await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'x', [key]: value });
        assert.ok([400, 413, 422].includes(answer.status), `REST, ${key}: ${JSON.stringify(value).slice(0, 80)}: ${answer.status}`);
        assert.ok(['INVALID_PAYLOAD', 'PAYLOAD_TOO_LARGE'].includes(answer.body.error.code));
      }
      assert.deepEqual(await alice.rest.readsAll(order), []);
    });
  }

  test('join_order_chat with a wrong afterSeq, order_typing with a wrong isTyping', async () => {
    const { order, a } = await scene.world.talk();
    for (const afterSeq of [-1, 1.5, '3', true, [], {}, 1e300]) {
      await a.isRefused('join_order_chat', { orderId: order.id, afterSeq }, 'INVALID_PAYLOAD');
    }
    for (const isTyping of [undefined, null, 0, 1, 'yes', [], {}]) {
      await a.isRefused('order_typing', { orderId: order.id, isTyping }, 'INVALID_PAYLOAD');
    }
  });

  test('keys that nobody knows are ignored, and so are further arguments', async () => {
    const { order, a, b } = await scene.world.talk();
    await a.joins(order, { unknown: { deep: [1, 2, 3] }, __proto__: null, constructor: 'x' });
    const forged = { id: randomUUID(), seq: 999, senderId: randomUUID(), createdAt: '1970-01-01T00:00:00.000Z', type: 'system' };
    const message = await a.sends(order, 'x', forged);
    for (const key of Object.keys(forged)) assert.notEqual(message[key], forged[key], `${key} is the server's to say`);
    assert.deepEqual(await b.hears('order_message'), message);
    assert.equal((await a.asks('order_message', { orderId: order.id, content: 'y' }, 'extra', { more: 1 })).ok, true);
  });

  test('content: ten thousand characters are taken, one more is refused, the connection lives', async () => {
    const { alice, order, a } = await scene.world.talk();
    await a.sends(order, 'ж'.repeat(10_000));
    await a.isRefused('order_message', { orderId: order.id, content: 'ж'.repeat(10_001) }, 'PAYLOAD_TOO_LARGE', 'INVALID_PAYLOAD');
    await a.isRefused('order_message', { orderId: order.id, content: 'x'.repeat(500_000) }, 'PAYLOAD_TOO_LARGE', 'INVALID_PAYLOAD');
    const answer = await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'ж'.repeat(10_001) });
    assert.ok([400, 413].includes(answer.status), answer.text);
    assert.equal((await alice.rest.readsAll(order)).length, 1);
    assert.equal(a.heard('disconnect').length, 0);
  });

  test('the name in a token is one line of text, and at most 400 bytes', async () => {
    const me = (name) => new Rest(scene.world.url, sign({ sub: randomUUID(), role: 'client', name }, secret)).asks('GET', '/v1/me');
    assert.equal((await me('O\u0000л\r\nе\u001bна\u007f')).body.name, 'Oлена');
    assert.equal((await me('я'.repeat(200))).body.name.length, 200);
    assert.equal((await me('я'.repeat(201))).body.error.code, 'UNAUTHORIZED');
    assert.equal((await me(5)).body.error.code, 'UNAUTHORIZED');
  });

  test('a frame of two megabytes ends that connection and no other', async () => {
    const { order, a } = await scene.world.talk({ reconnection: false });
    a.socket.emit('order_message', { orderId: order.id, content: 'x'.repeat(2_000_000) });
    await a.hears('disconnect');
  });

  test('a polling body of two megabytes ends nothing but itself', async () => {
    const { order, a } = await scene.world.talk({ ...pollingOnly, reconnection: false });
    a.socket.emit('order_message', { orderId: order.id, content: 'x'.repeat(2_000_000) });
    await a.hears('disconnect'); // the official client gives up on a refused POST
  });

  test('deep JSON is refused without a crash', async () => {
    const { alice, order, a } = await scene.world.talk();
    for (const depth of [40, 1_000, 50_000]) {
      const body = `{"content":"x","clientMessageId":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      const answer = await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, body);
      assert.equal(answer.status, 400, answer.text);
    }
    await a.sends(order, 'x');
  });

  test('REST bodies that are no JSON object are 400, bodies over the limit 413', async () => {
    const { alice, order } = await scene.world.talk();
    const path = `/v1/orders/${order.id}/messages`;
    for (const body of ['', '{', 'null', '[]', '"x"', '{"content":"x"', '{"content":"x"}}', '\u0000', "{'content':'x'}", '{"content":"\xff"']) {
      const answer = await alice.rest.asks('POST', path, body);
      assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
      assert.equal(answer.body.error.code, 'INVALID_PAYLOAD');
    }
    const large = await alice.rest.asks('POST', path, JSON.stringify({ content: 'x'.repeat(2_000_000) }));
    assert.equal(large.status, 413);
    assert.equal(large.body.error.code, 'PAYLOAD_TOO_LARGE');
  });

  test('REST queries and paths that make no sense are answered', async () => {
    const { alice, order } = await scene.world.talk();
    for (const query of ['?after=x', '?after=-1', '?limit=0', '?limit=-5', '?limit=x', '?limit=99999999999999999999', '?before=1.5', '?after=%zz', '?after=1&before=2', '?after=9e99']) {
      const { status, body, text } = await alice.rest.asks('GET', `/v1/orders/${order.id}/messages${query}`);
      assert.ok(status === 400 ? body.error.code === 'INVALID_PAYLOAD' : status === 200, `${query}: ${status} ${text}`);
    }
    for (const path of ['/v1/orders/x', '/v1/orders/x/messages', `/v1/orders/${order.id}/x`, '/v1/orders//messages', `/v1/orders/${'x'.repeat(5000)}`, '/v1/orders/%00', '/v1/orders/..%2f..%2fetc']) {
      const { status, text } = await alice.rest.asks('GET', path);
      assert.ok([400, 404, 414].includes(status), `${path.slice(0, 60)}: ${status} ${text.slice(0, 200)}`);
    }
  });

  test('a flood of wrong events from one socket is answered one by one or ends that socket, and nobody else waits', async () => {
    const { a } = await scene.world.talk({ reconnection: false });
    const answers = range(2_000).map((i) => new Promise((done) => {
      a.socket.emit(i % 2 ? 'no_such_event' : 'order_message', { orderId: i }, done);
    }));
    await scene.talkOn('meanwhile');
    await Promise.race([Promise.all(answers), a.hears('disconnect')]);
  });

  test('a thousand joins and leaves leave nothing behind', async () => {
    const { a, b, order } = await scene.world.talk();
    for (const _ of range(20)) {
      await Promise.all(range(50).map((i) => a.asks(i % 2 ? 'join_order_chat' : 'leave_order_chat', { orderId: order.id })));
    }
    await a.joins(order);
    const { id } = await b.sends(order, 'once');
    await a.hears('order_message', { id });
    await b.sends(order, 'fence');
    await a.hears('order_message', { content: 'fence' });
    assert.equal(a.heard('order_message', { id }).length, 1);
  });
});
