// Redis killed, stopped, started again, under two processes that go on talking: local delivery does not wait, what was said
// meanwhile arrives, ephemeral things do not, memory does not grow, and the application is told when to catch up.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { eventually, range } from '../system/lib/deadline.mjs';
import { hears, Node, wants } from './lib/nodes.mjs';
import { Redis } from './lib/redis.mjs';

const queue_bytes = 1_000_000;
/** From the return of Redis to everything being there again. */
const back_ms = 1_000;

for (const threads of [1, 4]) {
  describe(`two processes of ${threads} threads`, () => {
    let redis, nodes, alice, bob;
    beforeEach(async () => {
      redis = await Redis.start();
      nodes = await Promise.all([0, 1].map(() => Node.start(redis, { threads, queue: queue_bytes, adapter: 'socket.io' })));
      await Promise.all(nodes.map((node) => node.knows(1)));
      [alice, bob] = await Promise.all(nodes.map((node, i) => node.person(['alice', 'bob'][i], ['r'])));
      await eventually('both listen', async () => (await redis.channels())['sioxx:/:room:r'] === 2);
    });
    afterEach(async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.kill();
    });
    const lost = () => Promise.all(nodes.map((node) => eventually('it is noticed', async () => !(await node.stats()).bus.ready)));
    const back = () => Promise.all(nodes.map((node) => eventually('it is back', async () => (await node.stats()).bus.ready, { every_ms: 10 })));
    const says = (who, event, ...args) => wants(who, { op: 'emit', to: ['r'], event, args });
    const numbers = (who, event) => who.heard.filter(([name]) => name === event).map(([, n]) => n);
    const resident = (node) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${node.program.child.pid}/status`, 'utf8'))[1]) * 1_024;

    for (const [how, goes, comes] of [
      ['killed', () => redis.kill(), () => redis.spawn()],
      ['stopped', () => redis.freeze(), () => redis.thaw()],
    ]) {
      test(`Redis is ${how}, and comes back`, async () => {
        await says(alice, 'n', 0);
        await hears(bob, 'n');
        await goes();
        await lost();
        for (const n of range(50)) {
          const started = performance.now();
          await says(alice, 'n', n + 1);
          await says(bob, 'm', n);
          await eventually('she hears herself', () => numbers(alice, 'n').length === n + 2, { every_ms: 1 });
          assert.ok(performance.now() - started < 1_000, 'local delivery does not wait for Redis');
        }
        await wants(alice, { op: 'emit', to: ['r'], event: 'typing', flags: ['volatile'] });
        const { missing } = await wants(alice, { op: 'fetch', to: ['r'] });
        assert.ok(missing > 0, 'whoever asks is told that not everybody could be');
        await comes();
        const started = performance.now();
        await back();
        await eventually('bob has all', () => numbers(bob, 'n').length === 51);
        await eventually('alice has all', () => numbers(alice, 'm').length === 50);
        const took = performance.now() - started;
        assert.ok(took < 3 * back_ms, `${Math.round(took)} ms`);
        assert.deepEqual(numbers(bob, 'n'), range(51), 'in order, none twice');
        assert.deepEqual(numbers(alice, 'm'), range(50));
        assert.equal(bob.heard.some(([event]) => event === 'typing'), false);
        const watched = (await nodes[1].stats()).watched;
        assert.deepEqual(watched.filter((one) => !one.startsWith('subscribed')), ['back', 'lost', 'back']);
        await Promise.all(nodes.map((node) => node.knows(1)));
        assert.equal((await wants(alice, { op: 'fetch', to: ['r'] })).sockets.length, 2);
        assert.equal((await redis.channels())['sioxx:/:room:r'], 2);
      });
    }

    test('rooms entered while Redis is away are listened to afterwards', async () => {
      await redis.kill();
      await lost();
      const carol = await nodes[1].person('carol', ['late']);
      await redis.spawn();
      await back();
      await wants(alice, { op: 'emit', to: ['late'], event: 'x' });
      await hears(carol, 'x');
    });

    test('what waits is bounded, and the newest is kept', async () => {
      await redis.kill();
      await lost();
      const text = 'x'.repeat(10_000);
      const say = async (count, from) => {
        for (const n of range(count)) await says(alice, 'big', from + n, text);
      };
      await say(200, 0);
      const before = resident(nodes[0]);
      await say(2_000, 200);
      const grown = resident(nodes[0]) - before;
      const { bus } = await nodes[0].stats();
      assert.ok(bus.queue_bytes <= queue_bytes, String(bus.queue_bytes));
      assert.ok(bus.dropped > 2_000, String(bus.dropped));
      assert.ok(grown < 10_000_000, `20 MB were said, ${grown} bytes were kept`);
      await redis.spawn();
      await back();
      await eventually('bob hears the last one', () => numbers(bob, 'big').at(-1) === 2_199);
      const heard = numbers(bob, 'big');
      assert.deepEqual(heard, range(heard.length).map((i) => 2_200 - heard.length + i));
    });

    test('a process that starts without Redis serves its own, and joins when it comes', async () => {
      await redis.kill();
      const early = await Node.start(redis, { threads });
      const carol = await early.person('carol', ['r']);
      await wants(carol, { op: 'emit', to: ['r'], event: 'alone' });
      await hears(carol, 'alone');
      await redis.spawn();
      await early.knows(2);
      await says(alice, 'welcome');
      await hears(carol, 'welcome');
      await early.stop();
    });
  });
}
