// PostgreSQL loses power, hangs and comes back while people write: what was acknowledged is there once, in order, and
// everybody who listens hears all of it once; the server says in the meantime that it cannot take more.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from '../lib/deadline.mjs';
import { Postgres, psql } from '../lib/postgres.mjs';
import { patience_ms, underLoad } from '../lib/under-load.mjs';
import { World } from '../lib/world.mjs';

describe('PostgreSQL fails under load', () => {
  let postgres;
  let world;
  before(async () => {
    postgres = Postgres.start();
    world = await World.open({ env: { DATABASE_URL: await postgres.newDatabase() } });
  });
  afterEach(() => world.closeDevices());
  after(async () => {
    await world.close();
    postgres.stop();
  });
  const under = (failure) => underLoad(world, failure);
  const ready = async () => (await fetch(`${world.url}/readyz`)).status;

  test('it loses power twice', async () => {
    for (const round of range(2)) {
      await under(async () => {
        postgres.crash();
        await eventually(`/readyz says 503 (${round})`, async () => (await ready()) === 503, { ms: patience_ms });
        postgres.startAgain();
        await eventually(`/readyz says 200 (${round})`, async () => (await ready()) === 200, { ms: patience_ms });
      });
    }
  });

  test('it hangs for longer than anybody waits, and goes on', async () => {
    const scene = await world.scene();
    const late = { order: scene.order, alice: await scene.alice.device() };
    await under(async () => {
      postgres.signal('STOP');
      try {
        await eventually('/readyz says 503', async () => (await ready()) === 503, { ms: patience_ms });
        const payload = { orderId: late.order.id, content: 'late', clientMessageId: 'late' };
        const ack = await late.alice.socket.timeout(patience_ms).emitWithAck('order_message', payload);
        assert.equal(ack.error?.code, 'UNAVAILABLE', 'who writes is told so, and not left waiting');
      } finally {
        postgres.signal('CONT');
      }
    });
  });

  test('all its connections are ended by an administrator', async () => {
    await under(() =>
      psql(postgres.url, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'rozmova'"));
  });

  test('the server is killed, too', async () => {
    const { alice, order } = await world.scene();
    const acked = [];
    const device = await alice.device({ reconnection: false });
    const sends = range(200).map((i) =>
      device.socket.timeout(patience_ms).emitWithAck('order_message', { orderId: order.id, content: `${i}`, clientMessageId: `k${i}` })
        .then((ack) => ack.ok && acked.push(ack.message), () => {}));
    await eventually('some are acknowledged', async () => acked.length > 20, { ms: patience_ms });
    await world.server.kill9();
    world.closeDevices();
    void sends;
    const known = [...acked];
    await world.server.spawn();
    const stored = await alice.rest.readsAll(order);
    assert.deepEqual(stored.map((m) => m.seq), range(stored.length).map((i) => i + 1));
    const ids = new Set(stored.map((m) => m.id));
    for (const message of known) assert.ok(ids.has(message.id), `seq ${message.seq} was acknowledged`);
  });
});
