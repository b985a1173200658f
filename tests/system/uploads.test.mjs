// Files over HTTP: sent whole, cut, slow and false; read whole, in parts, by link; and by nobody else.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually, range } from './lib/deadline.mjs';
import { RawHttp } from './lib/raw-http.mjs';
import { record } from './lib/record.mjs';
import { onPostgres } from './lib/postgres.mjs';
import { sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

const mib = 1 << 20;
const bytes_max = 2 * mib;

/** A PNG as far as its head tells. */
function png(size = 200_000, width = 640, height = 480) {
  const head = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const sides = Buffer.alloc(8);
  sides.writeUInt32BE(width, 0);
  sides.writeUInt32BE(height, 4);
  return Buffer.concat([head, sides, randomBytes(size - 24)]);
}

describe('uploads', () => {
  let world, scene;
  before(async () => {
    world = await World.open({ env: { UPLOAD_BYTES_MAX: String(bytes_max), UPLOADS_PER_MINUTE: '0' } });
    scene = await world.scene();
  });
  afterEach(() => world.closeDevices());
  after(() => world.close());

  const auth = (person) => ({ authorization: `Bearer ${person.token()}` });

  function uploads(person, body, { chat = `orderId=${scene.order.id}`, type = 'image/png', name = 'a.png', headers = {} } = {}) {
    return fetch(`${world.url}/v1/uploads?${chat}&fileName=${encodeURIComponent(name)}`, {
      method: 'POST', headers: { ...auth(person), 'content-type': type, ...headers }, body,
    });
  }
  async function stored(person, body, options) {
    const answer = await uploads(person, body, options);
    const upload = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(upload));
    record(() => ({ kind: 'rest', method: 'POST', path: '/v1/uploads', status: 201, type: answer.headers.get('content-type'), response: upload }));
    return upload;
  }
  const fetched = (person, upload, headers = {}) => fetch(world.url + upload.fileUrl, { headers: { ...auth(person), ...headers } });

  /** Files below the folder of uploads, those under way included. */
  async function files() {
    const all = await readdir(join(world.server.dataDir, 'uploads'), { recursive: true, withFileTypes: true });
    return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  }
  async function leavesNothing(work) {
    const before = await files();
    await work();
    await eventually('nothing is left', async () => (await files()).length === before.length);
  }
  async function isRefused(answer, status, code) {
    const body = await answer.json();
    assert.deepEqual([answer.status, body.error?.code], [status, code], JSON.stringify(body));
  }

  test('a picture goes up and comes down as it was, to both parties and nobody else', async () => {
    const { alice, bob } = scene;
    const bytes = png();
    const upload = await stored(alice, bytes, { name: 'фото.png' });
    assert.deepEqual({ ...upload, id: 0, fileUrl: 0, createdAt: 0 }, {
      id: 0, fileUrl: 0, createdAt: 0, fileName: 'фото.png', size: bytes.length, mimeType: 'image/png', width: 640, height: 480,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    for (const person of [alice, bob, world.admin]) {
      const answer = await fetched(person, upload);
      assert.equal(answer.status, 200);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.match(answer.headers.get('content-security-policy'), /sandbox/);
      assert.match(answer.headers.get('content-disposition'), /^inline; .*filename\*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE\.png$/);
      assert.match(answer.headers.get('cache-control'), /private/);
      record(() => ({ kind: 'rest', method: 'GET', path: upload.fileUrl, status: answer.status, type: answer.headers.get('content-type') }));
    }
    const stranger = await world.person();
    await isRefused(await fetched(stranger, upload), 403, 'FORBIDDEN');
    await isRefused(await fetch(world.url + upload.fileUrl), 401, 'UNAUTHORIZED');
    await isRefused(await fetched(alice, { fileUrl: `/v1/uploads/${randomUUID()}` }), 404, 'NOT_FOUND');
  });

  test('a form as browsers and curl send it', async () => {
    const form = new FormData();
    form.append('orderId', scene.order.id);
    form.append('file', new Blob([png(50_000)], { type: 'image/png' }), 'im "1".png');
    const answer = await fetch(`${world.url}/v1/uploads`, { method: 'POST', headers: auth(scene.bob), body: form });
    const upload = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(upload));
    assert.equal(upload.fileName, 'im 1.png');
    assert.equal(upload.size, 50_000);
    const late = new FormData();
    late.append('file', new Blob(['x']), 'a.txt');
    late.append('orderId', scene.order.id);
    await isRefused(await fetch(`${world.url}/v1/uploads`, { method: 'POST', headers: auth(scene.bob), body: late }), 400, 'INVALID_PAYLOAD');
  });

  test('a form with two files is refused, and neither is kept', async () => {
    const form = new FormData();
    form.append('orderId', scene.order.id);
    for (const name of ['a.txt', 'b.txt']) form.append('file', new Blob(['x']), name);
    const answer = await fetch(`${world.url}/v1/uploads`, { method: 'POST', headers: auth(scene.bob), body: form });
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.code], [400, 'INVALID_PAYLOAD']);
    assert.match(error.message, /one file/);
  });

  test('who may not is told before the bytes, and nothing behind the refusal is served', async () => {
    const stranger = await world.person();
    const raw = await RawHttp.open(world.server.port);
    const head = (person, size) => `POST /v1/uploads?orderId=${scene.order.id} HTTP/1.1\r\nhost: x\r\nauthorization: ${auth(person).authorization}\r\n` +
      `content-type: image/png\r\ncontent-length: ${size}\r\nexpect: 100-continue\r\n\r\n`;
    raw.write(head(stranger, 1000));
    const [refusal] = await raw.isClosed();
    assert.equal(refusal.status, 403);
    assert.doesNotMatch(String(raw.bytes), /100 Continue/);

    const allowed = await RawHttp.open(world.server.port);
    allowed.write(head(scene.alice, 40));
    await eventually('100 Continue', () => /^HTTP\/1.1 100/.test(String(allowed.bytes)));
    allowed.bytes = Buffer.alloc(0);
    allowed.write(png(40));
    assert.equal((await allowed.answers())[0].status, 201);
    allowed.close();
    await isRefused(await uploads(scene.alice, png(100), { chat: `orderId=${randomUUID()}` }), 404, 'NOT_FOUND');
    await isRefused(await uploads(scene.alice, png(100), { chat: 'orderId=1' }), 400, 'INVALID_PAYLOAD');
    await isRefused(await uploads(scene.alice, png(100), { chat: '' }), 400, 'INVALID_PAYLOAD');
    await isRefused(await uploads(scene.alice, undefined), 400, 'INVALID_PAYLOAD');
  });

  test('too large: announced at once, unannounced when it gets there; nothing is left of either', async () => {
    await leavesNothing(async () => {
      const raw = await RawHttp.open(world.server.port);
      const line = `POST /v1/uploads?orderId=${scene.order.id} HTTP/1.1\r\nhost: x\r\nauthorization: ${auth(scene.alice).authorization}\r\n`;
      raw.write(`${line}content-length: ${bytes_max + 1}\r\n\r\n`);
      assert.equal((await raw.isClosed())[0].status, 413);
      const chunked = await RawHttp.open(world.server.port);
      chunked.write(`${line}transfer-encoding: chunked\r\n\r\n`);
      for (const _ of range(3)) chunked.write(`${mib.toString(16)}\r\n`).write(Buffer.alloc(mib, 'x')).write('\r\n');
      assert.equal((await chunked.answers())[0].status, 413);
      chunked.close();
    });
    assert.equal((await stored(scene.alice, png(bytes_max))).size, bytes_max);
  });

  test('cut at 50 %, and the server killed meanwhile: nothing is left', async () => {
    const half = async () => {
      const raw = await RawHttp.open(world.server.port);
      raw.write(`POST /v1/uploads?orderId=${scene.order.id} HTTP/1.1\r\nhost: x\r\nauthorization: ${auth(scene.alice).authorization}\r\ncontent-length: 1000000\r\n\r\n`);
      raw.write(png(500_000));
      await eventually('half of it is on the disk', async () => (await files()).some((name) => name.endsWith('.part')));
      return raw;
    };
    await leavesNothing(async () => (await half()).close());
    const before = await files();
    const raw = await half();
    await world.server.restart('kill9');
    raw.close();
    assert.deepEqual((await files()).sort(), before.sort());
  });

  test('a slow upload arrives', async () => {
    const bytes = png(60_000);
    const raw = await RawHttp.open(world.server.port);
    raw.write(`POST /v1/uploads?orderId=${scene.order.id} HTTP/1.1\r\nhost: x\r\nauthorization: ${auth(scene.alice).authorization}\r\ncontent-type: image/png\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    for (let at = 0; at < bytes.length; at += 3_000) {
      raw.write(bytes.subarray(at, at + 3_000));
      await new Promise((turn) => setImmediate(turn));
    }
    const [answer] = await raw.answers();
    assert.equal(answer.status, 201, answer.body);
    assert.equal(JSON.parse(answer.body).sha256, createHash('sha256').update(bytes).digest('hex'));
    raw.close();
  });

  test('names lead nowhere, types are seen through, active content is never run', async () => {
    const { alice } = scene;
    for (const [name, kept] of [['../../../etc/passwd', 'passwd'], ['..\\..\\a.txt', 'a.txt'], ['a\u202Egpj.exe', 'agpj.exe'], ['x\r\nSet-Cookie: a=b', 'xSet-Cookie a=b']]) {
      const upload = await stored(alice, 'text', { name, type: 'text/plain' });
      assert.equal(upload.fileName, kept);
      const answer = await fetched(alice, upload);
      assert.equal(answer.headers.get('set-cookie'), null);
    }
    const inside = join(world.server.dataDir, 'uploads');
    assert.ok((await files()).every((name) => name.startsWith(inside)));
    await isRefused(await uploads(alice, 'not a picture', { type: 'image/png' }), 400, 'INVALID_PAYLOAD');
    for (const [body, type] of [['<!doctype html><script>alert(1)</script>', 'text/html'], ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'], ['<html>', 'text/plain']]) {
      const upload = await stored(alice, body, { type, name: 'a.html' });
      const answer = await fetched(alice, upload);
      assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
      assert.match(answer.headers.get('content-disposition'), /^attachment/);
    }
  });

  test('parts of it: 206, 416, If-Range, 304, HEAD', async () => {
    const bytes = png(10_000);
    const upload = await stored(scene.alice, bytes);
    const part = await fetched(scene.bob, upload, { range: 'bytes=100-199' });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), 'bytes 100-199/10000');
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
    const end = await fetched(scene.bob, upload, { range: 'bytes=-5' });
    assert.deepEqual(Buffer.from(await end.arrayBuffer()), bytes.subarray(-5));
    const none = await fetched(scene.bob, upload, { range: 'bytes=10000-' });
    assert.equal(none.status, 416);
    assert.equal(none.headers.get('content-range'), 'bytes */10000');
    assert.equal((await fetched(scene.bob, upload, { range: 'bytes=0-1', 'if-range': '"other"' })).status, 200);
    const etag = part.headers.get('etag');
    assert.equal((await fetched(scene.bob, upload, { range: 'bytes=0-1', 'if-range': etag })).status, 206);
    assert.equal((await fetched(scene.bob, upload, { 'if-none-match': etag })).status, 304);
    const head = await fetch(world.url + upload.fileUrl, { method: 'HEAD', headers: auth(scene.bob) });
    assert.equal(head.headers.get('content-length'), '10000');
    assert.equal(await head.text(), '');
  });

  test('a link opens it without a token, for its person, until his access ends', async () => {
    const upload = await stored(scene.alice, png(5_000));
    const { url, expiresAt } = await scene.bob.rest.does('POST', `${upload.fileUrl}/link`);
    assert.ok(Date.parse(expiresAt) > Date.now());
    const answer = await fetch(world.url + url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('cache-control'), /^private, max-age=\d+$/);
    assert.equal((await fetch(world.url + url.replace('role=performer', 'role=admin'))).status, 401);
    assert.equal((await fetch(world.url + url.replace(upload.id, (await stored(scene.alice, png(100))).id))).status, 401);
    const stranger = await world.person();
    await stranger.rest.isRefused('POST', `${upload.fileUrl}/link`, undefined, 403, 'FORBIDDEN');
  });

  test('sent with a message it is the message\'s: filled, once, own, in its chat', async () => {
    const { alice, bob, order } = scene;
    const upload = await stored(alice, png(7_000, 32, 16), { name: 'план.png' });
    const device = await bob.device();
    await device.joins(order);
    const clientMessageId = randomUUID();
    const send = (person, attachment, where = order) => person.rest.asks('POST', `/v1/orders/${where.id}/messages`, { content: '', attachments: [attachment], clientMessageId });
    assert.equal((await send(bob, { uploadId: upload.id })).status, 404);
    const other = await world.order(alice, bob);
    assert.equal((await send(alice, { uploadId: upload.id }, other)).status, 400);
    const sent = await send(alice, { uploadId: upload.id });
    assert.equal(sent.status, 201, sent.text);
    const { id, fileUrl, fileName, size, mimeType, width, height } = sent.body.message.attachments[0];
    assert.deepEqual({ id, fileUrl, fileName, size, mimeType, width, height },
      { id: upload.id, fileUrl: upload.fileUrl, fileName: 'план.png', size: 7_000, mimeType: 'image/png', width: 32, height: 16 });
    assert.equal(sent.body.message.type, 'file');
    assert.deepEqual(await device.hears('order_message', { id: sent.body.message.id }), sent.body.message);
    const again = await send(alice, { uploadId: upload.id });
    assert.deepEqual([again.status, again.body], [200, sent.body]);
    const twice = await alice.rest.asks('POST', `/v1/orders/${order.id}/messages`, { content: 'x', attachments: [{ fileUrl: upload.fileUrl, fileName: 'a' }] });
    assert.equal(twice.status, 409, twice.text);
    // By its address, as clients do that know nothing of uploads, the same happens.
    const second = await stored(alice, png(7_000));
    const message = await alice.rest.sends(order, 'by address', { attachments: [{ fileUrl: second.fileUrl, fileName: 'other.png' }] });
    assert.deepEqual([message.attachments[0].id, message.attachments[0].fileName, message.attachments[0].size], [second.id, 'other.png', 7_000]);
    assert.equal((await fetched(bob, second)).status, 200);
  });

  test('one user uploads so many at a time; others are not affected', async () => {
    const open = [];
    for (const _ of range(4)) {
      const raw = await RawHttp.open(world.server.port);
      raw.write(`POST /v1/uploads?orderId=${scene.order.id} HTTP/1.1\r\nhost: x\r\nauthorization: ${auth(scene.alice).authorization}\r\ncontent-length: 1000\r\n\r\nhalf`);
      open.push(raw);
    }
    await eventually('four are under way', async () => (await files()).filter((name) => name.endsWith('.part')).length === 4);
    await isRefused(await uploads(scene.alice, png(100)), 429, 'RATE_LIMITED');
    await stored(scene.bob, png(100));
    open.forEach((raw) => raw.close());
    await eventually('there is room again', async () => (await uploads(scene.alice, png(100))).status === 201);
  });

  test('what is never sent is removed when its time is over, and so are files of chats that are gone', async () => {
    const other = await World.open({ env: { UPLOAD_TIDY_MS: '10', UPLOAD_KEEP_UNSENT_HOURS: '2' } });
    try {
      const { alice, bob, order } = await other.scene();
      const deleted = await other.order(alice, bob);
      const send = async (where) => (await alice.rest.asks('POST', `/v1/uploads?orderId=${where.id}&fileName=a.txt`, 'text', { 'content-type': 'text/plain' })).body;
      const [old, young, sent, orphan] = [await send(order), await send(order), await send(order), await send(deleted)];
      await alice.rest.sends(order, 'with it', { attachments: [{ uploadId: sent.id }] });
      await alice.rest.sends(deleted, 'with it', { attachments: [{ uploadId: orphan.id }] });
      const folder = join(other.server.dataDir, 'uploads');
      const ids = async () => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).map((e) => e.name);
      const path = async (id) => {
        const entry = (await readdir(folder, { recursive: true, withFileTypes: true })).find((e) => e.name.includes(id));
        return join(entry.parentPath ?? entry.path, entry.name);
      };
      // Three hours pass for all but one of them, and one order goes.
      const orphanFile = await path(orphan.id);
      await sqlite(other.server, `${onPostgres ? '' : 'PRAGMA foreign_keys = ON; '}DELETE FROM orders WHERE id = '${deleted.id}'`);
      const then = new Date(Date.now() - 3 * 3_600_000);
      await utimes(orphanFile, then, then);
      await sqlite(other.server, `UPDATE attachments SET created_at = '${then.toISOString()}' WHERE id IN ('${old.id}', '${sent.id}')`);
      await eventually('two of the files are gone', async () => (await ids()).length === 2);
      for (const gone of [old, orphan]) await alice.rest.isRefused('GET', gone.fileUrl, undefined, 404, 'NOT_FOUND');
      for (const kept of [young, sent]) assert.equal((await bob.rest.asks('GET', kept.fileUrl)).text, 'text');
      const removed = (reason) => other.server.log.includes(`"event":"uploads_removed","files":1,"reason":"${reason}"`);
      assert.ok(removed('never sent') && removed('no row'));
    } finally {
      await other.close();
    }
  });

  test('what one user may upload in a day is bounded', async () => {
    const small = await World.open({ env: { UPLOAD_BYTES_PER_DAY: '1000' } });
    try {
      const { alice, order } = await small.scene();
      const send = (size) => fetch(`${small.url}/v1/uploads?orderId=${order.id}`, { method: 'POST', headers: { ...auth(alice), 'content-type': 'image/png' }, body: png(size) });
      assert.equal((await send(600)).status, 201);
      await isRefused(await send(600), 429, 'RATE_LIMITED');
      assert.equal((await send(400)).status, 201);
    } finally {
      await small.close();
    }
  });

  test('a file in the way of the folder stops the start with a sentence', async () => {
    const { server } = await World.open();
    await server.terminate();
    await writeFile(join(server.dataDir, 'other'), '');
    server.env.DATA_DIR = join(server.dataDir, 'other');
    await assert.rejects(server.spawn(), /other/);
    await server.gone;
  });
});
