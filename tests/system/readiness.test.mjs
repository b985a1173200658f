// A store that somebody else holds locked: who comes is answered in time, /readyz says so, and it passes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, usual_ms, within } from './lib/deadline.mjs';
import { Person, World } from './lib/world.mjs';

/** Another program that has begun to write and does not end. */
class Hog {
  static async hold(server) {
    const hog = new Hog();
    hog.shell = spawn('sqlite3', [join(server.dataDir, 'rozmova.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    hog.shell.stdin.write('.timeout 10000\nBEGIN IMMEDIATE;\nSELECT 1;\n');
    await within(usual_ms, 'the lock', once(hog.shell.stdout, 'data'));
    return hog;
  }
  async lets_go() {
    this.shell.stdin.end('ROLLBACK;\n');
    await once(this.shell, 'exit');
  }
}

describe('a locked store', () => {
  let world;
  before(async () => (world = await World.open()));
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const ready = async () => {
    const answer = await fetch(`${world.url}/readyz`, { signal: AbortSignal.timeout(usual_ms) });
    return { status: answer.status, body: await answer.json() };
  };

  test('is told by /readyz, refuses newcomers in time, and is forgotten when it is free again', async () => {
    const { alice, order } = await world.talk();
    assert.deepEqual(await ready(), { status: 200, body: { status: 'ready' } });
    const hog = await Hog.hold(world.server);
    try {
      const stuck = await eventually('/readyz has noticed', async () => {
        const answer = await ready();
        return answer.status === 503 && answer;
      });
      assert.equal(stuck.body.status, 'unavailable');
      assert.match(stuck.body.reason, /store/);
      const newcomer = new Person(world, 'client', 'Нова');
      const began = Date.now();
      const refusal = await world.device({ auth: { token: newcomer.token() } }).isTurnedAway();
      assert.equal(refusal.code, 'UNAVAILABLE');
      assert.ok(Date.now() - began < 8_000, `${Date.now() - began} ms`);
      // Reading goes on, and so do those who are known.
      await alice.rest.reads(order);
      await alice.device();
    } finally {
      await hog.lets_go();
    }
    await eventually('/readyz says 200 again', async () => (await ready()).status === 200);
    await (await new Person(world, 'client', 'Інша').device()).closes();
  });
});
