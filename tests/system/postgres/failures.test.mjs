// PostgreSQL loses power, hangs and comes back while people write: what was acknowledged is there once, in order, and
// everybody who listens hears all of it once; the server says in the meantime that it cannot take more.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, factor, range } from '../lib/deadline.mjs';
import { Postgres, psql } from '../lib/postgres.mjs';
import { World } from '../lib/world.mjs';

const patience_ms = 30_000 * factor;

/** Sends one after the other, each until it is acknowledged. */
class Writer {
  acked = new Map();
  stopped = false;

  constructor(device, order) {
    Object.assign(this, { device, order });
    this.done = Promise.all(range(4).map(() => this.#write()));
  }

  async #write() {
    while (!this.stopped) {
      const payload = { orderId: this.order.id, content: 'said under load', clientMessageId: randomUUID() };
      for (;;) {
        const ack = await this.device.socket.emitWithAck('order_message', payload);
        if (ack.ok) {
          this.acked.set(payload.clientMessageId, ack.message);
          break;
        }
        assert.equal(ack.error.code, 'UNAVAILABLE', JSON.stringify(ack));
        await new Promise((go) => setTimeout(go, 50)); // as clients do, who are told when to come again
      }
    }
  }
}

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

  /** Two chats under load while `failure` happens; then everything is compared with everything. */
  const under = async (failure) => {
    const scenes = await Promise.all(range(2).map(() => world.scene()));
    const listeners = [];
    for (const { alice, bob, order } of scenes) {
      for (const person of [alice, bob]) {
        const device = await person.device();
        const heard = [];
        device.socket.on('order_message', (message) => heard.push(message));
        assert.equal((await device.socket.emitWithAck('join_order_chat', { orderId: order.id })).ok, true);
        listeners.push({ heard, order, person, device });
      }
    }
    const writers = listeners.map(({ device, order }) => new Writer(device, order)); // when everybody listens
    const total = () => writers.reduce((sum, { acked }) => sum + acked.size, 0);
    const more = (count) => {
      const goal = total() + count;
      return eventually(`${count} more are acknowledged`, async () => total() >= goal, { ms: patience_ms });
    };
    await more(100);
    await failure();
    await more(100);
    writers.forEach((writer) => (writer.stopped = true));
    await Promise.all(writers.map(({ done }) => done));
    for (const { heard, order, person } of listeners) {
      // Each reading connection finds out for itself that the server is back.
      await eventually('reading goes on', () => person.rest.readsAll(order).then(() => true, () => false), { ms: patience_ms });
      const stored = await person.rest.readsAll(order);
      assert.deepEqual(stored.map((m) => m.seq), range(stored.length).map((i) => i + 1), 'seq has no gap');
      const acked = new Map(writers.filter((w) => w.order === order).flatMap(({ acked }) => [...acked]));
      assert.deepEqual(stored.map((m) => m.clientMessageId).sort(), [...acked.keys()].sort(), 'each once, and nothing else');
      for (const message of stored) assert.equal(acked.get(message.clientMessageId).seq, message.seq);
      await eventually('all of it is heard', async () => heard.length >= stored.length, { ms: patience_ms });
      assert.deepEqual(heard.map((m) => m.seq), stored.map((m) => m.seq), 'heard once, in order');
    }
  };
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
