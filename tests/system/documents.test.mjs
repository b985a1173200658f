// The documents of the API as anybody may fetch them, and the routes that no other suite comes by, so that `schemas` meets
// each of them once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rest } from './lib/rest.mjs';
import { World } from './lib/world.mjs';

describe('documents', () => {
  let world;
  before(async () => (world = await World.open({ env: { SERVICE_TOKEN: 'service-token-0123456789-0123456789' } })));
  after(() => world.close());

  test('are given to everybody, with the version that runs', async () => {
    const anybody = new Rest(world.url);
    const openapi = await anybody.does('GET', '/v1/openapi.json');
    const asyncapi = await anybody.does('GET', '/v1/asyncapi.json');
    assert.match(openapi.openapi, /^3\.1\./);
    assert.match(asyncapi.asyncapi, /^3\.0\./);
    assert.equal(openapi.info.version, asyncapi.info.version);
    assert.match(openapi.info.version, /^\d+\.\d+\.\d+$/);
    assert.ok(openapi.components.schemas.OrderChatMessage && asyncapi.components.schemas.OrderChatMessage);
  });

  test('messages of a dispute are edited, deleted, and looked behind as those of an order', async () => {
    const { alice, order } = await world.scene();
    const dispute = await alice.rest.does('POST', `/v1/orders/${order.id}/disputes`, { reason: 'не те' });
    const chat = `/v1/disputes/${dispute.id}`;
    const { message } = await alice.rest.does('POST', `${chat}/messages`, { content: 'один' });
    const edited = await alice.rest.does('PATCH', `${chat}/messages/${message.id}`, { content: 'два' });
    assert.equal(edited.message.content, 'два');
    const deleted = await alice.rest.does('DELETE', `${chat}/messages/${message.id}`);
    assert.ok(deleted.message.deletedAt);
    assert.equal((await alice.rest.does('GET', `${chat}/changes?after=0`)).changes.length, 1);
    const behind = await world.admin.rest.does('GET', `${chat}/messages/${message.id}/revisions`);
    assert.deepEqual(behind.revisions.map((r) => r.content), ['один', 'два']);
  });

  test('numbers for administrators', async () => {
    assert.equal(typeof (await world.admin.rest.does('GET', '/v1/admin/stats')).version, 'string');
  });
});
