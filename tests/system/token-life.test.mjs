// The life of a token on a live connection: the warning, the renewal, the end.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { now_s } from './lib/token.mjs';
import { World } from './lib/world.mjs';

describe('a token on a live connection', () => {
  let world;
  before(async () => {
    // The times of the contract, made short: a warning 3 s before the end, one second of grace after it.
    world = await World.open({ env: { TOKEN_WARNING_MS: '3000', TOKEN_GRACE_MS: '1000', JWT_LEEWAY_SECONDS: '0' } });
  });
  afterEach(() => world.closeDevices());
  after(() => world.close());

  /** A device whose token ends in `seconds`. */
  const lasting = (person, seconds, claims = {}) =>
    person.device({ auth: { token: person.token({ exp: now_s() + seconds, ...claims }) }, reconnection: false });

  test('warned once, refused after the end, told why and disconnected', async () => {
    const { alice, order } = await world.scene();
    const exp = now_s() + 2;
    const d = await alice.device({ auth: { token: alice.token({ exp }) }, reconnection: false });
    await d.joins(order);
    // Less than the warning's time is left: it comes at once.
    assert.equal((await d.hears('token_expiring')).expiresAt, new Date(exp * 1000).toISOString());
    const error = await d.hears('chat_error', { code: 'TOKEN_EXPIRED' });
    assert.equal(error.event, 'connect');
    await d.hears('disconnect');
    const order_of_events = d.inbox.map((e) => e.event);
    assert.ok(order_of_events.indexOf('chat_error') < order_of_events.indexOf('disconnect'));
    assert.ok(Date.now() >= exp * 1000 + 1000, 'not before the grace is over');
    assert.equal(d.heard('token_expiring').length, 1);
  });

  test('after the end nothing works but auth_refresh, and with it everything again', async () => {
    const { alice, order } = await world.scene();
    const d = await lasting(alice, 1);
    await d.hears('token_expiring');
    const until = async (code) => {
      for (;;) {
        const ack = await d.asks('order_read', { orderId: order.id, seq: 0 });
        if (ack.error?.code === code) return;
      }
    };
    await until('TOKEN_EXPIRED');
    await d.isRefused('order_message', { orderId: order.id, content: 'late' }, 'TOKEN_EXPIRED');
    await d.isRefused('join_order_chat', { orderId: order.id }, 'TOKEN_EXPIRED');
    const exp = now_s() + 3600;
    assert.deepEqual(await d.does('auth_refresh', { token: alice.token({ exp }) }), { ok: true, expiresAt: new Date(exp * 1000).toISOString() });
    await d.joins(order);
    await d.sends(order, 'in time again');
    assert.equal(d.heard('disconnect').length, 0);
  });

  test('a renewal is for the same user, and by a good token', async () => {
    const { alice, bob } = await world.scene();
    const d = await lasting(alice, 3600);
    await d.isRefused('auth_refresh', { token: bob.token() }, 'FORBIDDEN');
    await d.isRefused('auth_refresh', { token: alice.token({ exp: now_s() - 60 }) }, 'TOKEN_EXPIRED');
    await d.isRefused('auth_refresh', { token: `${alice.token()}x` }, 'UNAUTHORIZED');
    await d.isRefused('auth_refresh', { token: 7 }, 'INVALID_PAYLOAD');
    await d.isRefused('auth_refresh', {}, 'INVALID_PAYLOAD');
    await d.does('auth_refresh', { token: `Bearer ${alice.token()}` });
  });

  test('after a renewal the warning comes anew, for the new end', async () => {
    const { alice } = await world.scene();
    const d = await lasting(alice, 2);
    await d.hears('token_expiring');
    const exp = now_s() + 4;
    await d.does('auth_refresh', { token: alice.token({ exp }) });
    await d.hears('token_expiring', { expiresAt: new Date(exp * 1000).toISOString() });
    assert.equal(d.heard('token_expiring').length, 2);
  });

  test('the role of the new token counts from now on', async () => {
    const { order, b } = { ...(await world.talk()) };
    const carol = await world.person('client');
    const d = await lasting(carol, 3600);
    await d.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
    await d.does('auth_refresh', { token: carol.token({ role: 'admin' }) });
    await d.joins(order);
    await b.sends(order, 'heard');
    await d.hears('order_message', { content: 'heard' });
    await d.does('auth_refresh', { token: carol.token({ role: 'client' }) });
    await d.hears('chat_error', { code: 'FORBIDDEN', orderId: order.id });
    await b.sends(order, 'not heard');
    await d.isRefused('join_order_chat', { orderId: order.id }, 'FORBIDDEN');
    assert.equal(d.heard('order_message', { content: 'not heard' }).length, 0);
  });
});
