// websocket_connections agrees with who is there: while people come and go, after kill -9, and when the database was
// locked meanwhile. And whoever was there last is remembered as such.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from './lib/deadline.mjs';
import { lock, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

describe('rows of connections', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const active = async () => {
    const rows = await sqlite(world.server, 'SELECT socket_id FROM websocket_connections WHERE is_active');
    return rows.split('\n').filter(Boolean).sort();
  };
  const agree = async (devices) => {
    const wanted = devices.map((d) => d.socket.id).sort();
    await eventually('the table agrees', async () => JSON.stringify(await active()) === JSON.stringify(wanted)).catch(async (late) => {
      assert.deepEqual(await active(), wanted, late.message);
    });
  };

  test('a row for each device, ended with it', async () => {
    const { alice, bob } = await world.scene();
    const devices = await Promise.all([alice.device(), alice.device(), bob.device()]);
    await agree(devices);
    await devices[0].closes();
    devices[1].vanishes();
    await agree(devices.slice(2));
    await devices[2].closes();
    await agree([]);
  });

  test('people who come and go as fast as they can leave nothing behind', async () => {
    const { alice } = await world.scene();
    await Promise.all(range(8).map(async (lane) => {
      for (const round of range(12)) {
        const device = await alice.device({ reconnection: false });
        if ((lane + round) % 2) await device.closes();
        else device.vanishes();
      }
    }));
    const last = await alice.device();
    await agree([last]);
  });

  test('fifty devices are fifty rows, and a place that is given back can be taken', async () => {
    const { alice } = await world.scene();
    const devices = await Promise.all(range(50).map(() => alice.device()));
    await agree(devices);
    await world.device({ auth: { token: alice.token() } }).isTurnedAway();
    for (const device of devices.splice(0, 25)) device.vanishes();
    await agree(devices);
    for (const _ of range(25)) {
      devices.push(await eventually('a place is free', () => alice.device({ reconnection: false }).catch(() => null)));
    }
    await agree(devices);
  });

  test('after kill -9 the rows are ended at the next start, and last seen is when it was', async () => {
    const { alice, bob, order } = await world.scene();
    const a = await alice.device({ reconnection: false });
    await agree([a]);
    const before_ms = Date.now();
    await world.server.restart('kill9');
    assert.deepEqual(await active(), []);
    const b = await bob.device();
    const { participants } = await b.joins(order);
    const { isOnline, lastSeenAt } = participants.find((p) => p.userId === alice.id);
    assert.equal(isOnline, false);
    assert.ok(Math.abs(Date.parse(lastSeenAt) - before_ms) < 60_000, lastSeenAt);
    await agree([b]);
  });

  test('while another process holds the database people come and go; the table agrees when it is free again', async () => {
    const { alice, bob } = await world.scene();
    const early = await Promise.all(range(5).map(() => alice.device({ reconnection: false })));
    await agree(early);
    const free = await lock(world.server);
    let late;
    try {
      for (const device of early) await device.closes();
      late = await Promise.all(range(5).map(() => bob.device({ reconnection: false })));
      await eventually('the server has noticed', () => /another (process|program) holds/.test(world.server.log), { ms: 30_000 });
      assert.equal((await active()).length, 5, 'nothing was written');
    } finally {
      await free();
    }
    await agree(late);
  });
});
