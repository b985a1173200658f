// The rest of what is seen from outside: every other line that a node writes about what people do, each found after a session
// that causes it, and nothing that people wrote in any of them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './lib/deadline.mjs';
import { Receiver } from './lib/receiver.mjs';
import { Rest } from './lib/rest.mjs';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

const service = 'service-token-0123456789-0123456789';
// Everything that people wrote in this session has these two words.
const secret = (what) => `ЦілкомТаємно ${what}`;
const hidden = ['ЦілкомТаємно', 'verysecret'];

describe('every line of a session', () => {
  let world, receiver, alice, bob, mira, order, dispute, upload, sockets, note, message;
  const tokens = [];
  const lines = () => world.server.log.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const line = (event, wanted) => eventually(`the line ${event} ${JSON.stringify(wanted)}`, () =>
    lines().find((l) => l.event === event && Object.entries(wanted).every(([key, value]) => (value === undefined ? l[key] !== undefined : l[key] === value))));

  before(async () => {
    receiver = await Receiver.start(service);
    receiver.answer = () => 410;
    world = await World.open({ env: { LOG_LEVEL: 'debug', SERVICE_TOKEN: service, WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: service, WEBHOOK_CONTENT: '1', MAX_PAYLOAD: '100000' } });
    alice = await world.person('client', 'Аліса');
    bob = await world.person('performer', 'Богдан');
    mira = await world.person('moderator', 'Мирослава');
    order = await world.order(alice, bob, secret('назва'));
    const [a, b, m] = [await alice.device(), await bob.device(), await mira.device({ reconnection: false })];
    sockets = { a: a.socket.id, m: m.socket.id };
    for (const d of [a, b]) await d.joins(order);
    message = await a.sends(order, secret('слово'), { attachments: [{ fileUrl: 'https://x.example/verysecret', fileName: secret('файл') }] });
    await a.does('order_message_edit', { orderId: order.id, messageId: message.id, content: secret('інше') });
    await a.does('order_message_delete', { orderId: order.id, messageId: message.id });
    await b.does('order_status', { orderId: order.id, status: 'accepted', note: secret('примітка') });
    upload = (await alice.rest.asks('POST', `/v1/uploads?orderId=${order.id}&fileName=verysecret.txt`, secret('вміст'), { 'content-type': 'text/plain' })).body;
    dispute = await alice.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: secret('причина') });
    await mira.rest.does('POST', `/v1/disputes/${dispute.id}/assign`, {});
    note = (await m.does('dispute_note', { disputeId: dispute.id, content: secret('між нами') })).note;
    await new Rest(world.url, service).does('POST', '/v1/admin/notifications', { userIds: [alice.id], content: secret('оголошення'), data: { verysecret: 1 } });
    const renewed = alice.token({ jti: 'renewed' });
    tokens.push(alice.token(), bob.token(), renewed);
    await a.does('auth_refresh', { token: renewed });
    await sqlite(world.server, `INSERT INTO rozmova_outbox (kind, payload) VALUES
      ('system_message', ${q(JSON.stringify({ orderId: order.id, content: secret('з черги') }))}), ('nonsense', ${q(JSON.stringify({ content: secret('нісенітниця') }))})`);
    const other = await world.order(alice, mira);
    await m.joins(other);
    await sqlite(world.server, `UPDATE orders SET performer_id = ${q(bob.id)} WHERE id = ${q(other.id)}`);
    await m.hears('chat_error', { event: 'join_order_chat' });
    await world.admin.rest.does('DELETE', `/v1/admin/connections/${sockets.m}`);
    await m.hears('disconnect');
    await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, `{"content": "verysecret`);
    await alice.rest.asks('POST', `/v1/orders/${order.id}/messages?token=verysecret`, { content: 5, verysecret: 1 });
    await a.asks('order_message', { orderId: 'verysecret', content: secret('х') });
  });
  after(async () => {
    await world.close();
    await receiver.closes();
  });

  test('orders, statuses, disputes, notes', async () => {
    const chat = `order:${order.id}`, room = `dispute:${dispute.id}`;
    await line('order_created', { chat, user: world.admin.id });
    await line('broadcast', { name: 'order_message_edited', chat, user: alice.id, seq: message.seq });
    await line('broadcast', { name: 'order_message_deleted', chat, user: alice.id, seq: message.seq });
    await line('status_change', { chat, from: 'created', to: 'accepted', user: bob.id, seq: 2 });
    await line('status_change', { chat: room, to: 'open', user: alice.id });
    await line('assignment', { chat: room, to: mira.id, user: mira.id });
    await line('broadcast', { name: 'dispute_note', chat: room, user: mira.id, seq: note.seq });
  });

  test('files, notifications, tokens, and what other programs had done', async () => {
    await line('upload', { chat: `order:${order.id}`, user: alice.id, upload: upload.id, bytes: undefined, duration_us: undefined });
    await line('announcement', { receivers: 1 });
    await line('token_renewed', { user: alice.id, socket: sockets.a, role: 'client' });
    await line('outbox', {});
    await line('outbox_refused', { reason: undefined });
    await line('webhook_given_up', { delivery: undefined, attempts: undefined, reason: 'status 410' });
  });

  test('access that ended, connections that were ended, calls that were refused', async () => {
    await line('leave', { user: mira.id, socket: sockets.m, reason: 'access withdrawn' });
    await line('disconnection', { user: mira.id, socket: sockets.m, reason: 'server namespace disconnect', duration_ms: undefined });
    await line('refusal', { method: 'POST', path: `/v1/orders/${order.id}/messages`, code: 'INVALID_PAYLOAD', status: 400 });
  });

  test('nothing that people wrote, and no token', async () => {
    await world.server.terminate();
    await line('stopped', {});
    for (const words of [...hidden, ...tokens.map((t) => t.split('.')[2]), service]) {
      const found = lines().find((l) => JSON.stringify(l).includes(words));
      assert.equal(found, undefined, words);
    }
    for (const one of lines()) assert.deepEqual([typeof one.ts, typeof one.level, typeof one.event], ['string', 'string', 'string'], JSON.stringify(one));
    await world.server.spawn();
  });
});
