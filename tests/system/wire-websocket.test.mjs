// WebSocket byte by byte: what is answered to packets and frames that no decent client sends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withBystanders } from './lib/bystanders.mjs';
import { noise } from './lib/deadline.mjs';
import { binary, close, frame, ping, RawWs, text } from './lib/raw-ws.mjs';

describe('the wire: WebSocket', () => {
  const scene = withBystanders();
  const open = () => RawWs.open(scene.port, { token: scene.token });

  // ---- packets ----

  const event = (payload) => `42["order_message",${payload}]`;
  const closes = {
    'broken JSON': ['42["order_message",{'],
    'an event that is no array': ['42{}'],
    'an event without a name': ['42[]'],
    'an event named by an object': ['42[{}]'],
    'text after the array': ['42["order_message",{}]x'],
    'a digit storm instead of an ack id': [`42${'9'.repeat(50_000)}["order_message",{}]`],
    'an ack id beyond 2^53': ['4299999999999999999999["order_message",{}]'],
    'letters between id and data': ['42abc["order_message",{}]'],
    'the reserved name connect': ['42["connect"]'],
    'the reserved name disconnecting': ['42["disconnecting"]'],
    'the reserved name newListener': ['42["newListener"]'],
    'a second CONNECT': ['40{}'],
    'an event to a namespace not joined': ['42/custom,["order_message",{}]'],
    'CONNECT_ERROR from a client': ['44{"message":"x"}'],
    'an unknown Socket.IO packet type': ['49["x"]'],
    'no Socket.IO packet type': ['4'],
    'an unknown engine packet type': ['9'],
    'a letter as engine packet type': ['x'],
    'an empty message': [''],
    'ping from a client': ['2'],
    'a binary event of no attachments': ['450-["order_message"]'],
    'a binary event of eleven attachments': ['4511-["order_message",{"_placeholder":true,"num":0}]'],
    'a binary event of 999999999999 attachments': ['45999999999999-["order_message",{"_placeholder":true,"num":0}]'],
    'a binary event without the dash': ['451["order_message",{"_placeholder":true,"num":0}]'],
    'a placeholder out of range': ['451-["order_message",{"_placeholder":true,"num":5}]', Buffer.from('x')],
    'a negative placeholder': ['451-["order_message",{"_placeholder":true,"num":-1}]', Buffer.from('x')],
    'text while an attachment is due': ['451-["order_message",{"_placeholder":true,"num":0}]', event('{}')],
    'binary when none is due': [Buffer.from([4, 5, 6])],
    'an empty binary message when none is due': [Buffer.alloc(0)],
    'an ack that is no array': ['430{}'],
    'a namespace without end': [`42/${'x'.repeat(100_000)}`],
  };
  for (const [what, messages] of Object.entries(closes)) {
    test(`closes: ${what}`, async () => {
      const ws = await open();
      for (const message of messages) ws.says(message);
      assert.equal(await ws.isClosed(), null, 'without a code');
    });
  }

  const staysOpen = {
    'an unexpected pong': ['3'],
    'an ack for an unknown id': ['43999[]', '43999["x",1]'],
    'an unknown event': ['42["no_such_event",1,2,3]'],
    'a lone surrogate in a string': [event(`{"orderId":"x","content":"\\ud800"}`)],
    'a doubled key': [event('{"orderId":1,"orderId":2}')],
    'numbers out of range': [event('{"orderId":1e999,"content":-1e999}')],
  };
  for (const [what, messages] of Object.entries(staysOpen)) {
    test(`stays open: ${what}`, async () => {
      const ws = await open();
      for (const message of messages) ws.says(message);
      ws.says('427["leave_order_chat",{}]');
      assert.match(await ws.hears((m) => m.startsWith('437')), /"INVALID_PAYLOAD"/);
      ws.close();
    });
  }

  test('JSON deeper than thirty-two is refused or closes', async () => {
    for (const depth of [40, 50_000]) {
      const ws = await open();
      ws.says(`427["order_message",${'['.repeat(depth)}${']'.repeat(depth)}]`);
      const outcome = await Promise.race([ws.isClosed(), ws.hears((m) => m.startsWith('437')).catch(() => {})]);
      assert.ok(outcome === null || outcome.includes('"INVALID_PAYLOAD"'), outcome);
      ws.close();
    }
  });

  test('a CONNECT with auth that is no object, or to a namespace that is not there, is refused or closed', async () => {
    for (const packet of ['40"x"', '40[]', '4042', '40{', '40/custom,{}', '40/,{}', `40/${'x'.repeat(5_000)},{}`]) {
      const ws = await RawWs.open(scene.port);
      await ws.hears((m) => m.startsWith('0{'));
      ws.says(packet);
      const outcome = await Promise.race([ws.isClosed(), ws.hears((m) => m.startsWith('44')).catch(() => {})]);
      assert.ok(outcome === null || /^44(\/[^,]*,)?\{"message":/.test(outcome), `${packet.slice(0, 20)}: ${outcome}`);
      ws.close();
    }
  });

  test('anything but CONNECT closes as long as there is none', async () => {
    for (const packet of ['42["order_message",{}]', '430[]', '41']) {
      const ws = await RawWs.open(scene.port);
      await ws.hears((m) => m.startsWith('0{'));
      ws.says(packet);
      assert.equal(await ws.isClosed(), null, packet);
    }
  });

  test('DISCONNECT leaves the namespace, not the connection: one may CONNECT again', async () => {
    const ws = await open();
    ws.says('41').says(`40${JSON.stringify({ token: scene.token })}`);
    await ws.hears((m) => m.startsWith('40{'));
    ws.says('421["leave_order_chat",{}]');
    await ws.hears((m) => m.startsWith('431'));
    ws.close();
  });

  test('who never sends CONNECT is closed after the connect timeout', async () => {
    const ws = await RawWs.open(scene.port);
    await ws.hears((m) => m.startsWith('0{'));
    await ws.isClosed(20_000); // ten seconds are the setting
  });

  // ---- frames ----

  const frames = {
    'a message over the limit': [[frame(text, 'x'.repeat(2_000_000))], 1009],
    'a message announced over the limit': [[frame(text, '', { length: 2_000_000 })], 1009],
    'a length of 2^62': [[frame(text, '', { length: 2n ** 62n })], 1009],
    'fragments that sum up over the limit': [[frame(text, '4'.repeat(600_000), { fin: false }), frame(0, '4'.repeat(600_000))], 1009],
    'a length with the highest bit': [[frame(text, '', { length: 2n ** 63n })], [1002, 1009]],
    'an unmasked frame': [[frame(text, '3', { masked: false })], 1002],
    'reserved bits': [[frame(text, '3', { rsv: 4 })], 1002],
    'a reserved opcode': [[frame(0x3, '3')], 1002],
    'a reserved control opcode': [[frame(0xb, '3')], 1002],
    'a fragmented ping': [[frame(ping, 'x', { fin: false })], 1002],
    'a ping of 126 bytes': [[frame(ping, 'x'.repeat(126))], 1002],
    'a continuation of nothing': [[frame(0, '3')], 1002],
    'a new message inside a fragmented one': [[frame(text, '42["', { fin: false }), frame(text, '3')], 1002],
    'text that is no UTF-8': [[frame(text, Buffer.from([0x34, 0x32, 0xff, 0xfe]))], 1007],
    'text that ends inside a letter': [[frame(text, Buffer.from([0x34, 0xd1]))], 1007],
    'an overlong encoding': [[frame(text, Buffer.from([0x34, 0xc0, 0x80]))], 1007],
    'a surrogate in UTF-8': [[frame(text, Buffer.from([0x34, 0xed, 0xa0, 0x80]))], 1007],
    'a close frame of one byte': [[frame(close, 'x')], 1002],
    'a close frame with the code 1005': [[frame(close, Buffer.from([3, 237]))], 1002],
    'a close frame with the code 0': [[frame(close, Buffer.from([0, 0]))], 1002],
    'a close reason that is no UTF-8': [[frame(close, Buffer.from([3, 232, 0xff]))], [1002, 1007]],
  };
  for (const [what, [bytes, codes]] of Object.entries(frames)) {
    test(`frames: ${what} closes with ${codes}`, async () => {
      const ws = await open();
      for (const part of bytes) ws.writes(part);
      const code = await ws.isClosed();
      assert.ok([codes].flat().includes(code), `closed with ${code}`);
    });
  }

  test('frames: a close is answered by its own code, a ping by its pong', async () => {
    const ws = await open();
    ws.writes(frame(ping, 'are you there'));
    ws.writes(frame(close, Buffer.from([3, 232])));
    assert.equal(await ws.isClosed(), 1000);
    assert.ok(ws.messages.some((m) => Buffer.isBuffer(m) && m.toString() === 'are you there'));
  });

  test('frames: a message byte by byte, and in fragments with a ping between, is one message', async () => {
    const ws = await open();
    ws.socket.setNoDelay(true);
    for (const byte of frame(text, '421["leave_order_chat",{}]')) ws.writes(Buffer.from([byte]));
    await ws.hears((m) => m.startsWith('431'));
    ws.writes(frame(text, '422["leave_', { fin: false })).writes(frame(ping, 'x')).writes(frame(0, 'order', { fin: false })).writes(frame(0, '_chat",{}]'));
    await ws.hears((m) => m.startsWith('432'));
    ws.close();
  });

  test('noise on a hundred connections is survived', async () => {
    const token = scene.bob.token();
    for (const [i, bytes] of noise(100).entries()) {
      const ws = await RawWs.open(scene.port, { token });
      ws.writes(frame(i % 2 ? text : binary, bytes)).socket.end(bytes);
      await ws.isClosed();
    }
  });
});
