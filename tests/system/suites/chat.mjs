// The life of an order chat: joining, history, messages, leaving; over events and REST alike.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { holds, range } from '../lib/deadline.mjs';
import { World } from '../lib/world.mjs';

const seqs = (messages) => messages.map((m) => m.seq);
const from = (first, last) => range(last - first + 1).map((i) => first + i);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function chat(name, worldOptions = {}) {
  describe(name, () => {
    let world;
    before(async () => (world = await World.open(worldOptions)));
    afterEach(() => world.closeDevices());
    after(() => world.close());

    test('joining tells who is there and where the chat stands', async () => {
      const { alice, bob, order, b } = await world.talk();
      const a = await alice.device();
      const joined = await a.joins(order);
      assert.equal(joined.orderId, order.id);
      assert.equal(joined.status, 'created');
      assert.equal(joined.role, 'client');
      assert.equal(joined.lastSeq, 0);
      assert.equal(joined.lastReadSeq, 0);
      assert.deepEqual(joined.messages, []);
      assert.equal(joined.gap, false);
      assert.equal(joined.hasMore, false);
      assert.deepEqual(
        joined.participants.map(({ userId, role, name }) => ({ userId, role, name })).sort((x, y) => (x.role < y.role ? -1 : 1)),
        [
          { userId: alice.id, role: 'client', name: 'Аліса' },
          { userId: bob.id, role: 'performer', name: 'Богдан' },
        ],
      );
      for (const person of joined.participants) assert.equal(person.isOnline, true);
      await b.closes();
      await a.hears('user_presence', { userId: bob.id, isOnline: false }, { ms: 60_000 });
      const later = (await a.joins(order)).participants.find((p) => p.userId === bob.id);
      assert.equal(later.isOnline, false);
      assert.match(later.lastSeenAt, instant);
    });

    test('a message has the whole shape of the contract, and the same one in ack, event and history', async () => {
      const { alice, bob, order, a, b } = await world.talk();
      const clientMessageId = randomUUID();
      const before_ms = Date.now();
      const message = await a.sends(order, 'Скільки це коштує?', { clientMessageId });
      assert.match(message.id, uuid);
      assert.match(message.createdAt, instant);
      assert.ok(Math.abs(Date.parse(message.createdAt) - before_ms) < 60_000);
      holds(message, {
        orderId: order.id, seq: 1, senderId: alice.id, receiverId: bob.id, content: 'Скільки це коштує?', type: 'text',
        fileUrl: null, fileName: null, attachments: [], replyTo: null, clientMessageId, readAt: null, editedAt: null, deletedAt: null,
      });
      assert.deepEqual(await b.hears('order_message'), message);
      assert.deepEqual((await alice.rest.reads(order)).messages, [message]);
      assert.deepEqual((await b.joins(order)).messages, [message]);
    });

    test('every text comes through as it was', async () => {
      const { a, b, order } = await world.talk();
      const texts = ['Ґанок їжака', '👩‍👩‍👧‍👦 🇺🇦', 'שלום עולם', '"\\/\b\f\n\r\t', 'a\u2028\u2029\ufeff', '<script>alert(1)</script>',
        "'; DROP TABLE messages; --", '%s %n {} {0}', 'a'.repeat(10_000), 'ї'.repeat(10_000), '{"ok":false}', '451-["x"]'];
      for (const content of texts) {
        assert.equal((await a.sends(order, content)).content, content);
        assert.equal((await b.hears('order_message')).content, content);
      }
      const { messages } = await world.admin.rest.reads(order, '?after=0&limit=200');
      assert.deepEqual(messages.map((m) => m.content), texts);
    });

    test('history: the newest fifty, everything after a seq, pages of two hundred', async () => {
      const { a, alice, order } = await world.talk();
      await Promise.all(range(230).map((i) => a.sends(order, `message ${i}`)));
      const newest = await a.joins(order);
      assert.deepEqual(seqs(newest.messages), from(181, 230));
      assert.equal(newest.hasMore, true);
      assert.equal(newest.lastSeq, 230);
      const recent = await a.joins(order, { afterSeq: 225 });
      assert.deepEqual(seqs(recent.messages), from(226, 230));
      assert.equal(recent.hasMore, false);
      const nothing = await a.joins(order, { afterSeq: 230 });
      assert.deepEqual(nothing.messages, []);
      const all = await a.joins(order, { afterSeq: 0 });
      assert.deepEqual(seqs(all.messages), from(1, 200));
      assert.equal(all.hasMore, true);
      const rest = await a.joins(order, { afterSeq: 200 });
      assert.deepEqual(seqs(rest.messages), from(201, 230));

      const { rest: api } = alice;
      assert.deepEqual(seqs((await api.reads(order, '?after=10&limit=5')).messages), from(11, 15));
      assert.deepEqual(seqs((await api.reads(order, '?before=10&limit=5')).messages), from(5, 9));
      assert.deepEqual(seqs((await api.reads(order, '?before=4&limit=50')).messages), from(1, 3));
      assert.deepEqual(seqs((await api.reads(order)).messages), from(181, 230));
      assert.deepEqual(seqs(await api.readsAll(order)), from(1, 230));
    });

    test('the acknowledgement comes after the commit: whoever has it can read the message elsewhere', async () => {
      const { a, bob, order } = await world.talk();
      for (const i of range(20)) {
        const { id } = await a.sends(order, `message ${i}`);
        assert.equal((await bob.rest.reads(order)).messages.at(-1).id, id);
      }
    });

    test("the sender's other devices hear the message too", async () => {
      const { alice, order, a, b } = await world.talk();
      const phone = await alice.device();
      await phone.joins(order);
      const { id } = await a.sends(order, 'from the laptop');
      await Promise.all([phone.hears('order_message', { id }), b.hears('order_message', { id })]);
    });

    test('who has left hears nothing more; who comes back misses nothing', async () => {
      const { a, b, order, alice, bob } = await world.talk();
      const other = await world.order(alice, bob, 'Інше замовлення');
      await Promise.all([a.joins(other), b.joins(other)]);
      await b.leaves(order);
      const missed = await a.sends(order, 'not for those who left');
      await a.sends(other, 'fence');
      await b.hears('order_message', { content: 'fence' });
      assert.deepEqual(b.heard('order_message', { orderId: order.id }), []);
      assert.deepEqual((await b.joins(order, { afterSeq: 0 })).messages, [missed]);
      const next = await a.sends(order, 'and again');
      await b.hears('order_message', { id: next.id });
    });

    test('joining twice hears once', async () => {
      const { a, b, order } = await world.talk();
      await b.joins(order);
      await a.sends(order, 'once');
      await a.sends(order, 'fence');
      await b.hears('order_message', { content: 'fence' });
      assert.equal(b.heard('order_message', { content: 'once' }).length, 1);
    });

    test('a participant may send to a chat that this socket has not joined', async () => {
      const { alice, b, order } = await world.talk();
      const fresh = await alice.device();
      const { id } = await fresh.sends(order, 'before joining');
      await b.hears('order_message', { id });
      await fresh.sends(order, 'second');
      await b.hears('order_message', { content: 'second' });
      assert.deepEqual(fresh.heard('order_message'), []);
    });

    test('snapshot and live stream meet without a hole or a double', async () => {
      const { a, bob, order } = await world.talk();
      for (const round of range(5)) {
        const late = await bob.device();
        let joined;
        const sending = Promise.all(range(60).map(async (i) => {
          if (i === 20) joined = late.joins(order, { afterSeq: round * 60 });
          return a.sends(order, `${round} ${i}`);
        }));
        await sending;
        const snapshot = seqs((await joined).messages);
        const end = (round + 1) * 60;
        if (snapshot.at(-1) !== end) await late.hears('order_message', { seq: end });
        const live = seqs(late.heard('order_message'));
        assert.deepEqual([...snapshot, ...live], from(round * 60 + 1, end));
        await late.closes();
      }
    });

    test('many senders at once: seq without gaps, and one order for all who listen', async () => {
      const { alice, bob, order, a, b } = await world.talk();
      const senders = [a, b, ...(await Promise.all([alice.device(), bob.device()]))];
      const listener = await world.admin.device();
      await listener.joins(order);
      await Promise.all([senders[2].joins(order), senders[3].joins(order)]);
      const sent = await Promise.all(range(200).map((i) => senders[i % 4].sends(order, `message ${i}`)));
      assert.deepEqual(seqs(sent).sort((x, y) => x - y), from(1, 200));
      await listener.hears('order_message', { seq: 200 });
      assert.deepEqual(seqs(listener.heard('order_message')), from(1, 200));
      for (const device of senders) {
        const own = new Set(sent.filter((_, i) => senders[i % 4] === device).map((m) => m.seq));
        const last = from(1, 200).findLast((seq) => !own.has(seq));
        await device.hears('order_message', { seq: last });
        const heard = seqs(device.heard('order_message'));
        assert.deepEqual(heard, [...heard].sort((x, y) => x - y), 'in the order of seq');
      }
      assert.deepEqual((await alice.rest.readsAll(order)).map((m) => m.id), listener.heard('order_message').map((m) => m.id));
    });

    test('REST sends to the same chat: event, seq and clientMessageId are shared', async () => {
      const { alice, b, a, order } = await world.talk();
      const clientMessageId = randomUUID();
      const message = await alice.rest.sends(order, 'over REST', { clientMessageId });
      assert.deepEqual(await b.hears('order_message'), message);
      assert.deepEqual(await a.hears('order_message'), message, "the sender's sockets hear it too");
      assert.deepEqual(await a.sends(order, 'over REST', { clientMessageId }), message);
      assert.deepEqual(await alice.rest.sends(order, 'over REST', { clientMessageId }), message);
      await a.sends(order, 'fence');
      await b.hears('order_message', { content: 'fence' });
      assert.equal(b.heard('order_message', { id: message.id }).length, 1);
      assert.deepEqual(seqs(await alice.rest.readsAll(order)), [1, 2]);
    });

    test('the lists and single orders of REST are those of the person who asks', async () => {
      const { alice, bob, order } = await world.scene();
      const stranger = await world.person();
      const me = await alice.rest.does('GET', '/v1/me');
      holds(me, { id: alice.id, role: 'client', name: 'Аліса' });
      for (const person of [alice, bob]) {
        const { orders } = await person.rest.does('GET', '/v1/orders');
        assert.deepEqual(orders.map((o) => o.id), [order.id]);
        holds(await person.rest.does('GET', `/v1/orders/${order.id}`), { id: order.id, status: 'created' });
      }
      assert.deepEqual((await stranger.rest.does('GET', '/v1/orders')).orders, []);
    });
  });
}
