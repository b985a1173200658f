// Orders and disputes from their first status to their last, by everybody who has a part in them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { holds, range } from './lib/deadline.mjs';
import { Rest } from './lib/rest.mjs';
import { World } from './lib/world.mjs';

const service = 'service-token-0123456789-0123456789';

describe('orders and disputes', () => {
  let world;
  before(async () => (world = await World.open({ env: { SERVICE_TOKEN: service } })));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const moves = (device, order, status, more = {}) => device.does('order_status', { orderId: order.id, status, ...more });
  const bringTo = async (a, b, order, status) => {
    for (const [who, next] of [[b, 'accepted'], [b, 'in_progress'], [b, 'delivered'], [a, 'completed']]) {
      await moves(who, order, next);
      if (next === status) return;
    }
  };
  const opens = (person, order, reason = 'Кран тече') =>
    person.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason });
  const joins = (device, dispute, extra = {}) => device.does('join_dispute_chat', { disputeId: dispute.id, ...extra });
  const says = async (device, dispute, content) =>
    (await device.does('dispute_message', { disputeId: dispute.id, content })).message;

  /** An order in dispute, with everybody's device in the dispute's chat. */
  async function quarrel() {
    const scene = await world.talk();
    const mariia = await world.person('moderator', 'Марія');
    const dispute = await opens(scene.alice, scene.order);
    const m = await mariia.device();
    for (const device of [scene.a, scene.b, m]) await joins(device, dispute);
    return { ...scene, mariia, m, dispute };
  }

  test('an order goes its way, and everybody hears each step once on each device', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    const elsewhere = await alice.device();
    const before_ms = Date.now();
    const ack = await moves(b, order, 'accepted', { note: 'Завтра о 9' });
    holds(ack, { orderId: order.id, status: 'accepted', previousStatus: 'created', changedBy: bob.id, seq: 1 });
    assert.ok(Math.abs(Date.parse(ack.changedAt) - before_ms) < 60_000);
    const { ok, ...update } = ack;
    for (const device of [a, b, elsewhere]) assert.deepEqual(await device.hears('order_status_update'), update);
    const message = await a.hears('order_message');
    holds(message, { seq: 1, type: 'system', senderId: bob.id, content: 'The order was accepted: Завтра о 9' });
    assert.deepEqual(message.statusChange, { status: 'accepted', previousStatus: 'created', changedBy: bob.id, note: 'Завтра о 9', disputeId: null });
    assert.deepEqual((await bob.rest.reads(order)).messages, [message]);
    holds((await elsewhere.hears('notification', { type: 'order_status' })).data, { orderId: order.id, status: 'accepted', seq: 1 });

    assert.deepEqual((await bob.rest.does('GET', `/v1/orders/${order.id}`)).transitions, ['in_progress', 'cancelled']);
    assert.deepEqual((await alice.rest.does('GET', `/v1/orders/${order.id}`)).transitions, ['cancelled']);
    await moves(b, order, 'in_progress');
    await moves(b, order, 'delivered');
    await moves(a, order, 'in_progress', { note: 'Ще капає' });
    await moves(b, order, 'delivered');
    holds(await alice.rest.does('POST', `/v1/orders/${order.id}/status`, { status: 'completed' }), { status: 'completed', previousStatus: 'delivered', seq: 6 });
    await a.sends(order, 'thanks');
    await elsewhere.hears('order_status_update', { seq: 6 });
    await b.hears('order_message', { content: 'thanks' });
    assert.deepEqual(b.heard('order_message').map((m) => m.seq), range(7).map((i) => i + 1));
    for (const device of [a, b, elsewhere]) {
      assert.deepEqual(device.heard('order_status_update').map((u) => u.seq), [1, 2, 3, 4, 5, 6]);
    }
  });

  test('what does not follow is refused with what does, and what is for others as theirs', async () => {
    const { alice, order, a, b } = await world.talk();
    const no = await a.isRefused('order_status', { orderId: order.id, status: 'completed' }, 'ILLEGAL_TRANSITION');
    assert.equal(no.message, 'after created comes accepted, cancelled; not completed');
    await a.isRefused('order_status', { orderId: order.id, status: 'accepted' }, 'FORBIDDEN');
    await b.isRefused('order_status', { orderId: order.id, status: 'disputed' }, 'ILLEGAL_TRANSITION');
    await b.isRefused('order_status', { orderId: order.id, status: 'open' }, 'INVALID_PAYLOAD');
    await b.isRefused('order_status', { orderId: order.id, status: 'accepted', note: 'x'.repeat(2_001) }, 'PAYLOAD_TOO_LARGE');
    await b.isRefused('order_status', { orderId: randomUUID(), status: 'accepted' }, 'NOT_FOUND');
    await alice.rest.isRefused('POST', `/v1/orders/${order.id}/status`, { status: 'delivered' }, 409, 'ILLEGAL_TRANSITION');
    await alice.rest.isRefused('POST', `/v1/admin/orders/${order.id}/status`, { status: 'accepted' }, 403, 'FORBIDDEN');
    const stranger = await (await world.person('performer')).device();
    await stranger.isRefused('order_status', { orderId: order.id, status: 'accepted' }, 'FORBIDDEN');
    assert.deepEqual((await alice.rest.reads(order)).messages, []);
    assert.equal((await b.joins(order)).status, 'created');
  });

  test('a change whose answer got lost may be sent again: one message, the same answer', async () => {
    const { order, b } = await world.talk();
    const [first, ...rest] = await Promise.all(range(5).map(() => moves(b, order, 'accepted')));
    for (const ack of rest) assert.deepEqual(ack, first);
    assert.equal((await b.joins(order)).lastSeq, 1);
  });

  test('of two who change one thing at once one wins, and the other is told what is possible now', async () => {
    for (const _ of range(5)) {
      const { alice, order, a, b } = await world.talk();
      await bringTo(a, b, order, 'delivered');
      const phone = await alice.device();
      const acks = await Promise.all([
        a.asks('order_status', { orderId: order.id, status: 'completed' }),
        phone.asks('order_status', { orderId: order.id, status: 'in_progress' }),
      ]);
      const winner = acks.find((ack) => ack.ok);
      const loser = acks.find((ack) => !ack.ok);
      assert.equal(loser?.error.code, 'ILLEGAL_TRANSITION', JSON.stringify(acks));
      assert.ok(loser.error.message.startsWith(`after ${winner.status} comes`), loser.error.message);
      assert.equal((await b.joins(order)).status, winner.status);
    }
  });

  test('a cancelled order is read, not written: by message, typing or REST', async () => {
    const { alice, order, a, b } = await world.talk();
    await a.sends(order, 'before');
    await b.types(order); // what typing knows of the chat is kept for a moment
    await moves(a, order, 'cancelled');
    await b.isRefused('order_message', { orderId: order.id, content: 'after' }, 'CHAT_CLOSED');
    await b.isRefused('order_typing', { orderId: order.id, isTyping: true }, 'CHAT_CLOSED');
    await alice.rest.isRefused('POST', `/v1/orders/${order.id}/messages`, { content: 'after' }, 409, 'CHAT_CLOSED');
    await alice.rest.isRefused('POST', `/v1/orders/${order.id}/disputes`, { reason: 'x' }, 409, 'ILLEGAL_TRANSITION');
    assert.equal((await b.joins(order)).status, 'cancelled');
    assert.deepEqual((await alice.rest.reads(order)).messages.map((m) => m.seq), [1, 2]);
    await b.does('order_read', { orderId: order.id, seq: 2 });
  });

  test('a dispute is opened once, in both chats, and the order waits for its decision', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    await bringTo(a, b, order, 'delivered');
    const id = randomUUID();
    const dispute = await alice.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Кран тече', id });
    holds(dispute, { id, orderId: order.id, status: 'open', reason: 'Кран тече', openedBy: alice.id, moderator: null, outcome: null });
    assert.deepEqual(dispute.transitions, []);
    holds(dispute.order, { id: order.id, status: 'disputed' });
    holds(await b.hears('dispute_status_update'), { disputeId: id, status: 'open', previousStatus: null, changedBy: alice.id, seq: 1 });
    holds(await b.hears('order_status_update', { status: 'disputed' }), { previousStatus: 'delivered', seq: 4 });
    holds((await b.hears('order_message', { seq: 4 })).statusChange, { status: 'disputed', disputeId: id });
    await b.hears('notification', { type: 'dispute_status' });

    const again = await alice.rest.asks('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Кран тече', id });
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, dispute);
    const second = await bob.rest.isRefused('POST', `/v1/orders/${order.id}/disputes`, { reason: 'x' }, 409, 'CONFLICT');
    assert.ok(second.body.error.message.includes(id));
    holds(await bob.rest.does('GET', `/v1/orders/${order.id}`), { status: 'disputed', dispute: { id, status: 'open' }, transitions: [], mayDispute: false });
    await b.isRefused('order_status', { orderId: order.id, status: 'in_progress' }, 'FORBIDDEN');
    await world.admin.rest.isRefused('POST', `/v1/admin/orders/${order.id}/status`, { status: 'completed' }, 409, 'CONFLICT');
    await a.sends(order, 'the chat of the order stays open');

    const mariia = await world.person('moderator');
    await mariia.rest.does('POST', `/v1/disputes/${id}/status`, { status: 'under_review' });
    holds(await mariia.rest.does('POST', `/v1/disputes/${id}/status`, { status: 'rejected', note: 'Усе гаразд' }), { status: 'rejected', previousStatus: 'under_review' });
    holds(await b.hears('order_status_update', { previousStatus: 'disputed' }), { status: 'delivered' });
    holds(await alice.rest.does('GET', `/v1/disputes/${id}`), { status: 'rejected', outcome: 'delivered' });
    await moves(a, order, 'completed');
  });

  test('client, performer and moderator talk in a dispute by every event; others do not', async () => {
    const { alice, bob, order, a, b, mariia, m, dispute } = await quarrel();
    assert.deepEqual((await joins(m, dispute)).role, 'moderator');
    for (const [sender, others] of [[a, [b, m]], [b, [a, m]], [m, [a, b]]]) {
      await sender.does('dispute_typing', { disputeId: dispute.id, isTyping: true });
      for (const other of others) await other.hears('dispute_typing', { isTyping: true });
      const { id, seq } = await says(sender, dispute, `from ${nameOf(sender, { a, b, m })}`);
      for (const other of others) await other.hears('dispute_message', { id });
      for (const other of others) {
        await other.does('dispute_read', { disputeId: dispute.id, seq });
        await sender.hears('dispute_read', { seq });
      }
      await sender.does('leave_dispute_chat', { disputeId: dispute.id });
      await joins(sender, dispute);
    }
    for (const person of [alice, bob, mariia]) {
      const { messages } = await person.rest.does('GET', `/v1/disputes/${dispute.id}/messages?before=5`);
      assert.deepEqual(messages.map((x) => x.seq), [1, 2, 3, 4]);
      const sent = await person.rest.does('POST', `/v1/disputes/${dispute.id}/messages`, { content: 'by REST' });
      await m.hears('dispute_message', { id: sent.message.id });
      assert.equal((await person.rest.does('POST', `/v1/disputes/${dispute.id}/read`, { seq: 4 })).seq, 4);
    }
    const stranger = await world.person();
    const s = await stranger.device();
    for (const [event, payload] of [['join_dispute_chat', {}], ['dispute_message', { content: 'x' }], ['dispute_typing', { isTyping: true }],
      ['dispute_read', { seq: 1 }], ['dispute_status', { status: 'under_review' }], ['dispute_note', { content: 'x' }]]) {
      await s.isRefused(event, { disputeId: dispute.id, ...payload }, 'FORBIDDEN');
    }
    for (const path of ['', '/messages', '/notes']) {
      await stranger.rest.isRefused('GET', `/v1/disputes/${dispute.id}${path}`, undefined, 403, 'FORBIDDEN');
    }
    assert.deepEqual((await stranger.rest.does('GET', '/v1/disputes')).disputes, []);

    // The order's chat: read while there is a dispute, and no longer.
    await m.joins(order);
    await m.isRefused('order_message', { orderId: order.id, content: 'x' }, 'FORBIDDEN');
    await a.sends(order, 'heard by the moderator');
    await m.hears('order_message', { content: 'heard by the moderator' });
    for (const status of ['under_review', 'resolved', 'closed']) {
      await m.does('dispute_status', { disputeId: dispute.id, status });
    }
    await m.hears('chat_error', { event: 'join_order_chat', orderId: order.id });
    await m.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
    for (const device of [a, m]) {
      await device.isRefused('dispute_message', { disputeId: dispute.id, content: 'after' }, 'CHAT_CLOSED');
      await device.isRefused('dispute_typing', { disputeId: dispute.id, isTyping: true }, 'CHAT_CLOSED');
    }
    await m.isRefused('dispute_note', { disputeId: dispute.id, content: 'after' }, 'CHAT_CLOSED');
    assert.equal((await joins(a, dispute)).status, 'closed');
  });
  const nameOf = (device, all) => Object.keys(all).find((name) => all[name] === device);

  test('notes are heard by moderators alone and leave no trace with the parties', async () => {
    const { alice, bob, a, b, mariia, m, dispute } = await quarrel();
    const ivan = await world.person('moderator', 'Іван');
    const [i, away] = [await ivan.device(), await ivan.device()];
    await joins(i, dispute);
    const secret = `таємниця-${randomUUID()}`;
    const { note } = await m.does('dispute_note', { disputeId: dispute.id, content: secret, clientMessageId: 'n-1' });
    holds(note, { disputeId: dispute.id, seq: 1, authorId: mariia.id, authorName: 'Марія', content: secret });
    assert.deepEqual((await m.does('dispute_note', { disputeId: dispute.id, content: secret, clientMessageId: 'n-1' })).note, note);
    for (const device of [i, m]) assert.deepEqual(await device.hears('dispute_note'), note);
    const second = await ivan.rest.does('POST', `/v1/disputes/${dispute.id}/notes`, { content: `${secret} 2` });
    assert.deepEqual(await m.hears('dispute_note', { seq: 2 }), second.note);
    assert.deepEqual((await world.admin.rest.does('GET', `/v1/disputes/${dispute.id}/notes`)).notes, [note, second.note]);
    for (const device of [a, b]) await device.isRefused('dispute_note', { disputeId: dispute.id, content: 'x' }, 'FORBIDDEN');

    // The next message is the next seq, and by then whatever was coming has come.
    const { seq } = await says(m, dispute, 'fence');
    assert.equal(seq, 2);
    for (const device of [a, b]) {
      await device.hears('dispute_message', { content: 'fence' });
      assert.ok(!JSON.stringify(device.inbox).includes(secret));
      assert.deepEqual(device.heard('dispute_note'), []);
    }
    assert.deepEqual(away.heard('dispute_note'), [], 'not in the chat');
    for (const party of [alice, bob]) {
      for (const path of [`/v1/disputes/${dispute.id}`, `/v1/disputes/${dispute.id}/messages`, '/v1/disputes', '/v1/notifications', '/v1/unread', '/v1/orders']) {
        assert.ok(!(await party.rest.asks('GET', path)).text.includes(secret), path);
      }
      await party.rest.isRefused('GET', `/v1/disputes/${dispute.id}/notes`, undefined, 403, 'FORBIDDEN');
      await party.rest.isRefused('POST', `/v1/disputes/${dispute.id}/notes`, { content: 'x' }, 403, 'FORBIDDEN');
    }
    assert.ok(!world.server.log.includes(secret));
    // Who leaves the chat hears no notes any more.
    await i.does('leave_dispute_chat', { disputeId: dispute.id });
    await m.does('dispute_note', { disputeId: dispute.id, content: 'third' });
    await says(m, dispute, 'second fence');
    await joins(i, dispute);
    assert.equal(i.heard('dispute_note').length, 2);
  });

  test('a dispute is taken by one, handed over by him, and shown with him', async () => {
    const { alice, b, mariia, m, dispute } = await quarrel();
    const ivan = await world.person('moderator', 'Іван');
    const i = await ivan.device();
    const queue = async (person, query) =>
      (await person.rest.does('GET', `/v1/disputes?${query}`)).disputes.filter((d) => d.id === dispute.id).length;
    assert.equal(await queue(mariia, 'status=open&assigned=false'), 1);
    assert.equal(await queue(mariia, 'assigned=me'), 0);

    const assign = (person, body) => person.rest.asks('POST', `/v1/disputes/${dispute.id}/assign`, body);
    const both = await Promise.all([assign(mariia, {}), assign(ivan, {})]);
    assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 409]);
    const [taker, other] = both[0].status === 200 ? [mariia, ivan] : [ivan, mariia];
    holds(await i.hears('dispute_assigned'), { disputeId: dispute.id, moderator: { id: taker.id, name: taker.name }, previousModeratorId: null, seq: 2 });
    holds((await b.hears('dispute_message', { seq: 2 })).assignment, { moderatorId: taker.id, previousModeratorId: null, changedBy: taker.id });
    assert.equal(await queue(taker, 'assigned=me'), 1);
    assert.equal(await queue(other, 'assigned=false'), 0);
    assert.equal((await assign(alice, {})).status, 403);
    assert.equal((await assign(taker, { moderatorId: alice.id })).status, 400);

    const handed = await assign(taker, { moderatorId: other.id });
    assert.deepEqual(handed.body.moderator, { id: other.id, name: other.name });
    const device = other === ivan ? i : m;
    await device.hears('notification', { type: 'dispute_assigned' });
    assert.deepEqual((await joins(m, dispute)).participants.map((p) => p.role), ['client', 'performer', 'moderator']);
    await taker.rest.does('POST', `/v1/disputes/${dispute.id}/status`, { status: 'under_review' }); // any moderator decides
    const back = await world.admin.rest.does('POST', `/v1/disputes/${dispute.id}/assign`, { moderatorId: null });
    assert.equal(back.moderator, null);
    await alice.rest.isRefused('GET', '/v1/disputes?status=wrong', undefined, 400, 'INVALID_PAYLOAD');
    await alice.rest.isRefused('GET', '/v1/disputes?assigned=maybe', undefined, 400, 'INVALID_PAYLOAD');
    await alice.rest.isRefused('GET', '/v1/disputes?cursor=nonsense', undefined, 400, 'INVALID_PAYLOAD');
  });

  test('who is no moderator any more hears neither notes nor the queue', async () => {
    const { a, mariia, m, dispute } = await quarrel();
    const ivan = await world.person('moderator', 'Іван');
    await m.does('dispute_note', { disputeId: dispute.id, content: 'first' });
    await m.does('auth_refresh', { token: mariia.token({ role: 'client' }) });
    await m.hears('chat_error', { event: 'join_dispute_chat', disputeId: dispute.id });
    await m.isRefused('dispute_note', { disputeId: dispute.id, content: 'x' }, 'FORBIDDEN');
    await ivan.rest.does('POST', `/v1/disputes/${dispute.id}/notes`, { content: 'second' });
    await ivan.rest.does('POST', `/v1/disputes/${dispute.id}/assign`, {});
    await a.hears('dispute_assigned', { disputeId: dispute.id });
    // A chat of her own comes after all that.
    const own = await world.order(mariia, ivan);
    await m.joins(own);
    await m.sends(own, 'fence');
    await m.hears('order_message', { content: 'fence' });
    assert.deepEqual(m.heard('dispute_note').map((note) => note.content), ['first']);
    assert.deepEqual(m.heard('dispute_assigned'), []);
  });

  test('a moderator who has joined hears each change once, though two reasons lead to it', async () => {
    const { mariia, m, dispute } = await quarrel();
    const statuses = ['under_review', 'resolved', 'closed'];
    for (const status of statuses) await m.does('dispute_status', { disputeId: dispute.id, status });
    await m.hears('dispute_status_update', { status: 'closed' });
    await joins(m, dispute);
    const heard = (event) => m.heard(event, (e) => e.disputeId === dispute.id);
    assert.deepEqual(heard('dispute_status_update').map((u) => u.status), statuses);
    assert.deepEqual(heard('dispute_assigned').map((u) => u.moderator.id), [mariia.id]);
    assert.deepEqual(heard('dispute_message').map((x) => x.seq), [2, 3, 4, 5]);
  });

  test('moderators hear of a new dispute without having joined anything', async () => {
    const { alice, order } = await world.talk();
    const m = await (await world.person('moderator')).device();
    const dispute = await opens(alice, order);
    holds(await m.hears('dispute_status_update', { disputeId: dispute.id }), { status: 'open' });
    assert.deepEqual(m.heard('order_status_update', { orderId: order.id }), []);
  });

  test('what was answered is there after a kill -9, and can be asked for again', async () => {
    const other = await World.open();
    try {
      const { bob, order, b } = await other.talk();
      const ack = await moves(b, order, 'accepted', { note: 'зараз' });
      await other.server.restart('kill9');
      const { ok, ...update } = ack;
      assert.deepEqual(await bob.rest.does('POST', `/v1/orders/${order.id}/status`, { status: 'accepted' }), update);
      assert.deepEqual((await bob.rest.reads(order)).messages.map((x) => [x.seq, x.statusChange.note]), [[1, 'зараз']]);
    } finally {
      await other.close();
    }
  });

  test('the backend and admins take every step, in their own name or another one', async () => {
    const { alice, bob, order, a } = await world.talk();
    const backend = new Rest(world.url, service);
    const path = `/v1/admin/orders/${order.id}/status`;
    holds(await backend.does('POST', path, { status: 'accepted' }), { status: 'accepted', changedBy: null, seq: 1 });
    const message = await a.hears('order_message');
    assert.equal(message.statusChange.changedBy, null);
    holds(await backend.does('POST', path, { status: 'in_progress', changedBy: bob.id }), { changedBy: bob.id });
    assert.equal((await a.hears('order_message', { seq: 2 })).senderId, bob.id);
    holds(await world.admin.rest.does('POST', path, { status: 'delivered' }), { changedBy: world.admin.id });
    await backend.isRefused('POST', path, { status: 'accepted' }, 409, 'ILLEGAL_TRANSITION');
    await backend.isRefused('POST', path, { status: 'completed', changedBy: randomUUID() }, 404, 'NOT_FOUND');
    const dispute = await backend.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'з пошти', openedBy: alice.id });
    assert.equal(dispute.openedBy, alice.id);
    await bob.rest.isRefused('POST', `/v1/orders/${order.id}/disputes`, { reason: 'x', openedBy: alice.id }, 403, 'FORBIDDEN');
    const decide = `/v1/admin/disputes/${dispute.id}/status`;
    await backend.does('POST', decide, { status: 'under_review' });
    await backend.isRefused('POST', decide, { status: 'resolved', orderStatus: 'created' }, 409, 'ILLEGAL_TRANSITION');
    await backend.does('POST', decide, { status: 'resolved', orderStatus: 'cancelled' });
    assert.equal((await a.joins(order)).status, 'cancelled');
  });
});
