// Tries a running server, wherever it is, as the description of the API tells a client to: two people talk about an order, a
// dispute is opened, and a moderator joins them. Only the official client, fetch, and tokens signed with the server's secret.
//
//   node smoke.mjs URL SECRET
//   ORDER_ID, CLIENT_ID, PERFORMER_ID   an order that is there already, beside a marketplace, whose orders are not ours to make
//   JWT_ALGORITHM, JWT_ISSUER, JWT_AUDIENCE   as the server has them, when it has them
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Device, pollingOnly, upgrading, websocketOnly } from './lib/device.mjs';
import { eventually, within } from './lib/deadline.mjs';
import { Rest } from './lib/rest.mjs';
import { sign } from './lib/token.mjs';

const [address, secret] = process.argv.slice(2);
const url = address.replace(/\/+$/, '');
const { env } = process;
const alg = env.JWT_ALGORITHM || 'HS256';
const issued = { ...(env.JWT_ISSUER && { iss: env.JWT_ISSUER }), ...(env.JWT_AUDIENCE && { aud: env.JWT_AUDIENCE }) };
const offline_ms = 60_000; // how long a server may wait before it calls somebody offline

class Person {
  constructor(role, name, id = randomUUID()) {
    Object.assign(this, { role, name, id, token: sign({ sub: id, name, role, ...issued }, secret, alg) });
    this.rest = new Rest(url, this.token);
  }

  device(options = {}) {
    const device = new Device(url, { auth: { token: this.token }, ...options });
    devices.push(device);
    return device.connects();
  }
}

const devices = [];
const client = new Person('client', 'Олена', env.CLIENT_ID);
const performer = new Person('performer', 'Тарас', env.PERFORMER_ID);
const moderator = new Person('moderator', 'Модераторка');
const admin = new Person('admin', 'Smoke test');
const stranger = new Person('client', 'Хтось');
const order = { id: env.ORDER_ID ?? randomUUID(), title: 'Smoke test', clientId: client.id, performerId: performer.id };

let passed = 0, failed = 0, leftOut = 0;

/** One step of the story. After a failure the rest makes no sense and is left out. */
async function step(what, deed) {
  if (failed) return void ++leftOut;
  try {
    await deed();
    ++passed;
    console.log(`  ok   ${what}`);
  } catch (error) {
    ++failed;
    const why = [error.message, error.cause?.message, error.data && JSON.stringify(error.data)].filter(Boolean).join('; ');
    console.log(` FAIL  ${what}\n       ${why.replaceAll('\n', '\n       ')}`);
  }
}

function chapter(name) {
  if (!failed) console.log(name);
}

let client_, performer_, moderator_, phone; // connected devices
let base = 0; // seq of what was said in this chat before us
let dispute;

async function start() {
  chapter('Start');
  await step('the server is alive and ready', async () => {
    for (const path of ['/healthz', '/readyz']) assert.equal((await fetch(url + path)).status, 200, path);
  });
  await step('a token signed with this secret is accepted', async () => {
    for (const { rest, id } of [client, performer, moderator, admin, stranger]) assert.equal((await rest.does('GET', '/v1/me')).id, id);
  });
  await step('an order between client and performer', async () => {
    if (env.ORDER_ID) return client.rest.does('GET', `/v1/orders/${order.id}`);
    const made = await admin.rest.asks('POST', '/v1/orders', order);
    const beside = 'this server lives beside a marketplace: set ORDER_ID, CLIENT_ID and PERFORMER_ID to an order of it';
    assert.equal(made.status, 201, made.status === 403 ? `${made.text}; perhaps ${beside}` : made.text);
  });
}

async function connection() {
  chapter('Connection');
  await step('without a token, or with a bad one, connecting is refused with a code', async () => {
    const bad = sign({ sub: client.id }, 'not the secret of this server, whatever it is', alg);
    for (const auth of [undefined, { token: bad }]) {
      devices.push(new Device(url, { auth }));
      assert.equal((await devices.at(-1).isTurnedAway()).code, 'UNAUTHORIZED');
    }
  });
  await step('the client connects by WebSocket, the performer by HTTP long-polling', async () => {
    client_ = await client.device(websocketOnly);
    performer_ = await performer.device(pollingOnly);
    assert.deepEqual([client_.transport, performer_.transport], ['websocket', 'polling']);
  });
  await step('a second device of the client begins with polling and is upgraded', async () => {
    phone = await client.device(upgrading);
    await eventually('the upgrade', () => phone.transport === 'websocket');
  });
}

async function rooms() {
  chapter('Room management');
  await step('both join the chat of the order and are told who is there', async () => {
    for (const device of [client_, performer_]) {
      const joined = await device.joins(order);
      assert.deepEqual(joined.participants.map((p) => p.userId).sort(), [client.id, performer.id].sort());
      base = joined.lastSeq;
    }
  });
  await step('a stranger and a moderator without a dispute can neither join nor send', async () => {
    for (const person of [stranger, moderator]) {
      const device = await person.device();
      await device.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN', 'NOT_FOUND');
      await device.isRefused('order_message', { orderId: order.id, content: 'x' }, 'FORBIDDEN', 'NOT_FOUND');
      await device.closes();
    }
  });
}

async function messages() {
  chapter('Messages');
  await step('a message arrives as it was stored, both ways', async () => {
    const hello = await client_.sends(order, 'Добрий день!');
    assert.deepEqual(await performer_.hears('order_message', { id: hello.id }), hello);
    const answer = await performer_.sends(order, 'Вітаю! 👋', { replyTo: hello.id });
    assert.deepEqual(await client_.hears('order_message', { id: answer.id }), answer);
  });
  await step('without an acknowledgement it arrives too, and a bad one comes back as chat_error', async () => {
    client_.socket.emit('order_message', { orderId: order.id, content: 'Як справи?' });
    await performer_.hears('order_message', { content: 'Як справи?' });
    client_.socket.emit('order_message', { orderId: order.id });
    assert.equal((await client_.hears('chat_error', { event: 'order_message' })).code, 'INVALID_PAYLOAD');
  });
  await step('the same message sent again is the same message', async () => {
    const clientMessageId = randomUUID();
    const sent = await Promise.all([client_, phone].map((d) => d.sends(order, 'Лише раз', { clientMessageId })));
    assert.deepEqual(sent[0], sent[1]);
  });
  await step('with a link to a file', async () => {
    const file = { fileUrl: 'https://example.org/plan.pdf', fileName: 'plan.pdf' };
    await client_.sends(order, 'Ось план', { attachments: [file] });
    const { attachments, fileUrl } = await performer_.hears('order_message', { content: 'Ось план' });
    assert.deepEqual([attachments.length, attachments[0].fileName, fileUrl], [1, file.fileName, file.fileUrl]);
  });
  await step('with an uploaded file, which the other may fetch and a stranger may not', async () => {
    const bytes = 'дуже важливий договір';
    const upload = await client.rest.asks('POST', `/v1/uploads?orderId=${order.id}&fileName=contract.txt`, bytes, { 'content-type': 'text/plain' });
    assert.equal(upload.status, 201, upload.text);
    const { fileUrl, fileName } = upload.body;
    await client_.sends(order, '', { attachments: [{ fileUrl, fileName }] });
    const heard = await performer_.hears('order_message', (m) => m.attachments.some((a) => a.fileUrl === fileUrl));
    assert.equal(heard.type, 'file');
    assert.equal((await performer.rest.asks('GET', fileUrl)).text, bytes);
    await stranger.rest.isRefused('GET', fileUrl, undefined, 403, 'FORBIDDEN');
  });
  await step('the history is there over REST, in order and without gaps', async () => {
    const { messages: all } = await performer.rest.reads(order, `?after=${base}`);
    assert.deepEqual(all.map((m) => m.seq), all.map((_, i) => base + 1 + i));
    assert.equal(all.length, 6);
  });
  await step('read marks are seen by the other, and the unread counter falls', async () => {
    const { lastSeq } = await performer_.joins(order);
    assert.ok((await performer.rest.does('GET', '/v1/unread')).orders[order.id] > 0);
    await performer_.does('order_read', { orderId: order.id, seq: lastSeq });
    await client_.hears('order_read', { userId: performer.id, seq: lastSeq });
    assert.equal((await performer.rest.does('GET', '/v1/unread')).orders[order.id] ?? 0, 0);
  });
}

async function typing() {
  chapter('Typing');
  await step('is seen by the other, and not by the own devices', async () => {
    await phone.joins(order);
    await client_.types(order);
    await performer_.hears('order_typing', { orderId: order.id, userId: client.id, isTyping: true });
    await client_.types(order, false);
    await performer_.hears('order_typing', { userId: client.id, isTyping: false });
    assert.equal(phone.heard('order_typing').length, 0);
  });
}

async function statuses() {
  chapter('Statuses and notifications');
  await step('a change of status is told to the room, and stands in the chat', async () => {
    const now = (await client.rest.does('GET', `/v1/orders/${order.id}`)).status;
    if (env.ORDER_ID && now !== 'created') return;
    await performer_.does('order_status', { orderId: order.id, status: 'accepted' });
    const update = await client_.hears('order_status_update', { orderId: order.id, status: 'accepted' });
    assert.deepEqual([update.previousStatus, update.changedBy], ['created', performer.id]);
    await client_.hears('order_message', { type: 'system', seq: update.seq });
    await client_.hears('notification', { type: 'order_status' });
  });
  await step('who is not in the chat is notified, also at the next connect', async () => {
    for (const device of [client_, phone]) await device.leaves(order);
    const { seq } = await performer_.sends(order, 'Ви тут?');
    await phone.hears('notification', (n) => n.type === 'order_message' && n.data.seq === seq);
    const tablet = await client.device();
    const waiting = await tablet.hears('notification', (n) => n.data.seq === seq);
    assert.ok((await client.rest.does('GET', '/v1/notifications?unread=true')).notifications.some((n) => n.id === waiting.id));
    await tablet.closes();
    for (const device of [client_, phone]) await device.joins(order);
  });
}

async function reconnects() {
  chapter('Reconnecting');
  await step('a lost connection comes back by itself; what was missed and what was written meanwhile is there once', async () => {
    const { lastSeq } = await performer_.joins(order);
    const lost = performer_.hears('disconnect');
    performer_.socket.io.engine.close();
    await lost;
    const written = new Promise((done) => performer_.socket.emit('order_message', { orderId: order.id, content: 'Без мережі' }, done));
    const missed = await client_.sends(order, 'Поки вас не було');
    await performer_.hears('connect');
    assert.equal((await within(10_000, 'the ack of what was written offline', written)).ok, true);
    const { messages: caught, gap } = await performer_.joins(order, { afterSeq: lastSeq });
    assert.deepEqual(caught.map((m) => m.content).sort(), ['Без мережі', missed.content].sort());
    assert.equal(gap, false);
  });
}

async function presence() {
  chapter('Presence');
  await step('one of two devices closed is no news; the last one is', async () => {
    await phone.closes();
    await performer_.closes();
    const gone = await client_.hears('user_presence', { userId: performer.id, isOnline: false }, { ms: offline_ms });
    assert.ok(Math.abs(Date.parse(gone.lastSeenAt) - Date.now()) < offline_ms, `lastSeenAt ${gone.lastSeenAt}; are the clocks right?`);
    performer_ = await performer.device();
    await client_.hears('user_presence', { userId: performer.id, isOnline: true });
    await performer_.joins(order);
    assert.equal(performer_.heard('user_presence', { userId: client.id, isOnline: false }).length, 0);
  });
}

async function disputes() {
  chapter('Dispute');
  let id;
  await step('the client opens a dispute, and the order waits for its decision', async () => {
    dispute = await client.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Smoke test' });
    id = { disputeId: dispute.id };
    await performer_.hears('order_status_update', { orderId: order.id, status: 'disputed' });
  });
  await step('client, performer and moderator join; a stranger cannot', async () => {
    moderator_ = await moderator.device();
    for (const device of [client_, performer_, moderator_]) await device.does('join_dispute_chat', id);
    const s = await stranger.device();
    await s.isRefused('join_dispute_chat', id, 'FORBIDDEN', 'NOT_FOUND');
    await s.closes();
  });
  await step('what one of the three says and types is heard by the other two', async () => {
    const all = [client_, performer_, moderator_];
    for (const [i, from] of all.entries()) {
      await from.does('dispute_typing', { ...id, isTyping: true });
      const { message } = await from.does('dispute_message', { ...id, content: `Слово ${i}` });
      for (const to of all) {
        assert.deepEqual(await to.hears('dispute_message', { id: message.id }), message);
        if (to !== from) await to.hears('dispute_typing', { userId: message.senderId, isTyping: true });
      }
    }
  });
  await step('the moderator reads the chat of the order, and writes nothing there', async () => {
    assert.ok((await moderator_.joins(order)).messages.length > 0);
    await moderator_.isRefused('order_message', { orderId: order.id, content: 'x' }, 'FORBIDDEN');
  });
  await step('an admin may enter every chat', async () => {
    const device = await admin.device();
    await device.joins(order);
    await device.does('join_dispute_chat', id);
    await device.closes();
  });
  await step('the dispute is looked at and decided by the moderator alone; everybody is told', async () => {
    await client_.isRefused('dispute_status', { ...id, status: 'under_review' }, 'FORBIDDEN');
    await moderator_.isRefused('dispute_status', { ...id, status: 'resolved' }, 'ILLEGAL_TRANSITION');
    for (const status of ['under_review', 'resolved', 'closed']) {
      await moderator_.does('dispute_status', { ...id, status });
      for (const to of [client_, performer_]) await to.hears('dispute_status_update', { ...id, status });
    }
  });
  await step('a closed chat is read, not written', async () => {
    await client_.isRefused('dispute_message', { ...id, content: 'x' }, 'CHAT_CLOSED');
    const { messages: all } = await performer.rest.does('GET', `/v1/disputes/${dispute.id}/messages`);
    assert.deepEqual(all.map((m) => m.seq), all.map((_, i) => i + 1));
  });
}

console.log(`Trying ${url}\n`);
for (const part of [start, connection, rooms, messages, typing, statuses, reconnects, presence, disputes]) await part();

for (const d of devices) d.socket.disconnect();
if (leftOut) console.log(`\n${leftOut} steps were left out after the failure.`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
