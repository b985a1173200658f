// The official client by each of its ways to a server, and across the loss of one.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { range } from '../lib/deadline.mjs';
import { pollingOnly, upgrading, websocketOnly } from '../lib/device.mjs';
import { World } from '../lib/world.mjs';

const ways = { 'WebSocket only': websocketOnly, 'polling only': pollingOnly, 'polling, then WebSocket': upgrading };
const contents = (messages) => messages.map((m) => m.content);

export function transports(name, worldOptions = {}) {
  describe(name, () => {
    let world;
    before(async () => (world = await World.open(worldOptions)));
    afterEach(() => world.closeDevices());
    after(() => world.close());

    for (const [way, options] of Object.entries(ways)) {
      test(`${way}: two people talk`, async () => {
        const { a, b, order } = await world.talk(options);
        const hello = await a.sends(order, 'Добрий день! 👋');
        assert.deepEqual(await b.hears('order_message'), hello);
        const answer = await b.sends(order, 'Вітаю');
        assert.deepEqual(await a.hears('order_message', { id: answer.id }), answer);
      });

      test(`${way}: a thousand letters and a hundred messages arrive whole and in order`, async () => {
        const { a, b, order } = await world.talk(options);
        const wanted = range(100).map((i) => `${i} ${'ї'.repeat(i * 10)}`);
        await Promise.all(wanted.map((content) => a.sends(order, content)));
        for (const content of wanted) await b.hears('order_message', { content });
        assert.deepEqual(contents(b.heard('order_message')), wanted);
      });

      test(`${way}: the client knows that it left, the others that it is offline`, async () => {
        const { alice, a, b } = await world.talk(options);
        await a.closes();
        await b.hears('user_presence', { userId: alice.id, isOnline: false }, { ms: 60_000 });
      });
    }

    test('the transport is the one that was asked for', async () => {
      const { alice } = await world.scene();
      const [ws, polling] = await Promise.all([alice.device(websocketOnly), alice.device(pollingOnly)]);
      assert.equal(ws.transport, 'websocket');
      assert.equal(polling.transport, 'polling');
      const both = world.device({ ...upgrading, auth: { token: alice.token() } });
      const upgraded = new Promise((done) => both.socket.io.once('open', () => both.socket.io.engine.once('upgrade', done)));
      await both.connects();
      await upgraded;
      assert.equal(both.transport, 'websocket');
    });

    test('messages while the transport is being upgraded arrive once and in order, both ways', async () => {
      const { alice, bob, order } = await world.scene();
      for (const _ of range(10)) {
        const [a, b] = [alice, bob].map((p) => world.device({ ...upgrading, auth: { token: p.token() } }));
        const upgraded = [a, b].map((d) => new Promise((done) => {
          d.socket.io.once('open', () => d.socket.io.engine.once('upgrade', done));
        }));
        await Promise.all([a.connects(), b.connects()]);
        const [joined] = await Promise.all([a.joins(order), b.joins(order)]);
        let sent = 0, upgrades = 0;
        for (const u of upgraded) u.then(() => upgrades++);
        const fromA = [], fromB = [];
        while (upgrades < 2 || sent < 20) {
          assert.ok(sent < 2_000, 'the upgrade comes to an end');
          fromA.push(`a ${sent}`);
          fromB.push(`b ${sent++}`);
          await Promise.all([a.sends(order, fromA.at(-1)), b.sends(order, fromB.at(-1))]);
        }
        const last = await a.sends(order, 'last');
        await b.hears('order_message', { id: last.id });
        const atB = contents(b.heard('order_message')).filter((c) => c.startsWith('a '));
        assert.deepEqual(atB, fromA);
        await a.hears('order_message', { content: fromB.at(-1) });
        const atA = contents(a.heard('order_message')).filter((c) => c.startsWith('b '));
        assert.deepEqual(atA, fromB);
        assert.equal(last.seq, joined.lastSeq + 2 * sent + 1);
        await Promise.all([a.closes(), b.closes()]);
      }
    });

    test('polling and WebSocket clients share one room', async () => {
      const { alice, bob, order } = await world.scene();
      const devices = await Promise.all(Object.values(ways).flatMap((way) => [alice.device(way), bob.device(way)]));
      await Promise.all(devices.map((d) => d.joins(order)));
      for (const [i, device] of devices.entries()) {
        const { id } = await device.sends(order, `from ${i}`);
        await Promise.all(devices.filter((d) => d !== device).map((d) => d.hears('order_message', { id })));
      }
    });

    for (const [way, options] of Object.entries(ways)) {
      test(`${way}: after a restart of the server the client is back, nothing is lost or doubled`, async () => {
        const { a, b, order } = await world.talk(options);
        let have = (await a.sends(order, 'before')).seq;
        await b.hears('order_message', { seq: have });
        await world.server.kill9();
        await Promise.all([a.hears('disconnect'), b.hears('disconnect')]);
        const unsent = range(5).map((i) => ({ orderId: order.id, content: `meanwhile ${i}`, clientMessageId: randomUUID() }));
        const acks = Promise.all(unsent.map((message) => a.asks('order_message', message)));
        await world.server.spawn();
        await Promise.all([a.hears('connect', undefined, { ms: 30_000 }), b.hears('connect', undefined, { ms: 30_000 })]);
        const sent = (await acks).map((ack) => ack.message);
        const { messages } = await b.joins(order, { afterSeq: have });
        const missed = [...messages, ...b.heard('order_message').filter((m) => m.seq > have && !messages.some((n) => n.id === m.id))];
        assert.deepEqual(missed.map((m) => m.seq), sent.map((m) => m.seq));
        assert.deepEqual(contents(missed), unsent.map((m) => m.content));
        have = (await a.sends(order, 'after')).seq;
        assert.equal((await b.hears('order_message', { content: 'after' })).seq, have);
        assert.equal(have, 7);
      });
    }

    test('an unknown event, binary data and an acknowledgement for nothing do not disturb', async () => {
      const { a, b, order } = await world.talk();
      const refusal = await a.asks('no_such_event', { some: 'thing' });
      assert.equal(refusal.ok, false);
      assert.equal(typeof refusal.error.code, 'string');
      a.socket.emit('no_such_event');
      assert.equal((await a.hears('chat_error', { event: 'no_such_event' })).code, refusal.error.code);
      await a.isRefused('order_message', { orderId: order.id, content: Buffer.from([1, 2, 3]) }, 'INVALID_PAYLOAD');
      await a.isRefused('order_message', Buffer.alloc(1000, 7), 'INVALID_PAYLOAD');
      const { id } = await a.sends(order, 'still here');
      await b.hears('order_message', { id });
      assert.equal(a.heard('disconnect').length, 0);
    });

    test('fifty clients come, talk and go at once, by every way', async () => {
      const { alice, bob, order } = await world.scene();
      const devices = await Promise.all(range(42).map((i) => (i % 2 ? alice : bob).device(Object.values(ways)[i % 3])));
      await Promise.all(devices.map((d) => d.joins(order)));
      const messages = await Promise.all(devices.map((d, i) => d.sends(order, `from ${i}`)));
      assert.deepEqual(messages.map((m) => m.seq).sort((x, y) => x - y), range(42).map((i) => i + 1));
      for (const device of devices) {
        for (const { id, seq } of messages) if (device !== devices[messages.findIndex((m) => m.id === id)]) await device.hears('order_message', { seq });
      }
      devices.forEach((d) => d.closes());
    });
  });
}
