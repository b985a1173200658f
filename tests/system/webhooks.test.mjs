// What other servers are told: signed, in order, once by id, whatever becomes of them or of us meanwhile.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from './lib/deadline.mjs';
import { isSigned, Receiver } from './lib/receiver.mjs';
import { sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

const webhookSecret = 'webhook-secret-0123456789-0123456789';

describe('webhooks', () => {
  let receiver, world;
  before(async () => {
    receiver = await Receiver.start(webhookSecret);
    world = await World.open({
      env: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: webhookSecret, WEBHOOK_RETRY_MS: '50', WEBHOOK_RETRY_MAX_MS: '400', WEBHOOK_TIMEOUT_MS: '2000', WEBHOOK_CONTENT: '1' },
    });
  });
  afterEach(() => {
    world.closeDevices();
    receiver.answer = () => 204;
  });
  after(async () => {
    await world.close();
    await receiver.closes();
  });

  const of = (order, type = 'message.created') => receiver.taken(type).filter((r) => r.body.data.orderId === order.id);
  const arrived = (order, count, type) => eventually(`${count} of the order`, () => of(order, type).length >= count);

  test('a message is told: signed, with its id, its people, and what it says', async () => {
    const { alice, bob, order } = await world.scene();
    const message = await alice.rest.sends(order, 'привіт');
    await arrived(order, 1);
    const [told] = of(order);
    assert.ok(told.signed);
    assert.ok(!isSigned('other', `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`, told.text));
    assert.equal(told.body.id, told.id);
    assert.equal(told.body.type, 'message.created');
    assert.deepEqual(told.body.data, { orderId: order.id, clientId: alice.id, performerId: bob.id, message });
  });

  test('the order of a chat is kept through failures, each once by id', async () => {
    const { alice, order } = await world.scene();
    let fails = 0;
    receiver.answer = ({ attempt }) => (attempt < 3 && ++fails < 30 ? [500, 503, 302, undefined][fails % 4] : 204);
    for (const i of range(12)) await alice.rest.sends(order, `m${i}`);
    await arrived(order, 12);
    assert.deepEqual(of(order).map((r) => r.body.data.message.content), range(12).map((i) => `m${i}`));
    assert.ok(receiver.requests.some((r) => r.attempt > 1));
  });

  test('an endpoint that is down gets everything once it is back; killed meanwhile, we forget nothing', async () => {
    const scenes = await Promise.all(range(3).map(() => world.scene()));
    await receiver.closes();
    for (const i of range(5)) for (const { alice, order } of scenes) await alice.rest.sends(order, `d${i}`);
    await world.server.restart('kill9');
    for (const { alice, order } of scenes) await alice.rest.sends(order, 'd5');
    await receiver.opens();
    for (const { order } of scenes) {
      await arrived(order, 6);
      const told = of(order).map((r) => r.body.data.message);
      assert.deepEqual(told.map((m) => m.seq), range(6).map((i) => i + 1));
    }
  });

  test('one event that is minded holds up its own chat alone; 410 gives it up', async () => {
    const [bad, good] = await Promise.all([world.scene(), world.scene()]);
    let gone = false;
    receiver.answer = ({ body }) => (body.data.message?.content === 'poison' ? (gone ? 410 : 422) : 204);
    await bad.alice.rest.sends(bad.order, 'poison');
    await bad.alice.rest.sends(bad.order, 'behind');
    await good.alice.rest.sends(good.order, 'fine');
    await arrived(good.order, 1);
    assert.equal(of(bad.order).length, 0);
    gone = true;
    await arrived(bad.order, 1);
    assert.deepEqual(of(bad.order).map((r) => r.body.data.message.content), ['behind']);
    await eventually('a line of it', () => /"event":"webhook_given_up".*status 410/.test(world.server.log));
  });

  test('one that is too old is given up, kept as dead, and holds up nobody', async () => {
    const { alice, order } = await world.scene();
    const since = Date.now();
    const days = (n) => new Date(since - n * 86_400_000).toISOString();
    receiver.answer = ({ body }) => (body.data.message?.content === 'too old' ? 500 : 204);
    const { id } = await alice.rest.sends(order, 'too old');
    await eventually('a try', () => receiver.requests.some((r) => r.body.data.message?.id === id));
    const row = `chat_id = '${order.id}' AND seq = 1`;
    await sqlite(world.server, `UPDATE webhook_queue SET created_at = '${days(4)}' WHERE ${row}`);
    await alice.rest.sends(order, 'behind it');
    await arrived(order, 1);
    assert.deepEqual(of(order).map((r) => r.body.data.message.content), ['behind it']);
    assert.equal(await sqlite(world.server, `SELECT state || ': ' || last_error FROM webhook_queue WHERE ${row}`), 'dead: status 500');
  });

  test('the pause between two tries outlives a restart, and so does their number', async () => {
    const slow = await Receiver.start(webhookSecret);
    const other = await World.open({ env: { WEBHOOK_URL: slow.url, WEBHOOK_SECRET: webhookSecret, WEBHOOK_EVENTS: 'message.created', WEBHOOK_RETRY_MS: '1500' } });
    try {
      const at = [];
      slow.answer = () => (at.push(Date.now()), at.length < 3 ? 503 : 204);
      const { alice, order } = await other.scene();
      await alice.rest.sends(order, 'waits');
      await eventually('a first try that is written down', async () => (await sqlite(other.server, 'SELECT attempts FROM webhook_queue')) === '1');
      await other.server.restart('kill9');
      await slow.takes(1);
      assert.deepEqual(slow.requests.map((r) => r.attempt), [1, 2, 3]);
      assert.equal(new Set(slow.requests.map((r) => r.id)).size, 1);
      assert.ok(at[1] - at[0] >= 1_500 && at[2] - at[1] >= 3_000, `pauses of ${at[1] - at[0]} and ${at[2] - at[1]} ms`);
    } finally {
      await other.close();
      await slow.closes();
    }
  });

  test('notifications of who is not here, and only of those', async () => {
    const { alice, bob, order } = await world.scene();
    const device = await bob.device();
    await world.admin.rest.does('POST', '/v1/admin/notifications', { userIds: [alice.id, bob.id], content: 'Нове правило' });
    await device.hears('notification');
    await eventually('told for Alice', () => receiver.taken('notification.offline').some((r) => r.body.data.userId === alice.id && r.body.data.notification.content === 'Нове правило'));
    assert.ok(!receiver.taken('notification.offline').some((r) => r.body.data.userId === bob.id));
    assert.ok(order.id);
  });

  test('numbers and the doctor tell the backlog', async () => {
    receiver.answer = () => 500;
    const { alice, order } = await world.scene();
    await alice.rest.sends(order, 'waits');
    await eventually('the gauge', async () => /^rozmova_webhooks_failed_total [1-9]/m.test(await (await fetch(`${world.url}/metrics`)).text()));
  });

  test('without WEBHOOK_CONTENT nothing that people wrote leaves; only wanted events are told', async () => {
    const quiet = await Receiver.start(webhookSecret);
    const other = await World.open({ env: { WEBHOOK_URL: quiet.url, WEBHOOK_SECRET: webhookSecret, WEBHOOK_EVENTS: 'message.created' } });
    try {
      const { alice, order } = await other.scene();
      const sent = await alice.rest.sends(order, `secret-${randomUUID()}`, { attachments: [{ fileUrl: 'https://files.example/secret.pdf', fileName: 'secret.pdf' }] });
      const [told] = await quiet.takes(1);
      assert.doesNotMatch(told.text, /secret/);
      assert.equal(told.body.data.message.id, sent.id);
      assert.equal(told.body.data.message.attachmentCount, 1);
      assert.deepEqual([...new Set(quiet.taken().map((r) => r.type))], ['message.created']);
    } finally {
      await other.close();
      await quiet.closes();
    }
  });

  test('settings that make no sense are named', async () => {
    const server = world.server;
    const { spawnSync } = await import('node:child_process');
    const { binary } = await import('./lib/server.mjs');
    const check = (env) => spawnSync(binary, ['check-config'], { env: { ...server.env, ...env }, encoding: 'utf8' }).stderr;
    assert.match(check({ WEBHOOK_SECRET: '' }), /WEBHOOK_SECRET/);
    assert.match(check({ WEBHOOK_URL: 'ftp://x' }), /WEBHOOK_URL has "ftp:\/\/x"/);
    assert.match(check({ WEBHOOK_EVENTS: 'message.created,nonsense' }), /WEBHOOK_EVENTS has "nonsense"/);
  });
});
