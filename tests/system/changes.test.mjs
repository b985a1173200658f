// Messages that are edited and deleted after they were sent, over events and REST, for orders and disputes alike.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { holds, range } from './lib/deadline.mjs';
import { World } from './lib/world.mjs';

describe('edits and deletions', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const edits = async (device, { orderId, id: messageId }, content) =>
    (await device.does('order_message_edit', { orderId, messageId, content })).message;
  const deletes = async (device, { orderId, id: messageId }) =>
    (await device.does('order_message_delete', { orderId, messageId })).message;

  test('an edit is told to everybody in the chat, and is in the history', async () => {
    const { alice, order, a, b } = await world.talk();
    const phone = await alice.device();
    await phone.joins(order);
    const sent = await a.sends(order, 'Буду о 17:00');
    const edited = await edits(a, sent, 'Буду о 18:00');
    assert.deepEqual(edited, { ...sent, content: 'Буду о 18:00', editedAt: edited.editedAt, changeSeq: 1 });
    for (const device of [a, b, phone]) assert.deepEqual(await device.hears('order_message_edited'), edited);
    assert.deepEqual((await alice.rest.reads(order)).messages, [edited]);
    assert.deepEqual((await b.joins(order)).messages, [edited]);
  });

  test('a deleted message is empty for its readers, and deleting it again is no news', async () => {
    const { bob, order, a, b } = await world.talk();
    const sent = await a.sends(order, 'a secret', { attachments: [{ fileUrl: 'https://files.example/a.png', fileName: 'a.png' }] });
    const deleted = await deletes(a, sent);
    holds(deleted, { id: sent.id, seq: 1, content: '', fileUrl: null, fileName: null, attachments: [], changeSeq: 1 });
    assert.ok(deleted.deletedAt);
    assert.deepEqual(await b.hears('order_message_deleted'), deleted);
    assert.deepEqual(await deletes(a, sent), deleted);
    await a.sends(order, 'fence');
    await b.hears('order_message', { content: 'fence' });
    assert.equal(b.heard('order_message_deleted').length, 1);
    assert.ok(!JSON.stringify(await bob.rest.reads(order)).includes('secret'));
    await a.isRefused('order_message_edit', { orderId: order.id, messageId: sent.id, content: 'back' }, 'CONFLICT');
  });

  test('only its author changes a message, only in its chat, only for a while', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    const stranger = await (await world.person()).device();
    const sent = await a.sends(order, 'mine');
    const wish = { orderId: order.id, messageId: sent.id, content: 'not yours' };
    for (const device of [b, stranger]) {
      await device.isRefused('order_message_edit', wish, 'FORBIDDEN');
      await device.isRefused('order_message_delete', wish, 'FORBIDDEN');
    }
    const other = await world.order(alice, bob);
    await a.isRefused('order_message_edit', { ...wish, orderId: other.id }, 'NOT_FOUND');
    await a.isRefused('order_message_edit', { ...wish, content: '   ' }, 'INVALID_PAYLOAD');
    await a.isRefused('order_message_edit', { ...wish, content: 7 }, 'INVALID_PAYLOAD');
    await a.isRefused('order_message_edit', { ...wish, messageId: 'x' }, 'INVALID_PAYLOAD');
    await a.isRefused('order_message_edit', { ...wish, content: 'x'.repeat(10_001) }, 'PAYLOAD_TOO_LARGE');
    assert.deepEqual((await alice.rest.reads(order)).messages, [sent]);
  });

  test('REST does the same', async () => {
    const { alice, bob, order, b } = await world.talk();
    const sent = await alice.rest.sends(order, 'one');
    const path = `/v1/orders/${order.id}/messages/${sent.id}`;
    const { message: edited } = await alice.rest.does('PATCH', path, { content: 'two' });
    assert.deepEqual(await b.hears('order_message_edited'), edited);
    await bob.rest.isRefused('PATCH', path, { content: 'three' }, 403, 'FORBIDDEN');
    await bob.rest.isRefused('DELETE', path, undefined, 403, 'FORBIDDEN');
    const { message: deleted } = await alice.rest.does('DELETE', path);
    assert.deepEqual(await b.hears('order_message_deleted'), deleted);
    assert.deepEqual(await alice.rest.does('DELETE', path), { message: deleted });
    assert.deepEqual(await bob.rest.does('GET', `/v1/orders/${order.id}/changes?after=0`), { changes: [deleted], hasMore: false, lastChangeSeq: 2 });
    assert.equal((await bob.rest.reads(order)).lastChangeSeq, 2);
  });

  test('what was said before is for moderators and admins, and each look is on record', async () => {
    const { alice, bob, order, a } = await world.talk();
    const sent = await a.sends(order, 'one', { attachments: [{ fileUrl: 'https://files.example/a.png', fileName: 'a.png' }] });
    await edits(a, sent, 'two');
    await deletes(a, sent);
    const path = `/v1/orders/${order.id}/messages/${sent.id}/revisions`;
    for (const person of [alice, bob, await world.person(), await world.person('moderator')]) {
      await person.rest.isRefused('GET', path, undefined, 403, 'FORBIDDEN');
    }
    const { message, attachments, revisions } = await world.admin.rest.does('GET', path);
    assert.equal(message.content, '');
    assert.deepEqual(attachments.map((f) => f.fileName), ['a.png']);
    assert.deepEqual(revisions.map(({ reason, content, replacedBy }) => ({ reason, content, replacedBy })), [
      { reason: 'edit', content: 'one', replacedBy: alice.id },
      { reason: 'delete', content: 'two', replacedBy: alice.id },
    ]);
    await world.admin.rest.isRefused('GET', path.replace(sent.id, order.id), undefined, 404, 'NOT_FOUND');
    assert.ok(!world.server.log.includes('"two"') && !world.server.log.includes('"one"'), 'no message text in the log');
  });

  test('a reader who was away learns of every change when it joins again', async () => {
    const { alice, bob, order, a, b } = await world.talk();
    const sent = [];
    for (const i of range(6)) sent.push(await a.sends(order, `message ${i}`));
    const first = await edits(a, sent[0], 'edited before');
    await b.hears('order_message_edited', { changeSeq: 1 });
    await b.closes();
    const second = await edits(a, sent[3], 'edited meanwhile');
    const third = await deletes(a, sent[1]);
    const later = await edits(a, await a.sends(order, 'new'), 'new and edited');
    const again = await bob.device();
    const joined = await again.joins(order, { afterSeq: 6, afterChangeSeq: 1 });
    assert.deepEqual(joined.messages, [later]);
    assert.deepEqual(joined.changes, [second, third]);
    holds(joined, { hasMoreChanges: false, lastChangeSeq: 4, gap: false });
    const unasked = await again.joins(order, { afterSeq: 6 });
    assert.deepEqual(unasked.changes, [first, second, third], 'who keeps no count is told of the last ones');
    const fresh = await again.joins(order);
    assert.deepEqual([fresh.changes, fresh.lastChangeSeq], [[], 4]);
    assert.deepEqual((await again.joins(order, { afterSeq: 7, afterChangeSeq: 4 })).changes, []);
    await edits(a, sent[3], 'and live again');
    await again.hears('order_message_edited', { changeSeq: 5 });
    assert.equal((await alice.rest.reads(order)).lastChangeSeq, 5);
  });

  test('many changes come page by page, and nothing is missed between snapshot and live', async () => {
    const { bob, order, a } = await world.talk();
    const sent = [];
    for (const i of range(230)) sent.push(await a.sends(order, `message ${i}`));
    await Promise.all(sent.map((message) => edits(a, message, `edited ${message.seq}`)));
    const mirror = new Map(sent.map((m) => [m.seq, m]));
    const b = await bob.device();
    for (const event of ['order_message_edited', 'order_message_deleted']) b.socket.on(event, (m) => mirror.set(m.seq, m));
    let going = true;
    const editing = (async () => {
      for (let i = 0; going; ++i) await edits(a, sent[(i * 7) % sent.length], `again ${i}`);
    })();
    let joined = await b.joins(order, { afterSeq: 230, afterChangeSeq: 0 });
    assert.equal(joined.changes.length, 200);
    assert.equal(joined.hasMoreChanges, true);
    const take = (changes) => changes.forEach((m) => mirror.get(m.seq).changeSeq > m.changeSeq || mirror.set(m.seq, m));
    take(joined.changes);
    while (joined.hasMoreChanges) {
      joined = await b.joins(order, { afterSeq: 230, afterChangeSeq: joined.lastChangeSeq });
      take(joined.changes);
    }
    going = false;
    await editing;
    const last = await deletes(a, sent[0]);
    await b.hears('order_message_deleted', { id: last.id });
    assert.deepEqual([...mirror.values()].sort((x, y) => x.seq - y.seq), await bob.rest.readsAll(order));
  });

  test('a repeated send answers with the message as it is now', async () => {
    const { order, a } = await world.talk();
    const sent = await a.sends(order, 'one', { clientMessageId: 'c-1' });
    const edited = await edits(a, sent, 'two');
    assert.deepEqual(await a.sends(order, 'one', { clientMessageId: 'c-1' }), edited);
  });

  test('changes survive kill -9', async () => {
    const { alice, order, a } = await world.talk();
    const edited = await edits(a, await a.sends(order, 'one'), 'two');
    const deleted = await deletes(a, await a.sends(order, 'three'));
    await world.server.restart('kill9');
    assert.deepEqual((await alice.rest.reads(order)).messages, [edited, deleted]);
  });
});

describe('the time in which a message may be changed', () => {
  let world;
  before(async () => (world = await World.open({ env: { EDIT_WINDOW_MS: '0' } })));
  after(() => world.close());

  test('is a setting', async () => {
    const { order, a } = await world.talk();
    const { id: messageId } = await a.sends(order, 'for ever');
    await a.isRefused('order_message_edit', { orderId: order.id, messageId, content: 'other' }, 'FORBIDDEN');
    await a.isRefused('order_message_delete', { orderId: order.id, messageId }, 'FORBIDDEN');
  });
});
