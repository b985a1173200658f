// Tries a running server as the description of the API tells a client to: two people talk about an order, and, where the
// server has disputes, a moderator joins them.       node smoke.mjs URL SECRET
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Device, pollingOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { sign } from './lib/token.mjs';

const [url, secret] = process.argv.slice(2);
const people = Object.fromEntries(
  [['client', 'Олена'], ['performer', 'Тарас'], ['moderator', 'Модераторка'], ['admin', 'Smoke test'], ['stranger', 'Хтось']].map(([who, name]) => {
    const claims = { sub: randomUUID(), name, role: who === 'stranger' ? 'client' : who };
    const token = sign(claims, secret);
    return [who, { id: claims.sub, name, token, rest: new Rest(url, token) }];
  }),
);
const { client, performer, moderator, admin, stranger } = people;
const devices = [];
const device = (person, options = {}) => {
  devices.push(new Device(url, { auth: { token: person.token }, ...options }));
  return devices.at(-1).connects();
};

let passed = 0, failed = 0;
const notSupported = Symbol('not supported');

/** One step of the story. After a failure the rest makes no sense and is left out. */
async function step(what, deed) {
  if (failed) return undefined;
  try {
    const outcome = await deed();
    if (outcome !== notSupported) ++passed;
    console.log(`${outcome === notSupported ? '  –   ' : '  ok  '}${what}${outcome === notSupported ? ': not offered by this server' : ''}`);
    return outcome;
  } catch (error) {
    ++failed;
    console.log(` FAIL ${what}\n      ${error.data ? `${error.message} ${JSON.stringify(error.data)}` : error.message}`);
    return undefined;
  }
}

console.log(`Trying ${url}`);
const order = { id: randomUUID(), title: 'Smoke test', clientId: client.id, performerId: performer.id };

await step('the server is alive', async () => assert.equal((await fetch(`${url}/healthz`)).status, 200));
await step('people are known by their tokens', async () => {
  for (const { rest, id } of Object.values(people)) assert.equal((await rest.does('GET', '/v1/me')).id, id);
});
await step('a connection without a token is refused', async () => {
  const nobody = new Device(url);
  devices.push(nobody);
  assert.equal((await nobody.isTurnedAway()).code, 'UNAUTHORIZED');
});
await step('an order is created between client and performer', () => admin.rest.does('POST', '/v1/orders', order));

let a, b;
await step('both connect, one by WebSocket and one by polling', async () => {
  a = await device(client);
  b = await device(performer, pollingOnly);
});
await step('both join the order chat', async () => {
  for (const d of [a, b]) assert.equal((await d.joins(order)).participants.length, 2);
});
await step('a message arrives, both ways', async () => {
  const hello = await a.sends(order, 'Добрий день!');
  assert.deepEqual(await b.hears('order_message', { id: hello.id }), hello);
  const answer = await b.sends(order, 'Вітаю! 👋');
  assert.deepEqual(await a.hears('order_message', { id: answer.id }), answer);
});
await step('the same message sent again is the same message', async () => {
  const clientMessageId = randomUUID();
  const [one, two] = await Promise.all([1, 2].map(() => a.sends(order, 'Лише раз', { clientMessageId })));
  assert.deepEqual(one, two);
});
await step('typing is seen by the other', async () => {
  await a.types(order);
  await b.hears('order_typing', { userId: client.id, isTyping: true });
  await a.types(order, false);
  await b.hears('order_typing', { userId: client.id, isTyping: false });
});
await step('a stranger can neither join nor send', async () => {
  const s = await device(stranger);
  await s.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN', 'NOT_FOUND');
  await s.isRefused('order_message', { orderId: order.id, content: 'x' }, 'FORBIDDEN', 'NOT_FOUND');
});
await step('the history is there over REST, in order', async () => {
  const { messages } = await performer.rest.reads(order);
  assert.deepEqual(messages.map((m) => m.seq), [1, 2, 3]);
});
await step('who leaves and comes back gets what was missed', async () => {
  await b.leaves(order);
  const missed = await a.sends(order, 'Чи ви тут?');
  assert.deepEqual((await b.joins(order, { afterSeq: 3 })).messages, [missed]);
});
await step('a disconnection is seen as presence', async () => {
  await b.closes();
  await a.hears('user_presence', { userId: performer.id, isOnline: false }, { ms: 60_000 });
});

let dispute;
await step('a dispute about the order', async () => {
  const answer = await client.rest.asks('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Smoke test' });
  if (answer.status === 404) return notSupported;
  assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
  dispute = answer.body.dispute ?? answer.body;
  return dispute;
});
if (dispute) {
  let m;
  await step('client and moderator join the dispute chat', async () => {
    m = await device(moderator);
    for (const d of [a, m]) await d.does('join_dispute_chat', { disputeId: dispute.id });
  });
  await step('a dispute message arrives, both ways', async () => {
    for (const [from, to] of [[a, m], [m, a]]) {
      const { message } = await from.does('dispute_message', { disputeId: dispute.id, content: 'Розберімося' });
      await to.hears('dispute_message', { id: message.id });
    }
  });
}

for (const d of devices) d.socket.disconnect();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
