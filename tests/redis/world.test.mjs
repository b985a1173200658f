// The official @socket.io/redis-emitter and a Node server with the official @socket.io/redis-adapter, on one Redis with two
// processes of sioxx: everything they can ask of each other, in both directions, and nobody's request runs into its timeout.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, within } from '../system/lib/deadline.mjs';
import { ask, hears, names, Node, wants } from './lib/nodes.mjs';
import { Redis } from './lib/redis.mjs';
import { emitter, NodeServer } from './lib/world.mjs';

/** Well below the 2 s after which a Node server gives up, and the 5 s after which we do. */
const soon_ms = 1_500;

for (const threads of [1, 4]) {
  describe(`beside two processes of ${threads} threads`, () => {
    let redis, nodes, node, alice, bob, eve, everybody;
    before(async () => {
      redis = await Redis.start();
      nodes = await Promise.all([0, 1].map(() => Node.start(redis, { threads, adapter: 'socket.io' })));
      node = await NodeServer.start(redis);
      // Two of ours; to each of them, one more process is all of the world.
      await Promise.all(nodes.map((one) => one.knows(1)));
      await eventually('all are counted', async () => (await redis.channels())['socket.io-request#/#'] === 3);
      [alice, bob, eve] = await Promise.all([
        nodes[0].person('alice', ['r', 'ours']), nodes[1].person('bob', ['r', 'quiet']), node.person('eve', ['r', 'theirs']),
      ]);
      everybody = [alice, bob, eve];
    });
    after(async () => {
      await node.stop();
      await Promise.all(nodes.map((one) => one.stop()));
      await redis.kill();
    });
    const fresh = () => everybody.forEach((one) => one.heard.splice(0));
    let marks = 0;
    /** `say(mark)` reaches everybody after all that was said before by the same one. */
    const settled = async (say) => {
      const mark = `mark ${++marks}`;
      await say(mark);
      for (const one of everybody) {
        await hears(one, mark);
        one.heard = one.heard.filter(([event]) => event !== mark);
      }
    };
    const by_us = (mark) => wants(alice, { op: 'emit', event: mark });
    const by_node = (mark) => node.io.emit(mark);

    describe('the emitter', () => {
      let emits;
      before(async () => (emits = await emitter(redis)));
      after(() => emits.end());
      const by_emitter = (mark) => emits.io.emit(mark);

      test('emit, to, except, volatile', async () => {
        fresh();
        const bytes = Buffer.from([1, 2, 3]);
        emits.io.emit('all', 'Привіт', { n: 1.5, none: null }, -1, 300, 2 ** 40, true);
        emits.io.to('r').emit('r', { bytes });
        emits.io.to(['ours', 'theirs']).emit('two rooms');
        emits.io.to('r').except('quiet').emit('not bob');
        emits.io.volatile.emit('fleeting');
        emits.io.to(alice.id).emit('alice alone');
        await settled(by_emitter);
        const all = ['all', 'Привіт', { n: 1.5, none: null }, -1, 300, 2 ** 40, true];
        assert.deepEqual(alice.heard, [all, ['r', { bytes }], ['two rooms'], ['not bob'], ['fleeting'], ['alice alone']]);
        assert.deepEqual(bob.heard, [all, ['r', { bytes }], ['fleeting']]);
        // Node drops what is volatile while it has something else to write.
        assert.deepEqual(eve.heard.filter(([event]) => event !== 'fleeting'), [all, ['r', { bytes }], ['two rooms'], ['not bob']]);
      });

      test('of', async () => {
        fresh();
        const dave = await nodes[1].person('dave', ['r'], { nsp: '/other' });
        emits.io.of('/other').to('r').emit('there');
        await hears(dave, 'there');
        await settled(by_emitter);
        assert.deepEqual(alice.heard, []);
      });

      test('socketsJoin, socketsLeave, disconnectSockets', async () => {
        emits.io.in('r').except('quiet').socketsJoin(['new']);
        emits.io.to('new').emit('in the new room');
        await Promise.all([alice, eve].map((one) => hears(one, 'in the new room')));
        emits.io.in('ours').socketsLeave('new');
        fresh();
        emits.io.to('new').emit('only eve');
        await settled(by_emitter);
        assert.deepEqual([alice, bob, eve].map(names), [[], [], ['only eve']]);
        emits.io.in('new').socketsLeave('new');
        const frank = await nodes[1].person('frank', ['doomed']);
        const gone = new Promise((done) => frank.once('disconnect', done));
        emits.io.in('doomed').disconnectSockets();
        assert.equal(await within(soon_ms, 'frank is sent away', gone), 'io server disconnect');
      });

      test('serverSideEmit', async () => {
        fresh();
        emits.io.serverSideEmit('greet', 'from the emitter', 1);
        await eventually('both are told', () => [alice, bob].every((one) => one.heard.length === threads));
        assert.deepEqual(alice.heard[0], ['greeted', ['from the emitter', 1]]);
      });
    });

    describe('the Node server', () => {
      test('is heard and hears', async () => {
        fresh();
        node.io.to('r').except('quiet').emit('from node', { a: [1] }, Buffer.from([7]));
        node.io.to('ours').to('theirs').volatile.emit('two');
        node.io.local.emit('only there');
        await settled(by_node);
        assert.deepEqual(alice.heard, [['from node', { a: [1] }, Buffer.from([7])], ['two']]);
        assert.deepEqual(bob.heard, []);
        fresh();
        await wants(bob, { op: 'emit', to: ['r'], event: 'from us', args: ['ї', { b: Buffer.from([9]) }] });
        await wants(bob, { op: 'emit', to: ['theirs', 'ours'], except: ['quiet'], event: 'rooms' });
        await wants(bob, { op: 'emit', event: 'stays', flags: ['local'] });
        await wants(bob, { op: 'emit', to: [eve.id], event: 'eve alone' });
        await settled((mark) => wants(bob, { op: 'emit', event: mark }));
        assert.deepEqual(eve.heard, [['from us', 'ї', { b: Buffer.from([9]) }], ['rooms'], ['eve alone']]);
        assert.deepEqual(alice.heard, [['from us', 'ї', { b: Buffer.from([9]) }], ['rooms']]);
      });

      test('lists our sockets, and we list its', async () => {
        const sockets = await within(soon_ms, 'the list', node.io.in('r').fetchSockets());
        assert.deepEqual(sockets.map(({ data }) => data.name).sort(), ['alice', 'bob', 'eve']);
        const ours = sockets.find(({ data }) => data.name === 'bob');
        assert.ok(ours.rooms.has('quiet') && ours.rooms.has(bob.id));
        assert.equal(ours.handshake.address, '127.0.0.1');
        const { sockets: seen, missing } = await within(soon_ms, 'our list', wants(alice, { op: 'fetch', to: ['r'] }));
        assert.equal(missing, 0);
        assert.deepEqual(seen.map(({ data }) => data.name).sort(), ['alice', 'bob', 'eve']);
        assert.deepEqual(seen.find(({ id }) => id === eve.id).rooms.sort(), ['r', 'theirs']);
        const rooms = await within(soon_ms, 'all rooms', node.io.of('/').adapter.allRooms());
        for (const room of ['r', 'quiet', 'ours', 'theirs', alice.id]) assert.ok(rooms.has(room), room);
      });

      test('of old versions is answered, too', async () => {
        const client = await redis.client();
        const answers = [];
        const ear = await redis.client();
        await ear.subscribe('socket.io-response#/#', (text) => answers.push(JSON.parse(text)));
        await client.publish('socket.io-request#/#', JSON.stringify({ type: 0, uid: 'abcdef', requestId: 'ids', rooms: ['r'] }));
        await client.publish('socket.io-request#/#', JSON.stringify({ type: 2, uid: 'abcdef', requestId: 'join', sid: bob.id, room: 'old' }));
        await eventually('all have answered', () => answers.length === 4);
        const ids = answers.filter(({ requestId }) => requestId === 'ids').flatMap(({ sockets }) => sockets);
        assert.deepEqual(ids.sort(), [alice.id, bob.id, eve.id].sort());
        assert.deepEqual(answers.filter(({ requestId }) => requestId === 'join'), [{ requestId: 'join' }]);
        fresh();
        node.io.to('old').emit('in it');
        await settled(by_node);
        assert.deepEqual([alice, bob, eve].map(names), [[], ['in it'], []]);
        await Promise.all([client, ear].map((one) => one.disconnect()));
      });

      test('asks our clients, and we ask its', async () => {
        const answer_with = (event, value) => everybody.forEach((one, i) => one.once(event, (n, ack) => ack(value(i, n))));
        answer_with('q', (i, n) => ({ i, n }));
        const answers = await within(soon_ms, 'the acks', node.io.in('r').timeout(soon_ms).emitWithAck('q', 7));
        assert.deepEqual(answers.sort((a, b) => a.i - b.i), [{ i: 0, n: 7 }, { i: 1, n: 7 }, { i: 2, n: 7 }]);
        answer_with('q2', (i) => (i === 2 ? Buffer.from([i]) : i));
        const { answers: ours, missing } = await within(soon_ms, 'our acks',
          wants(bob, { op: 'ask', to: ['r'], event: 'q2', args: [1], timeout: 60_000 }));
        assert.equal(missing, 0);
        assert.equal(ours.length, 3);
        const nobody = await within(soon_ms, 'nobody', node.io.in('void').timeout(soon_ms).emitWithAck('q'));
        assert.deepEqual(nobody, []);
        assert.deepEqual(await within(soon_ms, 'nobody', wants(bob, { op: 'ask', to: ['void'], event: 'q', timeout: 60_000 })),
          { answers: [], missing: 0 });
        alice.once('slow', (ack) => ack('alice'));
        const late = await new Promise((done) => node.io.in('ours').in('quiet').timeout(300).emit('slow', (error, some) => done({ error, some })));
        assert.ok(late.error instanceof Error);
        assert.deepEqual(late.some, ['alice'], 'what came in time is not lost');
      });

      test('moves and sends away our sockets, and we its', async () => {
        node.io.in('ours').in('quiet').socketsJoin('by node');
        node.io.in('quiet').socketsLeave('by node');
        await wants(alice, { op: 'join', to: ['theirs'], rooms: ['by us'] });
        fresh();
        node.io.to('by node').emit('n');
        await settled(by_node);
        await wants(alice, { op: 'emit', to: ['by us'], event: 'u' });
        await settled(by_us);
        assert.deepEqual([alice, bob, eve].map(names), [['n'], [], ['u']]);
        const [ours, theirs] = await Promise.all([nodes[1].person('x', ['gone']), node.person('y', ['gone too'])]);
        const both = Promise.all([ours, theirs].map((one) => new Promise((done) => one.once('disconnect', done))));
        node.io.in('gone').disconnectSockets(true);
        await wants(alice, { op: 'disconnect', to: ['gone too'], close: true });
        await within(soon_ms, 'both are gone', both);
      });

      test('speaks to servers', async () => {
        const heard = [];
        node.io.on('greet', (...args) => heard.push(args));
        node.io.on('sum', (a, b, ack) => ack(a + b));
        fresh();
        await wants(alice, { op: 'signal', event: 'greet', args: ['from us', { n: 1 }] });
        await eventually('it hears us', () => heard.length === 1);
        assert.deepEqual(heard, [['from us', { n: 1 }]]);
        // So do our own: every thread but the one that speaks.
        await eventually('ours hear it', () => alice.heard.length === threads - 1 && bob.heard.length === threads);
        fresh();
        node.io.serverSideEmit('greet', 'from node');
        await eventually('both hear it', () => [alice, bob].every((one) => one.heard.length === threads));
        const answers = await within(soon_ms, 'our answers', node.io.serverSideEmitWithAck('greet', 'echo'));
        assert.deepEqual(answers, ['echo', 'echo']);
        assert.deepEqual(await within(soon_ms, 'nobody knows it', node.io.serverSideEmitWithAck('unheard of')), [null, null]);
        const sum = await within(soon_ms, 'its answer', wants(alice, { op: 'signal-ask', event: 'sum', args: [2, 3] }));
        assert.deepEqual(sum.answers, [[5]], 'of three processes one has a handler');
        await wants(alice, { op: 'signal', to: ['r'], event: 'greet', args: ['to rooms of ours'] });
        await settled(by_us);
        assert.equal(heard.length, 1, 'a signal to rooms is not for it');
      });

      test('answers with publishOnSpecificResponseChannel are heard', async () => {
        const other = await NodeServer.start(redis, { publishOnSpecificResponseChannel: true });
        const zoe = await other.person('zoe', ['zoo']);
        const { sockets, missing } = await within(soon_ms, 'the list', wants(alice, { op: 'fetch', to: ['zoo'] }));
        assert.deepEqual([sockets.map(({ id }) => id), missing], [[zoe.id], 0]);
        await other.stop();
      });
    });

  });
}

describe('what the world may do is for the operator to say', () => {
  let redis, node, emits, alice;
  before(async () => {
    redis = await Redis.start();
    node = await Node.start(redis, { adapter: 'shop', rooms: 'order:*', operations: 'emit' });
    alice = await node.person('alice', ['order:1', 'private']);
    emits = await emitter(redis, 'shop');
    await eventually('it listens', async () => (await redis.channels())['shop-request#/#'] === 1);
  });
  after(async () => {
    emits.end();
    await node.stop();
    await redis.kill();
  });

  test('rooms and operations that are not allowed are refused, counted, and answered with nothing', async () => {
    emits.io.emit('to all');
    emits.io.to('private').emit('private');
    emits.io.to(['order:1', 'private']).emit('both');
    emits.io.in('order:1').socketsJoin('private too');
    emits.io.in('order:1').disconnectSockets(true);
    emits.io.serverSideEmit('greet', 1);
    emits.io.to('order:1').emit('allowed');
    await hears(alice, 'allowed');
    assert.deepEqual(names(alice), ['allowed']);
    assert.equal(alice.connected, true);
    await eventually('six were refused', async () => (await node.stats()).redis_adapter.refused === 6);
    const server = await NodeServer.start(redis, { key: 'shop' });
    assert.deepEqual(await within(soon_ms, 'the list', server.io.fetchSockets()), []);
    assert.deepEqual(await within(soon_ms, 'the acks', server.io.in('order:1').timeout(soon_ms).emitWithAck('q')), []);
    const eve = await server.person('eve');
    let said = 0;
    server.io.on('greet', () => ++said);
    await wants(alice, { op: 'signal', event: 'greet', args: ['ours'] });
    assert.deepEqual(await wants(alice, { op: 'signal-ask', event: 'greet', timeout: 60_000 }), { answers: [], missing: 0 });
    await wants(alice, { op: 'emit', event: 'afterwards' });
    await hears(eve, 'afterwards');
    assert.equal(said, 0, 'who may say nothing to our servers hears nothing from them');
    await server.stop();
  });

  test('garbage is counted and dropped', async () => {
    const before = await node.stats();
    const client = await redis.client();
    const long = Buffer.concat([Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(1_000, 0x93)]);
    const pieces = ['', 'x', '{', '{}', '[]', '[1,2,3]', '{"type":99}', '{"type":2}', '{"type":6,"data":[1]}', '{"type":5,"opts":7}',
      '{"type":2,"opts":{"rooms":[{}]}}', '['.repeat(100_000), long];
    const channels = ['shop#/#', 'shop#/#order:1#', 'shop-request#/#', 'sioxx:all', 'sioxx:/:room:order:1'];
    for (const channel of [...channels, 'shop-response#/#']) {
      for (const piece of pieces) await client.publish(channel, piece);
    }
    await client.disconnect();
    emits.io.to('order:1').emit('after all that');
    await hears(alice, 'after all that');
    const now = await node.stats();
    assert.equal(now.redis_adapter.garbage, before.redis_adapter.garbage + 3 * pieces.length);
    assert.equal(now.bus.garbage, before.bus.garbage + 2 * pieces.length);
    assert.equal(await ask(alice, 'join', 'r'), true);
  });

  test('without a prefix there is nothing of it on the Redis', async () => {
    const alone = await Node.start(redis);
    await alone.knows(1);
    assert.deepEqual(Object.keys(await redis.channels()).filter((name) => name.startsWith('socket.io')), []);
    await alone.stop();
  });
});
