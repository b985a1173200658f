// Connection state recovery (socketio-wire 3.7), over real connections: offsets, what is missed, whose a session is, and how
// often it can be had.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { range } from '../system/lib/deadline.mjs';
import { Poller, connected, joined, socket } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

const nsp = '/lasting';

suite('recovery', ['patient'], (scene) => {
  const ada = { user: 'ada' };
  let room = 0;
  async function join(ws, name) {
    ws.says(`42${nsp},0["join","${name}"]`);
    assert.equal(await ws.next(), `43${nsp},0[true]`);
    return ws;
  }
  /** Somebody in a room of his own, and somebody who talks to it. */
  async function two() {
    const name = `r${++room}`;
    const a = await join(await joined(await socket(scene.patient), nsp, ada), name);
    const b = await joined(await socket(scene.patient), nsp, { user: 'bob' });
    /** The room has been told when this is done. */
    const cries = async (...words) => {
      for (const word of words) b.says(`42${nsp},["tell","${name}",${JSON.stringify(word)}]`);
      await join(b, 'somewhere');
    };
    return { a, b, name, cries };
  }
  const told = (packet) => JSON.parse(packet.slice(2 + nsp.length + 1));
  async function hears(ws, ...words) {
    let offset;
    for (const word of words) {
      const [event, heard, mark] = told(await ws.next());
      assert.deepEqual([event, heard], ['told', word]);
      offset = mark;
    }
    return offset;
  }
  async function vanishes(ws) {
    ws.close();
    await ws.gone;
  }
  /** Everything that is said until the CONNECT packet is there, which is last. */
  async function returns(auth) {
    const ws = await socket(scene.patient);
    ws.says(`40${nsp},${JSON.stringify(auth)}`);
    const missed = [];
    for (;;) {
      const packet = await ws.next();
      if (packet.startsWith('40')) {
        ws.connect = JSON.parse(packet.slice(2 + nsp.length + 1));
        return { ws, missed, ...ws.connect };
      }
      missed.push(told(packet));
    }
  }
  const words = (missed) => missed.map((one) => one[1]);

  test('CONNECT is answered by sid and pid, both of twenty letters and different', async () => {
    const { a } = await two();
    assert.deepEqual(Object.keys(a.connect), ['sid', 'pid']);
    for (const id of Object.values(a.connect)) assert.match(id, /^[A-Za-z0-9_-]{20}$/);
    assert.notEqual(a.connect.sid, a.connect.pid);
  });

  test('where nobody can recover there is no pid and no offset', async () => {
    const ws = await connected(scene.patient);
    assert.deepEqual(Object.keys(ws.connect), ['sid']);
    ws.says('42["message",1]');
    assert.equal(await ws.next(), '42["message-back",1]');
    ws.close();
  });

  test('events, direct and broadcast, end with an offset: a text, each time another', async () => {
    const { a, cries } = await two();
    await cries('one', 'two');
    const marks = [told(await a.next())[2], told(await a.next())[2]];
    a.says(`42${nsp},["me","three"]`);
    const direct = told(await a.next());
    assert.deepEqual(direct.slice(0, 2), ['told', 'three']);
    marks.push(direct[2]);
    for (const mark of marks) assert.equal(typeof mark, 'string');
    assert.equal(new Set(marks).size, 3);
  });

  test('what is volatile or asks for an ack has none', async () => {
    const { a, b, name } = await two();
    b.says(`42${nsp},["whisper","${name}"]`);
    assert.deepEqual(told(await a.next()), ['whispered']);
    a.says(`42${nsp},["ask-me",1]`);
    assert.match(await a.next(), /^42\/lasting,\d+\["question",1\]$/);
  });

  test('who comes back gets what he missed, then CONNECT with the same sid and pid, and is in his rooms', async () => {
    const { a, cries } = await two();
    await cries('one');
    const offset = await hears(a, 'one');
    await vanishes(a);
    await cries('two', 'three');
    const back = await returns({ ...ada, pid: a.connect.pid, offset });
    assert.deepEqual(words(back.missed), ['two', 'three']);
    assert.deepEqual([back.sid, back.pid], [a.connect.sid, a.connect.pid]);
    await cries('four');
    await hears(back.ws, 'four');
  });

  test('by polling, too', async () => {
    const { a, cries } = await two();
    await cries('one', 'two');
    const offset = await hears(a, 'one');
    await vanishes(a);
    const poller = await Poller.open(scene.patient);
    await poller.says(`40${nsp},${JSON.stringify({ ...ada, pid: a.connect.pid, offset })}`);
    const [missed, connect] = await poller.next(2);
    assert.deepEqual(told(missed).slice(0, 2), ['told', 'two']);
    assert.equal(JSON.parse(connect.slice(2 + nsp.length + 1)).sid, a.connect.sid);
  });

  test('it works before the first event: without an offset everything since the beginning is missed', async () => {
    const { a, cries } = await two();
    await vanishes(a);
    await cries('one', 'two');
    const back = await returns({ ...ada, pid: a.connect.pid });
    assert.deepEqual([back.sid, words(back.missed)], [a.connect.sid, ['one', 'two']]);
  });

  test('a half-open predecessor is taken over: it is closed, and nothing is missed', async () => {
    const { a, cries } = await two();
    await cries('one', 'two');
    const offset = await hears(a, 'one');
    const back = await returns({ ...ada, pid: a.connect.pid, offset });
    assert.deepEqual([back.sid, words(back.missed)], [a.connect.sid, ['two']]);
    await a.isClosed();
    await cries('three');
    await hears(back.ws, 'three');
  });

  test('again and again, with the newest offset', async () => {
    const { a, cries } = await two();
    let [ws, offset] = [a, undefined];
    for (const i of range(8)) {
      await cries(`${i}a`);
      offset = await hears(ws, `${i}a`);
      await vanishes(ws);
      await cries(`${i}b`);
        const back = await returns({ ...ada, pid: a.connect.pid, offset });
      assert.deepEqual([back.sid, words(back.missed)], [a.connect.sid, [`${i}b`]], `time ${i}`);
      ws = back.ws;
      offset = back.missed.at(-1)[2];
    }
  });

  test('while somebody talks without a pause nothing is lost, doubled or reordered', async () => {
    const { a, cries } = await two();
    const talking = (async () => {
      for (const i of range(40)) await cries(...range(10).map((j) => 10 * i + j));
    })();
    const heard = [];
    let [ws, offset] = [a, undefined];
    const takes = ([, word, mark]) => {
      heard.push(word);
      offset = mark;
    };
    for (const time of range(8)) {
      for (const _ of range(30)) takes(told(await ws.next()));
      if (time % 2) ws.close(); // else it stays half-open
      const back = await returns({ ...ada, pid: a.connect.pid, offset });
      assert.equal(back.sid, a.connect.sid, `time ${time}`);
      back.missed.forEach(takes);
      ws = back.ws;
      if (heard.length > 360) break;
    }
    while (heard.length < 400) takes(told(await ws.next()));
    await talking;
    assert.deepEqual(heard, range(400));
  });

  // ---- not recovered: a new session, nothing said

  const anew = (back, before) => {
    assert.notEqual(back.sid, before.sid);
    assert.notEqual(back.pid, before.pid);
    assert.deepEqual(back.missed, []);
  };

  test('anew: another user with somebody\'s pid, who then still has his session', async () => {
    const { a, cries } = await two();
    await cries('one');
    const offset = await hears(a, 'one');
    await vanishes(a);
    await cries('secret');
    anew(await returns({ user: 'mallory', pid: a.connect.pid, offset }), a.connect);
    const back = await returns({ ...ada, pid: a.connect.pid, offset });
    assert.deepEqual([back.sid, words(back.missed)], [a.connect.sid, ['secret']]);
  });

  test('refused: the middleware runs again, whatever the pid', async () => {
    const { a } = await two();
    await vanishes(a);
    const ws = await socket(scene.patient);
    ws.says(`40${nsp},${JSON.stringify({ pid: a.connect.pid })}`);
    assert.equal(await ws.next(), `44${nsp},{"message":"who?"}`);
    ws.close();
  });

  const unknown = {
    'a pid that nobody had': (a, offset) => ({ pid: 'A'.repeat(20), offset }),
    'a pid of another shape': (a, offset) => ({ pid: 'x', offset }),
    'a pid that is no text': (a, offset) => ({ pid: 7, offset }),
    'an offset that was never sent': (a) => ({ pid: a.connect.pid, offset: 'zzzzzzz' }),
    'an offset that is none': (a) => ({ pid: a.connect.pid, offset: '!?' }),
    'a text of the application as offset': (a) => ({ pid: a.connect.pid, offset: 'hello world' }),
  };
  for (const [what, claim] of Object.entries(unknown)) {
    test(`anew: ${what}`, async () => {
      const { a, cries } = await two();
      await cries('one');
      const offset = await hears(a, 'one');
      await vanishes(a);
      anew(await returns({ ...ada, ...claim(a, offset) }), a.connect);
    });
  }

  test('anew: more was missed than is kept', async () => {
    const { a, cries } = await two();
    await cries('one');
    const offset = await hears(a, 'one');
    await vanishes(a);
    await cries(...range(600).map(String)); // five hundred are kept
    anew(await returns({ ...ada, pid: a.connect.pid, offset }), a.connect);
  });

  test('anew: after the client has said goodbye', async () => {
    const { a } = await two();
    a.says(`41${nsp},`);
    anew(await returns({ ...ada, pid: a.connect.pid }), a.connect);
  });

  test('anew: after the server has', async () => {
    const { a } = await two();
    a.says(`42${nsp},["go"]`);
    assert.equal(await a.next(), `41${nsp},`);
    anew(await returns({ ...ada, pid: a.connect.pid }), a.connect);
  });

  test('a session is had once: of two who come at the same time one begins anew', async () => {
    const { a } = await two();
    await vanishes(a);
    const both = await Promise.all([returns({ ...ada, pid: a.connect.pid }), returns({ ...ada, pid: a.connect.pid })]);
    const sids = both.map((one) => one.sid);
    // Or both in turn: then the first was taken over by the second, and is closed.
    if (sids[0] === sids[1]) await Promise.any(both.map((one) => one.ws.isClosed()));
    else assert.equal(sids.filter((sid) => sid === a.connect.sid).length, 1, sids.join());
  });
});
