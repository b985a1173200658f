// The library's API in use: the larger examples, with the official client, on one shard and on four.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { usual_ms, within } from '../lib/deadline.mjs';
import { asks, client, hears, start } from './programs.mjs';

const overWebSocket = { transports: ['websocket'] };

/** Sockets of one test, all closed at its end. */
async function withClients(use) {
  const open = [];
  try {
    await use((url, options) => {
      const socket = client(url, { ...overWebSocket, ...options });
      open.push(socket);
      return socket;
    });
  } finally {
    for (const socket of open) socket.disconnect();
  }
}
const connected = (socket) => (socket.connected ? undefined : hears(socket, 'connect'));

describe('examples/chat', () => {
  let chat;
  before(async () => (chat = await start('chat', 'PORT')));
  after(() => chat.stop());

  test('people meet in a room and see who is there', () => withClients(async (person) => {
    const [olena, petro] = ['Олена', 'Петро'].map((name) => person(chat.url, { auth: { name } }));
    assert.deepEqual(await asks(olena, 'join', 'kitchen'), [{ ok: true }]);
    const joined = hears(olena, 'joined');
    assert.deepEqual(await asks(petro, 'join', 'kitchen'), [{ ok: true }]);
    assert.deepEqual(await joined, ['kitchen', 'Петро']);
    assert.deepEqual((await asks(olena, 'who', 'kitchen'))[0].sort(), ['Олена', 'Петро']);
    assert.deepEqual(await asks(olena, 'who', 'cellar'), [[]]);
    const said = hears(petro, 'said');
    olena.emit('say', 'kitchen', 'борщ?');
    assert.deepEqual(await said, ['kitchen', 'Олена', 'борщ?']);
    const left = hears(olena, 'left');
    petro.disconnect();
    assert.deepEqual(await left, ['kitchen', 'Петро', 'client namespace disconnect']);
  }));
});

for (const threads of ['1', '4']) {
  describe(`examples/namespaces_auth with ${threads} threads`, () => {
    let server;
    before(async () => (server = await start('namespaces_auth', '--port', 'PORT', '--threads', threads)));
    after(() => server.stop());
    const enters = (person, nsp, who) => person(server.url + nsp, { auth: { token: `token-of-${who}` } });
    /** What the server says, not that it does not listen yet. */
    const isRefused = async (socket) => {
      for (;;) {
        const [error] = await hears(socket, 'connect_error');
        if (error.type !== 'TransportError') return error;
      }
    };

    test('doors: who may come in, and who may speak', () => withClients(async (person) => {
      const stranger = await isRefused(enters(person, '/order-1', 'nobody'));
      assert.equal(stranger.message, 'who are you?');
      assert.deepEqual(stranger.data, { code: 'UNAUTHORIZED' });
      assert.equal((await isRefused(enters(person, '/staff', 'olena'))).message, 'not for you');
      assert.equal((await isRefused(enters(person, '/elsewhere', 'olena'))).message, 'Invalid namespace');
      const [olena, reader] = [enters(person, '/order-1', 'olena'), enters(person, '/order-1', 'reader')];
      await connected(reader);
      const said = hears(reader, 'said');
      assert.deepEqual(await asks(olena, 'say', 'hello'), ['ok']);
      assert.deepEqual((await said).slice(0, 2), ['olena', 'hello']);
      assert.deepEqual(await asks(reader, 'say', 'me too'), [{ error: { message: 'readers listen' } }]);
    }));

    test('a pattern is spoken to, listed, moved and emptied from elsewhere', () => withClients(async (person) => {
      const orders = [1, 2, 3, 4].map((n) => enters(person, `/order-${n}`, n % 2 ? 'olena' : 'petro'));
      const marta = enters(person, '/staff', 'marta');
      await Promise.all([...orders, marta].map(connected));
      const heard = Promise.all(orders.map((order) => hears(order, 'announcement')));
      assert.deepEqual(await asks(marta, 'announce', 'closing soon'), ['ok']);
      assert.deepEqual((await heard).map(([text]) => text), Array(4).fill('closing soon'));
      const [all] = await asks(marta, 'who');
      assert.deepEqual(all.map(({ name, nsp }) => `${nsp} ${name}`).sort(),
        ['/order-1 olena', '/order-2 petro', '/order-3 olena', '/order-4 petro']);
      const moved = Promise.all([orders[0], orders[2]].map((order) => hears(order, 'moved')));
      await asks(marta, 'move', 'olena', 'vip');
      assert.deepEqual((await moved).map(([room]) => room), ['vip', 'vip']);
      const gone = Promise.all([orders[1], orders[3]].map((order) => hears(order, 'disconnect')));
      await asks(marta, 'kick', 'petro');
      assert.deepEqual((await gone).map(([reason]) => reason), Array(2).fill('io server disconnect'));
      const [left] = await asks(marta, 'who');
      assert.deepEqual(left.map(({ name }) => name), ['olena', 'olena']);
    }));

    for (const transports of [['websocket'], ['polling']]) {
      test(`a session is recovered after a cut: ${transports}`, () => withClients(async (person) => {
        const token = { auth: { token: 'token-of-olena' } };
        const olena = person(`${server.url}/order-7`, { ...token, transports, reconnectionDelay: 300, reconnectionDelayMax: 400 });
        const petro = enters(person, '/order-7', 'petro');
        await Promise.all([olena, petro].map(connected));
        assert.equal(olena.recovered, false);
        const said = hears(olena, 'said');
        await asks(petro, 'say', 'one');
        assert.deepEqual((await said).slice(0, 2), ['petro', 'one']);
        const id = olena.id;
        for (const texts of [['two', 'three'], ['four']]) {
          const missed = [];
          olena.on('said', (_, text) => missed.push(text));
          const back = hears(olena, 'connect');
          olena.io.engine.close();
          for (const text of texts) await asks(petro, 'say', text);
          await back;
          assert.equal(olena.recovered, true);
          assert.equal(olena.id, id);
          assert.deepEqual(missed, texts);
          olena.off('said');
        }
        const after = hears(olena, 'said');
        await asks(petro, 'say', 'five');
        assert.deepEqual((await after).slice(0, 2), ['petro', 'five']);
      }));
    }
  });

  describe(`examples/acks_binary with ${threads} threads`, () => {
    let server;
    before(async () => (server = await start('acks_binary', '--port', 'PORT', '--threads', threads)));
    after(() => server.stop());

    test('answers with bytes, from another thread, and after asking back', () => withClients(async (person) => {
      const socket = person(server.url);
      assert.deepEqual(await asks(socket, 'upload', Buffer.from([1, 2, 255])), [{ size: 3 }, Buffer.from([255, 2, 1])]);
      assert.deepEqual(await asks(socket, 'upload', 'text'), ['no bytes']);
      const [hash] = await asks(socket, 'hash', 'слово');
      assert.match(hash, /^\d+$/);
      assert.deepEqual(await asks(socket, 'hash', 'слово'), [hash]);
      socket.once('sure?', (what, answer) => answer(`yes, ${what}`));
      assert.deepEqual(await asks(socket, 'order', 'tea'), ['yes, tea']);
      socket.once('sure?', (what, answer) => answer());
      assert.deepEqual(await asks(socket, 'order', 'tea'), ['cancelled']);
    }));

    test('everybody is asked, and who does not answer is counted', () => withClients(async (person) => {
      const people = [1, 2, 3, 4, 5].map(() => person(server.url));
      await Promise.all(people.map(connected));
      people.forEach((one, i) => one.on('vote', (_, answer) => {
        if (i < 3) return answer(i < 2);
        if (i === 3) one.disconnect();
      }));
      const started = Date.now();
      assert.deepEqual(await asks(people[0], 'vote', 'soup?'), [{ yes: 2, no: 1, missing: 2 }]);
      assert.ok(Date.now() - started >= 900, 'the one who kept silent was waited for');
      people[4].disconnect();
      await asks(people[0], 'hash', '');
      const [three] = await within(usual_ms, 'the vote', asks(people[0], 'vote', 'soup?'));
      assert.deepEqual(three, { yes: 2, no: 1, missing: 0 });
    }));
  });
}
