// The same clientMessageId is one message, however often and by whatever way it is sent.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { range } from './lib/deadline.mjs';
import { pollingOnly } from './lib/device.mjs';
import { World } from './lib/world.mjs';

describe('once', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  /** All answers tell of one and the same message, it was broadcast once, and it is there once. */
  async function isOne({ alice, order, a, b }, messages) {
    for (const message of messages) assert.deepEqual(message, messages[0]);
    await a.sends(order, 'fence');
    await b.hears('order_message', { content: 'fence' });
    assert.deepEqual(b.heard('order_message', (m) => m.content !== 'fence'), [messages[0]]);
    assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.seq), [1, 2]);
  }

  test('ten times at once from one socket', async () => {
    const talk = await world.talk();
    const clientMessageId = randomUUID();
    await isOne(talk, await Promise.all(range(10).map(() => talk.a.sends(talk.order, 'once', { clientMessageId }))));
  });

  test('twenty times at once from twenty devices, by WebSocket and polling', async () => {
    const talk = await world.talk();
    const clientMessageId = randomUUID();
    const devices = await Promise.all(range(20).map((i) => talk.alice.device(i % 2 ? pollingOnly : {})));
    await isOne(talk, await Promise.all(devices.map((d) => d.sends(talk.order, 'once', { clientMessageId }))));
  });

  test('ten times at once over events and REST', async () => {
    const talk = await world.talk();
    const clientMessageId = randomUUID();
    const ways = [talk.a, talk.alice.rest];
    await isOne(talk, await Promise.all(range(10).map((i) => ways[i % 2].sends(talk.order, 'once', { clientMessageId }))));
  });

  test('again after the server was killed and started', async () => {
    const talk = await world.talk();
    const clientMessageId = randomUUID();
    const first = await talk.a.sends(talk.order, 'once', { clientMessageId });
    await talk.b.hears('order_message', { id: first.id });
    await world.server.restart('kill9');
    await Promise.all([talk.a.hears('connect', undefined, { ms: 30_000 }), talk.b.hears('connect', undefined, { ms: 30_000 })]);
    await talk.b.joins(talk.order, { afterSeq: 1 });
    await isOne(talk, [first, await talk.a.sends(talk.order, 'once', { clientMessageId })]);
  });

  test('the id belongs to its sender and chat: others may use the same one', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    const other = await world.order(alice, bob);
    const clientMessageId = randomUUID();
    const messages = [
      await a.sends(order, 'Аліса', { clientMessageId }),
      await b.sends(order, 'Богдан', { clientMessageId }),
      await a.sends(other, 'Аліса деінде', { clientMessageId }),
    ];
    assert.equal(new Set(messages.map((m) => m.id)).size, 3);
    assert.deepEqual(messages.map((m) => m.seq), [1, 2, 1]);
  });

  test('without a clientMessageId every send is a message of its own', async () => {
    const { order, a } = await world.talk();
    const messages = await Promise.all(range(5).map(() => a.sends(order, 'same words')));
    assert.deepEqual(messages.map((m) => m.seq).sort(), [1, 2, 3, 4, 5]);
  });

  test("the client's own retries across a restart give one row each", async () => {
    const { alice, order } = await world.talk();
    const stubborn = await alice.device({ retries: 100, ackTimeout: 500 });
    const acks = range(50).map((i) => new Promise((done, fail) => {
      const message = { orderId: order.id, content: `message ${i}`, clientMessageId: randomUUID() };
      stubborn.socket.emit('order_message', message, (error, ack) => (error ? fail(error) : done(ack)));
    }));
    await acks[10];
    await world.server.restart('kill9');
    const sent = (await Promise.all(acks)).map((ack) => ack.message);
    assert.deepEqual(sent.map((m) => m.seq), range(50).map((i) => i + 1));
    assert.deepEqual(await alice.rest.readsAll(order), sent);
  });
});
