// What administrators and the backend may do about connections and tokens.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { factor } from './lib/deadline.mjs';
import { pollingOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { now_s } from './lib/token.mjs';
import { World } from './lib/world.mjs';

const second_ms = 1000 * factor;
const serviceToken = 'service-token-of-the-tests-0123456789';

describe('administration', () => {
  let world, service;
  before(async () => {
    world = await World.open({ env: { SERVICE_TOKEN: serviceToken, THREADS: '2' } });
    service = new Rest(world.url, serviceToken);
  });
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const audited = (action, subject) =>
    sqlite(world.server, `SELECT coalesce(CAST(actor_id AS TEXT), 'service') || ' ' || detail FROM audit_log WHERE action = ${q(action)} AND subject_id = ${q(subject)}`);
  const connectionsOf = async (person) => (await service.does('GET', `/v1/admin/connections?userId=${person.id}`)).connections;

  test('the door is open for admins by token or by the users table, and for the service; for nobody else', async () => {
    const routes = [
      ['GET', '/v1/admin/connections'],
      ['GET', '/v1/admin/stats'],
      ['DELETE', '/v1/admin/connections/nobodynobodynobodyno'],
      ['POST', `/v1/admin/users/${randomUUID()}/revoke`, {}],
    ];
    const dora = await world.person('client');
    const roleless = new Rest(world.url, dora.token({ role: undefined }));
    for (const [method, path, body] of routes) {
      for (const role of ['client', 'performer', 'moderator']) {
        await (await world.person(role)).rest.isRefused(method, path, body, 403, 'FORBIDDEN');
      }
      await roleless.isRefused(method, path, body, 403, 'FORBIDDEN');
      await new Rest(world.url).isRefused(method, path, body, 401, 'UNAUTHORIZED');
      for (const almost of [serviceToken.slice(1), `${serviceToken}x`, serviceToken.toUpperCase()]) {
        await new Rest(world.url, almost).isRefused(method, path, body, 401, 'UNAUTHORIZED');
      }
    }
    await sqlite(world.server, `UPDATE users SET role = 'admin' WHERE id = ${q(dora.id)}`);
    for (const rest of [roleless, world.admin.rest, service]) await rest.does('GET', '/v1/admin/stats');
    await sqlite(world.server, `UPDATE users SET role = 'client' WHERE id = ${q(dora.id)}`);
    await roleless.isRefused('GET', '/v1/admin/stats', undefined, 403, 'FORBIDDEN');
  });

  test('connections are listed with what one wants to know of them', async () => {
    const { alice, order, a } = await world.talk();
    const polling = await alice.device(pollingOnly);
    const [first, second, ...none] = await connectionsOf(alice);
    assert.deepEqual(none, []);
    assert.deepEqual(first, {
      socketId: a.socket.id,
      userId: alice.id,
      role: 'client',
      transport: 'websocket',
      address: '127.0.0.1',
      connectedAt: first.connectedAt,
      tokenExpiresAt: first.tokenExpiresAt,
      rooms: [`order:${order.id}`],
    });
    assert.ok(Math.abs(Date.now() - Date.parse(first.connectedAt)) < 60_000);
    assert.ok(Date.parse(first.tokenExpiresAt) > Date.now() + 3_000_000);
    assert.deepEqual([second.socketId, second.transport, second.rooms], [polling.socket.id, 'polling', []]);
  });

  test('the list comes in pages that do not overlap', async () => {
    const alice = await world.person();
    const devices = [];
    for (let i = 0; i < 7; ++i) devices.push(await alice.device());
    const seen = [];
    let cursor = '';
    do {
      const page = await service.does('GET', `/v1/admin/connections?userId=${alice.id}&limit=3${cursor}`);
      assert.ok(page.connections.length <= 3);
      seen.push(...page.connections.map((c) => c.socketId));
      cursor = page.nextCursor && `&cursor=${page.nextCursor}`;
    } while (cursor);
    assert.deepEqual(seen, devices.map((d) => d.socket.id));
    await service.isRefused('GET', '/v1/admin/connections?cursor=x', undefined, 400, 'INVALID_PAYLOAD');
    await service.isRefused('GET', '/v1/admin/connections?limit=0', undefined, 400, 'INVALID_PAYLOAD');
  });

  test('one connection is ended, told why, and written down; the others stay', async () => {
    const { a, b, bob } = await world.talk();
    const id = a.socket.id;
    a.socket.io.reconnection(false);
    assert.deepEqual(await world.admin.rest.does('DELETE', `/v1/admin/connections/${id}`), { disconnected: true });
    await a.hears('chat_error', { code: 'FORBIDDEN', event: 'connect' });
    await a.hears('disconnect');
    assert.equal((await connectionsOf(bob)).length, 1);
    assert.equal(b.heard('disconnect').length, 0);
    assert.equal(await audited('disconnect', id), `${world.admin.id} {}`);
    await world.admin.rest.isRefused('DELETE', `/v1/admin/connections/${id}`, undefined, 404, 'NOT_FOUND');
  });

  describe('revocation', () => {
    const revoke = (person, body = {}) => service.does('POST', `/v1/admin/users/${person.id}/revoke`, body);
    const withToken = (person, claims) => person.device({ auth: { token: person.token(claims) }, reconnection: false });
    const isOut = async (device) => {
      await device.hears('chat_error', { code: 'TOKEN_REVOKED' }, { ms: second_ms });
      await device.hears('disconnect', undefined, { ms: second_ms });
    };
    const refusedAtTheDoor = async (person, claims) => {
      assert.equal((await world.device({ auth: { token: person.token(claims) } }).isTurnedAway()).code, 'TOKEN_REVOKED');
      await new Rest(world.url, person.token(claims)).isRefused('GET', '/v1/me', undefined, 401, 'TOKEN_REVOKED');
    };

    test('of one token logs one device out and keeps the others', async () => {
      const alice = await world.person();
      const [phone, laptop] = [await withToken(alice, { jti: 'phone' }), await withToken(alice, { jti: 'laptop' })];
      const answer = await revoke(alice, { tokenId: 'phone' });
      assert.deepEqual([answer.userId, answer.tokenId, answer.issuedBefore], [alice.id, 'phone', null]);
      await isOut(phone);
      await refusedAtTheDoor(alice, { jti: 'phone' });
      await withToken(alice, { jti: 'phone-2' });
      await laptop.does('auth_refresh', { token: alice.token({ jti: 'laptop' }) });
      await laptop.isRefused('auth_refresh', { token: alice.token({ jti: 'phone' }) }, 'TOKEN_REVOKED');
      assert.equal(await audited('revoke', alice.id), 'service {"tokenId":"phone"}');
      // Somebody else's token of the same jti is another token.
      await withToken(await world.person(), { jti: 'phone' });
    });

    test('of a user: all of his tokens up to now, and none of the ones after', async () => {
      const alice = await world.person();
      const devices = [await withToken(alice, { iat: now_s() - 10 }), await alice.device({ ...pollingOnly, auth: { token: alice.token({ iat: undefined }) }, reconnection: false })];
      const { issuedBefore } = await revoke(alice);
      assert.ok(Math.abs(Date.parse(issuedBefore) - Date.now()) < 60_000);
      await Promise.all(devices.map(isOut));
      await refusedAtTheDoor(alice, { iat: now_s() - 10 });
      await refusedAtTheDoor(alice, { iat: undefined });
      await withToken(alice, { iat: now_s() + 2 });
    });

    test('of what was issued before a moment', async () => {
      const alice = await world.person();
      const [old, young] = [await withToken(alice, { iat: now_s() - 1000 }), await withToken(alice, { iat: now_s() - 10 })];
      await revoke(alice, { issuedBefore: new Date(Date.now() - 100_000).toISOString() });
      await isOut(old);
      await young.does('auth_refresh', { token: alice.token({ iat: now_s() - 5 }) });
    });

    test('is kept over a restart, and one that is over is forgotten', async () => {
      const [alice, bob] = [await world.person(), await world.person()];
      await revoke(alice, { tokenId: 'kept' });
      await revoke(bob, { tokenId: 'over', expiresAt: new Date(Date.now() + 1).toISOString() });
      await world.server.restart();
      await refusedAtTheDoor(alice, { jti: 'kept' });
      await withToken(bob, { jti: 'over' });
    });

    test('that another program writes counts too, within a second', async () => {
      const alice = await world.person();
      const d = await withToken(alice, { jti: 'x' });
      await sqlite(world.server, `INSERT INTO revocations (token_id) VALUES ('x')`);
      await isOut(d);
      await sqlite(world.server, `DELETE FROM revocations WHERE token_id = 'x'`);
    });

    test('wants to know what exactly', async () => {
      const alice = await world.person();
      for (const wrong of [{ tokenId: '' }, { tokenId: 7 }, { tokenId: 'x'.repeat(256) }, { issuedBefore: 'yesterday' }, { issuedBefore: 7 }, { tokenId: 'x', issuedBefore: new Date().toISOString() }, { expiresAt: 'never' }]) {
        await service.isRefused('POST', `/v1/admin/users/${alice.id}/revoke`, wrong, 400, 'INVALID_PAYLOAD');
      }
      await service.isRefused('POST', '/v1/admin/users/alice/revoke', {}, 404, 'NOT_FOUND');
      await withToken(alice, { iat: now_s() - 100 });
    });
  });

  test('stats tell what the metrics know', async () => {
    const { order, a } = await world.talk();
    await a.sends(order, 'counted');
    await a.isRefused('order_message', { orderId: order.id }, 'INVALID_PAYLOAD');
    const stats = await service.does('GET', '/v1/admin/stats');
    assert.equal(stats.connections.websocket, 2);
    assert.equal(stats.sockets, 2);
    assert.ok(stats.usersOnline >= 2 && stats.rooms >= 3 && stats.messages.stored >= 1);
    assert.ok(stats.refusals.INVALID_PAYLOAD >= 1 && stats.events.in >= 3 && stats.events.out >= 1);
    assert.ok(stats.ackMs.count >= 1 && stats.ackMs.p50 > 0 && stats.ackMs.p50 <= stats.ackMs.p99);
    assert.ok(stats.database.batches > 0 && stats.database.failed === 0);
  });
});
