// People write and listen while something fails; then what was acknowledged, what is stored and what was heard are compared.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually, factor, range } from './deadline.mjs';

export const patience_ms = 30_000 * factor;

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

/** Two chats of `world` under load while `failure` happens; then everything is compared with everything. */
export async function underLoad(world, failure) {
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
}
