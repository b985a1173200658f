// The server speaks TLS itself: the official client over wss and https, what a plain client is told, a new certificate
// while people are connected, and what is said when the files are wrong.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';
import { eventually, usual_ms, within } from './lib/deadline.mjs';
import { RawHttp } from './lib/raw-http.mjs';
import { Server, binary, secret, testEnvironment } from './lib/server.mjs';
import { sign } from './lib/token.mjs';

function makeCertificate(folder, name) {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}

/** Name on the certificate that a new connection is shown, and the version that is spoken. */
async function handshake(port, options = {}) {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await within(usual_ms, 'the handshake', once(socket, 'secureConnect'));
  const seen = { name: socket.getPeerCertificate().subject.CN, version: socket.getProtocol(), alpn: socket.alpnProtocol };
  socket.destroy();
  return seen;
}

describe('TLS', () => {
  let folder, server, one, two, ca;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rozmova-tls-'));
    [one, two] = [makeCertificate(folder, 'one'), makeCertificate(folder, 'two')];
    const inForce = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
    await copyFile(one.cert, inForce.cert);
    await copyFile(one.key, inForce.key);
    ca = await readFile(one.cert);
    const env = { TLS_CERT_FILE: inForce.cert, TLS_KEY_FILE: inForce.key, THREADS: '3', WEBSOCKET_COMPRESSION: 'true' };
    server = await Server.start({ env });
  });
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const ways = { wss: ['websocket'], 'https polling': ['polling'], 'https, then upgraded': ['polling', 'websocket'] };
  for (const [how, transports] of Object.entries(ways)) {
    test(`the official client: ${how}`, async () => {
      const auth = { token: sign({ sub: randomUUID(), role: 'client' }, secret) };
      const socket = io(server.url, { transports, auth, ca, forceNew: true, reconnection: false });
      try {
        await within(usual_ms, 'connected', new Promise((done, fail) => socket.once('connect', done).once('connect_error', fail)));
        if (transports.length > 1) {
          await eventually('upgraded', () => socket.io.engine.transport.name === 'websocket');
        }
        for (let i = 0; i < 20; ++i) {
          const ack = await within(usual_ms, 'an answer', socket.emitWithAck('leave_order_chat', { padding: 'x'.repeat(i * 1_000) }));
          assert.equal(ack.error.code, 'INVALID_PAYLOAD');
        }
      } finally {
        socket.disconnect();
      }
    });
  }

  test('HTTPS answers, compressed for who accepts it', async () => {
    const answer = await within(usual_ms, 'an answer', new Promise((done, fail) => {
      request(`${server.url}/metrics`, { ca, headers: { 'accept-encoding': 'gzip' } }, done).once('error', fail).end();
    }));
    answer.resume();
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-encoding'], 'gzip');
    assert.match(answer.headers.vary, /accept-encoding/i);
  });

  test('TLS 1.2 and 1.3 are spoken, older is not; http/1.1 is agreed', async () => {
    assert.deepEqual(await handshake(server.port, { ALPNProtocols: ['h2', 'http/1.1'] }), { name: 'one', version: 'TLSv1.3', alpn: 'http/1.1' });
    assert.equal((await handshake(server.port, { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2');
    await assert.rejects(handshake(server.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  });

  test('a plain request is told so', async () => {
    const raw = await RawHttp.open(server.port);
    const [answer] = await raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n').answers();
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.body).error.code, 'TLS_REQUIRED');
    await raw.isClosed();
  });

  test('SIGHUP: new connections see the new certificate, the old ones go on; a broken file changes nothing', async () => {
    const auth = { token: sign({ sub: randomUUID(), role: 'client' }, secret) };
    const socket = io(server.url, { transports: ['websocket'], auth, ca, forceNew: true, reconnection: false });
    await within(usual_ms, 'connected', once(socket, 'connect'));
    await copyFile(two.cert, join(folder, 'server.crt'));
    await copyFile(two.key, join(folder, 'server.key'));
    server.child.kill('SIGHUP');
    await eventually('the new certificate', async () => (await handshake(server.port)).name === 'two');
    assert.equal((await socket.emitWithAck('leave_order_chat', {})).ok, false);
    await writeFile(join(folder, 'server.key'), 'no key');
    server.child.kill('SIGHUP');
    await eventually('a complaint', () => server.log.includes('certificate_not_reloaded'));
    assert.equal((await handshake(server.port)).name, 'two');
    assert.equal((await socket.emitWithAck('leave_order_chat', {})).ok, false);
    socket.disconnect();
  });

  test('files that are missing, do not fit, or come alone are told at the start', async () => {
    for (const [env, words] of [
      [{ TLS_CERT_FILE: one.cert }, 'TLS_KEY_FILE'],
      [{ TLS_CERT_FILE: join(folder, 'none'), TLS_KEY_FILE: one.key }, 'cannot be read'],
      [{ TLS_CERT_FILE: one.cert, TLS_KEY_FILE: two.key }, 'does not belong'],
      [{ TLS_CERT_FILE: one.key, TLS_KEY_FILE: one.key }, 'no certificate'],
    ]) {
      const child = spawn(binary, ['serve'], { env: testEnvironment({ PORT: '0', DATA_DIR: join(folder, 'data'), ...env }), stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (out += bytes));
      const [code] = await within(usual_ms, 'it ends', once(child, 'close'));
      assert.notEqual(code, 0);
      assert.ok(out.includes(words), out);
    }
  });
});
