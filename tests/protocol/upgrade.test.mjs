// Engine.IO 4, "Upgrade": from polling to a WebSocket without losing or reordering anything, and what goes wrong on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { range } from '../system/lib/deadline.mjs';
import { RawHttp, request } from '../system/lib/raw-http.mjs';
import { Poller, connectedPoller } from './lib/peers.mjs';
import { suite } from './lib/scene.mjs';

suite('the upgrade', ['patient', 'beating'], (scene) => {
  const open = () => Poller.open(scene.patient, { path: '/engine.io/' });
  async function probed(poller) {
    const ws = await poller.probe();
    ws.says('2probe');
    assert.equal(await ws.next(), '3probe');
    return ws;
  }
  async function waiting(poller) {
    const raw = await RawHttp.open(poller.port);
    raw.write(`GET ${poller.target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (const _ of range(3)) await request(poller.port, 'PUT', poller.target);
    return raw;
  }
  const pollsOn = async (poller) => {
    await poller.says('4on');
    for (;;) {
      const [packet] = await poller.next();
      if (packet !== '6') return assert.equal(packet, '4on');
    }
  };

  test('2probe is answered by 3probe, and the GET that waits by 6', async () => {
    const poller = await open();
    const get = await waiting(poller);
    const ws = await probed(poller);
    assert.equal((await get.answers())[0].body, '6');
    ws.close();
    get.close();
  });

  test('a GET that comes after the probe gets 6, too, as often as it comes', async () => {
    const poller = await open();
    const ws = await probed(poller);
    for (const _ of range(3)) assert.equal((await poller.get()).body, '6');
    ws.close();
  });

  test('until 5 comes messages go by polling', async () => {
    const poller = await open();
    const ws = await probed(poller);
    await poller.says('4a');
    assert.equal((await poller.get()).body, '4a');
    assert.deepEqual(ws.messages, []);
    ws.close();
  });

  test('5 directly followed by a message: it goes back on the WebSocket', async () => {
    const poller = await open();
    const ws = await probed(poller);
    ws.says('5').says('4hello');
    assert.equal(await ws.next(), '4hello');
    ws.close();
  });

  test('2probe, 5 and a message in one go', async () => {
    const poller = await open();
    const ws = await poller.probe();
    ws.says('2probe').says('5').says('4hello');
    assert.deepEqual([await ws.next(), await ws.next()], ['3probe', '4hello']);
    ws.close();
  });

  test('5 on the WebSocket, then a GET: they are handled in the order in which they came', async () => {
    for (const _ of range(20)) {
      const poller = await open();
      const ws = await probed(poller);
      ws.says('5');
      const answer = await poller.get();
      assert.ok([200, 400].includes(answer.status));
      if (answer.status === 200) assert.equal(answer.body, '6'); // it was there before the 5 was read
      assert.equal((await poller.get()).status, 400);
      ws.close();
    }
  });

  test('what was queued goes first, in order, then what comes', async () => {
    const poller = await open();
    await poller.says('4a', 'bAQI=', '4b');
    const ws = await probed(poller);
    ws.says('5').says('4c');
    assert.deepEqual([await ws.next(), await ws.next(), await ws.next(), await ws.next()], ['4a', Buffer.from([1, 2]), '4b', '4c']);
    ws.close();
  });

  test('afterwards a GET and a POST with the sid are 400, and the WebSocket goes on', async () => {
    const poller = await open();
    const ws = await probed(poller);
    ws.says('5').says('4a');
    assert.equal(await ws.next(), '4a');
    for (const answer of [await poller.get(), await poller.post('4x')])
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, { code: 3, message: 'Bad request' }]);
    ws.says('4b');
    assert.equal(await ws.next(), '4b');
    ws.close();
  });

  test('a second WebSocket with the sid is closed, and the first goes on', async () => {
    const poller = await open();
    const ws = await probed(poller);
    await (await poller.probe()).isClosed(); // while it is a probe …
    ws.says('5').says('4a');
    assert.equal(await ws.next(), '4a');
    await (await poller.probe()).isClosed(); // … and when it is more
    ws.says('4b');
    assert.equal(await ws.next(), '4b');
    ws.close();
  });

  test('after the upgrade the heartbeat is on the WebSocket', async () => {
    const poller = await Poller.open(scene.beating);
    const ws = await poller.probe({ pongs: false });
    ws.says('2probe').says('5');
    assert.deepEqual([await ws.next(), await ws.next()], ['3probe', '2']);
    await ws.isClosed();
  });

  // ---- probes that fail: the session goes on polling

  const bad = {
    'another packet first': ['4x'], '5 before the probe': ['5'], 'a message after the probe': ['2probe', '4x'],
    'a second probe': ['2probe', '2probe'], 'a ping without the word': ['2'], 'binary': [Buffer.from('2probe')], 'noise': ['abc'],
  };
  for (const [what, packets] of Object.entries(bad)) {
    test(`the probe is closed and polling goes on: ${what}`, async () => {
      const poller = await open();
      const ws = await poller.probe();
      for (const packet of packets) ws.says(packet);
      await ws.isClosed();
      await pollsOn(poller);
    });
  }

  test('the probe is closed and polling goes on: nothing comes within the upgrade timeout', async () => {
    const poller = await open();
    const ws = await poller.probe();
    await ws.isClosed();
    await pollsOn(poller);
    const second = await probed(poller); // another one may be tried
    await second.isClosed();
    await pollsOn(poller);
  });

  test('polling goes on: the client drops the probe', async () => {
    const poller = await open();
    const ws = await probed(poller);
    ws.close();
    await pollsOn(poller);
    const second = await probed(poller);
    second.says('5').says('4a');
    assert.equal(await second.next(), '4a');
    second.close();
  });

  // ---- under load

  test('under load nothing is lost, doubled or reordered', async () => {
    const before = range(300), after = range(600).slice(300);
    const poller = await connectedPoller(scene.patient);
    await poller.says('420["join","hall"]');
    assert.deepEqual(await poller.next(), ['430[true]']);
    const crier = await connectedPoller(scene.patient);
    const heard = [];
    const take = (packet) => packet.startsWith('42["told"') && heard.push(JSON.parse(packet.slice(2))[1]);
    const crying = (async () => {
      for (const i of before) await crier.says(`42["tell","hall",${i}]`);
    })();
    let polling = true;
    const gets = (async () => {
      while (polling) {
        const answer = await poller.get();
        if (answer.status !== 200) return;
        for (const packet of poller.unpack(answer)) take(packet);
      }
    })();
    while (heard.length < 50) await scene.talkOn();
    const ws = await poller.probe();
    ws.says('2probe');
    await ws.hears((m) => m === '3probe');
    polling = false; // as the official client: the GET that waits is the last, then 5
    await gets;
    ws.says('5');
    const rest = (async () => {
      for (let packet = ''; packet !== '42["told",599]'; take(packet)) packet = await ws.next();
    })();
    await crying;
    for (const i of after) await crier.says(`42["tell","hall",${i}]`);
    await rest;
    assert.deepEqual(heard, range(600));
    ws.close();
  });
});
