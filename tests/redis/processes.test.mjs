// Three processes of sioxx on one real Redis: every operator across processes, with one thread and with four each.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../system/lib/deadline.mjs';
import { ask, hears, names, Node, wants } from './lib/nodes.mjs';
import { Redis } from './lib/redis.mjs';

for (const threads of [1, 4]) {
  describe(`three processes of ${threads} threads`, () => {
    let redis, nodes, alice, bob, carol;
    before(async () => {
      redis = await Redis.start();
      nodes = await Promise.all([0, 1, 2].map(() => Node.start(redis, { threads })));
      await Promise.all(nodes.map((node) => node.knows(2)));
      [alice, bob, carol] = await Promise.all([
        nodes[0].person('alice', ['r']), nodes[1].person('bob', ['r', 'quiet']), nodes[2].person('carol', ['s']),
      ]);
      await listened('r', 2);
      await listened('s', 1);
    });
    after(async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.kill();
    });
    const listened = (room, by) =>
      eventually(`${room} is listened to by ${by}`, async () => (await redis.channels())[`sioxx:/:room:${room}`] === by);
    const fresh = () => [alice, bob, carol].forEach((one) => one.heard.splice(0));
    let marks = 0;
    /** Says one more thing to everybody and waits until all have it: what was said before has come, or never will. */
    const settled = async () => {
      const mark = `mark ${++marks}`;
      await wants(alice, { op: 'emit', event: mark });
      for (const one of [alice, bob, carol]) {
        await hears(one, mark);
        one.heard = one.heard.filter(([event]) => event !== mark);
      }
    };

    test('a room, rooms, all but some, this process, the others, everybody', async () => {
      fresh();
      await wants(alice, { op: 'emit', to: ['r'], event: 'a', args: ['привіт', { n: 1.5 }, [null]] });
      await wants(alice, { op: 'emit', to: ['r', 's', 'quiet'], event: 'b' });
      await wants(alice, { op: 'emit', except: ['quiet'], event: 'c' });
      await wants(alice, { op: 'emit', to: ['r'], flags: ['local'], event: 'd' });
      await wants(alice, { op: 'emit', to: ['r'], flags: ['elsewhere'], event: 'e' });
      await wants(alice, { op: 'emit', to: ['s'], flags: ['volatile'], event: 'f' });
      await wants(alice, { op: 'emit', to: [carol.id], event: 'g' });
      await settled();
      assert.deepEqual(alice.heard, [['a', 'привіт', { n: 1.5 }, [null]], ['b'], ['c'], ['d']]);
      assert.deepEqual(bob.heard, [['a', 'привіт', { n: 1.5 }, [null]], ['b'], ['e']]);
      assert.deepEqual(carol.heard, [['b'], ['c'], ['f'], ['g']]);
    });

    test('bytes', async () => {
      fresh();
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i & 255));
      await wants(alice, { op: 'emit', to: ['r'], event: 'bytes', args: [{ file: bytes }, Buffer.alloc(0)] });
      await settled();
      assert.deepEqual(bob.heard, [['bytes', { file: bytes }, Buffer.alloc(0)]]);
    });

    test('other namespaces keep to themselves', async () => {
      fresh();
      const dave = await nodes[1].person('dave', ['r'], { nsp: '/other' });
      const erin = await nodes[0].person('erin', [], { nsp: '/other' });
      await eventually('it is listened to', async () => (await redis.channels())['sioxx:/other:room:r'] === 1);
      await wants(erin, { op: 'emit', to: ['r'], event: 'x' });
      await hears(dave, 'x');
      await settled();
      assert.deepEqual(bob.heard, []);
    });

    test('sockets join, leave, are listed', async () => {
      await wants(carol, { op: 'join', to: ['r'], except: ['quiet'], rooms: ['new', 'newer'] });
      await listened('new', 1);
      const who = async (room) => {
        const { sockets, missing } = await wants(carol, { op: 'fetch', to: [room] });
        assert.equal(missing, 0);
        return sockets.map(({ data }) => data.name).sort();
      };
      await eventually('alice is in it', async () => (await who('new')).join() === 'alice');
      await wants(carol, { op: 'leave', to: ['new'], rooms: ['new'] });
      await eventually('she left', async () => (await who('new')).length === 0);
      assert.deepEqual(await who('newer'), ['alice']);
      const { sockets } = await wants(bob, { op: 'fetch' });
      const mine = sockets.find(({ id }) => id === alice.id);
      assert.deepEqual(mine.rooms.sort(), ['newer', 'r']);
      assert.equal(mine.address, '127.0.0.1');
      await wants(carol, { op: 'leave', to: ['newer'], rooms: ['newer'] });
    });

    test('everybody is asked', async () => {
      alice.once('q', (n, answer) => answer('alice', n));
      bob.once('q', (n, answer) => answer({ bob: n }));
      const { answers, missing } = await wants(carol, { op: 'ask', to: ['r'], event: 'q', args: [7] });
      assert.equal(missing, 0);
      assert.deepEqual(answers.sort((a, b) => a.length - b.length), [[{ bob: 7 }], ['alice', 7]]);
      alice.once('late', (answer) => answer('in time'));
      const some = await wants(carol, { op: 'ask', to: ['r'], event: 'late', timeout: 300 });
      assert.deepEqual(some, { answers: [['in time']], missing: 1 });
      const nobody = await wants(alice, { op: 'ask', to: ['void'], event: 'q', timeout: 60_000 });
      assert.deepEqual(nobody, { answers: [], missing: 0 });
    });

    test('servers hear each other', async () => {
      fresh();
      await wants(alice, { op: 'signal', event: 'greet', args: [1] });
      await settled();
      assert.equal(alice.heard.length, threads - 1, 'each shard is a node; the one that says it is none of them');
      assert.equal(bob.heard.length, threads);
      assert.equal(carol.heard.length, threads);
      fresh();
      await wants(carol, { op: 'signal', to: ['quiet'], event: 'greet', args: [2] });
      await settled();
      assert.deepEqual([alice, bob, carol].map(names), [[], ['greeted'], []], 'only where the room has members');
      const all = await wants(alice, { op: 'signal-ask', event: 'greet', args: ['x'] });
      assert.equal(all.answers.length, 3 * threads - 1);
      assert.equal(all.missing, 0);
      const rooms = await wants(alice, { op: 'signal-ask', to: ['quiet', 's'], event: 'greet', args: ['y'] });
      assert.deepEqual(rooms, { answers: [['y'], ['y']], missing: 0 });
      const silent = await wants(alice, { op: 'signal-ask', to: ['s'], event: 'silence', timeout: 200 });
      assert.deepEqual(silent, { answers: [], missing: 1 });
    });

    test('a room is listened to from its first member to its last', async () => {
      const before = (await nodes[1].stats()).watched.length;
      const [one, two] = await Promise.all([nodes[1].person('one', ['brief']), nodes[1].person('two', ['brief'])]);
      await listened('brief', 1);
      await eventually('the application is told', async () =>
        (await nodes[1].stats()).watched.slice(before).join() === 'subscribed / brief');
      one.disconnect();
      await ask(two, 'leave', 'brief');
      await eventually('nobody listens', async () => (await redis.channels())['sioxx:/:room:brief'] === undefined);
    });

    test('sockets of other processes are sent away', async () => {
      const frank = await nodes[2].person('frank', ['doomed']);
      await listened('doomed', 1);
      const gone = new Promise((done) => frank.once('disconnect', done));
      await wants(alice, { op: 'disconnect', to: ['doomed'], close: false });
      assert.equal(await gone, 'io server disconnect');
    });

    test('a process that is killed holds nobody up, and another one takes its place', async () => {
      const doomed = await Node.start(redis, { threads });
      await Promise.all([...nodes, doomed].map((node) => node.knows(3)));
      const ghost = await doomed.person('ghost', ['r']);
      await listened('r', 3);
      doomed.people.forEach((socket) => socket.io.reconnection(false));
      const asked = wants(carol, { op: 'ask', to: ['r'], event: 'who is alive', timeout: 9_000 });
      alice.once('who is alive', (answer) => answer(1));
      bob.once('who is alive', (answer) => answer(2));
      await hears(ghost, 'who is alive');
      await doomed.program.kill9();
      const started = Date.now();
      const { answers, missing } = await asked;
      assert.deepEqual(answers.flat().sort(), [1, 2]);
      assert.equal(missing, 1);
      assert.ok(Date.now() - started < 8_000, 'it was taken out before the time was up');
      await Promise.all(nodes.map((node) => node.knows(2)));
    });
  });
}
