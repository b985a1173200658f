// Every generation of the official client, by every way to a server, in every dialect: text, binary, acknowledgements in
// both directions, rooms, namespaces, and coming back after the server was killed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { usual_ms, within } from '../system/lib/deadline.mjs';
import { Program } from '../system/lib/program.mjs';

const require = createRequire(import.meta.url);
const msgpack = require('socket.io-msgpack-parser');

const versions = ['4.8', '4.5', '4.0', '3.1', '2.5'];
const ways = { websocket: ['websocket'], polling: ['polling'], upgrade: ['polling', 'websocket'] };

/** [{name, open(url, options)}]: Socket.IO 2 has no MessagePack that tells itself before the server speaks. */
const clients = versions.flatMap((version) => {
  const library = require(`client-${version}`);
  const dialects = version === '2.5' ? { json: {} } : { json: {}, msgpack: { parser: msgpack } };
  return Object.entries(ways).flatMap(([way, transports]) =>
    Object.entries(dialects).map(([dialect, options]) => ({
      name: `${version} ${way} ${dialect}`,
      version,
      way,
      open: (url, more) => {
        const usual = { forceNew: true, transports, reconnectionDelay: 30, reconnectionDelayMax: 100, timeout: usual_ms };
        const socket = (library.io ?? library)(url, { ...usual, ...options, ...more });
        opened.push(socket);
        return socket;
      },
    })));
});

const opened = [];
const hears = (socket, event) => within(usual_ms, `${event} is heard`, new Promise((done) => socket.once(event, (...args) => done(args))));
const asks = (socket, ...args) =>
  within(usual_ms, `the ack of ${args[0]}`, new Promise((done) => socket.emit(...args, (...answer) => done(answer))));

/** Its transport is the last one that it will have. */
async function settles(socket, way) {
  const { engine } = socket.io;
  if (way === 'upgrade' && engine.transport.name !== 'websocket')
    await within(usual_ms, 'the upgrade', new Promise((done) => engine.once('upgrade', done)));
  assert.equal(engine.transport.name, way === 'polling' ? 'polling' : 'websocket');
}

/** Sent is what comes back, down to the bytes. */
async function echoes(socket, args) {
  const heard = hears(socket, 'echo');
  socket.emit('echo', ...args);
  assert.deepEqual(await heard, args);
}

const texts = ['plain', 'Добрий день, ґанок і їжак', '👋🏽 👨‍👩‍👧', '"\\\n\u0001\u2028', ''];
const values = [0, -1, 127, 128, 65_536, 2 ** 40, -(2 ** 40), 1.5, -0.25, true, null, [], {}, { а: [{ б: [1] }] }];
const bytes = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.from(Array.from({ length: 70_000 }, (_, i) => i & 255))];

for (const threads of [1, 4]) {
  describe(`with ${threads} threads`, () => {
    let server;
    before(async () => (server = await Program.start('tests/matrix/matrix_server', (port) => [port, threads])));
    after(() => {
      for (const socket of opened.splice(0)) socket.close();
      return server.stop();
    });

    for (const client of clients) {
      describe(client.name, () => {
        let socket;
        before(async () => {
          socket = client.open(server.url);
          await hears(socket, 'connect');
        });
        after(() => socket.close());

        test('text and values, there and back', async () => {
          for (const text of texts) await echoes(socket, [text]);
          await echoes(socket, [...texts, ...values]);
          await echoes(socket, []);
          await echoes(socket, ['ї'.repeat(100_000)]);
        });

        test('binary, there and back', async () => {
          for (const piece of bytes) await echoes(socket, [piece]);
          await echoes(socket, ['between', bytes[0], { deep: [{ down: bytes[2] }] }, 1]);
        });

        test('many at once keep their order', async () => {
          const heard = [];
          const all = within(usual_ms, 'all are back', new Promise((done) => {
            socket.on('echo', (n) => heard.push(n) === 200 && done());
          }));
          const sent = Array.from({ length: 200 }, (_, i) => i);
          for (const i of sent) socket.emit('echo', i, i % 20 === 0 ? Buffer.from([i]) : 'text');
          await all;
          socket.off('echo');
          assert.deepEqual(heard, sent);
        });

        test('acknowledgements, both ways, with text and binary', async () => {
          assert.deepEqual(await asks(socket, 'ask', 'ї', bytes[0], { a: 1 }), ['ї', bytes[0], { a: 1 }]);
          assert.deepEqual(await asks(socket, 'ask'), []);
          for (const answer of [['так', { n: 1 }], [bytes[0], 'і']]) {
            const answered = hears(socket, 'answer');
            socket.once('question', (...args) => args.pop()(...answer, ...args));
            socket.emit('ask-me', 'як?', bytes[0]);
            assert.deepEqual(await answered, [...answer, 'як?', bytes[0]]);
          }
        });

        test('is upgraded if it may be', async () => {
          await settles(socket, client.way);
          await echoes(socket, ['after']);
        });

        test('namespaces: let in with the right word, else refused with a reason', async () => {
          const old = client.version === '2.5';
          const say = (token) => client.open(`${server.url}/guarded`, old ? { query: { token } } : { auth: { token } });
          const one = say('t');
          assert.deepEqual(await hears(one, 'hello'), ['t']);
          one.close();
          const other = say('wrong');
          const [refusal] = await hears(other, old ? 'error' : 'connect_error');
          assert.deepEqual(old ? refusal : { message: refusal.message, data: refusal.data },
            old ? { code: 'WHO' } : { message: 'no token', data: { code: 'WHO' } });
          other.close();
        });

        test('is told when the server disconnects it', async () => {
          const one = client.open(server.url);
          await hears(one, 'connect');
          const gone = hears(one, 'disconnect');
          one.emit('go');
          assert.deepEqual((await gone).slice(0, 1), ['io server disconnect']);
          one.close();
        });
      });
    }

    test('all of them in one room hear each other', async () => {
      const sockets = clients.map((client) => client.open(server.url));
      await Promise.all(sockets.map((socket) => hears(socket, 'connect')));
      for (const answer of await Promise.all(sockets.map((socket) => asks(socket, 'join', 'room')))) assert.deepEqual(answer, [true]);
      for (const [i, speaker] of sockets.entries()) {
        const heard = Promise.all(sockets.map((socket) => hears(socket, 'told')));
        speaker.emit('tell', 'room', clients[i].name, { ї: 1 }, bytes[0]);
        for (const args of await heard) assert.deepEqual(args, [clients[i].name, { ї: 1 }, bytes[0]]);
      }
      for (const socket of sockets) socket.close();
    });

    test('all of them are back after the server was killed and started again', async () => {
      const sockets = clients.map((client) => client.open(server.url));
      await Promise.all(sockets.map((socket) => hears(socket, 'connect')));
      await Promise.all(sockets.map((socket, i) => settles(socket, clients[i].way)));
      const gone = Promise.all(sockets.map((socket) => hears(socket, 'disconnect')));
      await server.kill9();
      await gone;
      const back = Promise.all(sockets.map((socket) => hears(socket, 'connect')));
      const kept = Promise.all(sockets.map((socket) => hears(socket, 'echo')));
      for (const socket of sockets) socket.emit('echo', 'said meanwhile');
      await server.spawn();
      await back;
      for (const args of await kept) assert.deepEqual(args, ['said meanwhile']);
      for (const socket of sockets) socket.close();
    });
  });
}
