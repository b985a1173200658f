// Tokens signed with the issuer's own keys: RSA, P-256, Ed25519, from a PEM file, a key set, or an address where he
// changes them while we run.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync, createHmac, randomUUID, sign as signBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually } from './lib/deadline.mjs';
import { Device, pollingOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { binary, Server, testEnvironment } from './lib/server.mjs';
import { now_s, sign } from './lib/token.mjs';

const base64url = (text) => Buffer.from(text).toString('base64url');

class Issuer {
  constructor(alg, kid) {
    const kinds = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] };
    Object.assign(this, { alg, kid, ...generateKeyPairSync(...kinds[alg]) });
  }
  get pem() {
    return this.publicKey.export({ type: 'spki', format: 'pem' });
  }
  get jwk() {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.alg };
  }
  token(claims = {}) {
    const header = { alg: this.alg, typ: 'JWT', ...(this.kid && { kid: this.kid }) };
    const payload = { sub: randomUUID(), role: 'client', name: 'Ключниця', iat: now_s(), exp: now_s() + 3600, ...claims };
    const text = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
    const key = { key: this.privateKey, dsaEncoding: 'ieee-p1363' };
    return `${text}.${signBytes(this.alg === 'EdDSA' ? null : 'sha256', Buffer.from(text), key).toString('base64url')}`;
  }
}

/** The issuer's address for his keys. */
class KeyServer {
  async open() {
    this.asked = 0;
    this.answer = () => ({ keys: [] });
    this.server = createServer((request, response) => {
      this.asked += 1;
      this.answer(response, request);
    });
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${this.server.address().port}/keys`;
    return this;
  }
  publishes(...issuers) {
    this.answer = (response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: issuers.map((i) => i.jwk) }));
  }
  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('public keys', () => {
  let folder;
  const servers = [];
  const devices = [];
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'rozmova-keys-'))));
  afterEach(async () => {
    for (const d of devices.splice(0)) d.socket.disconnect();
    for (const s of servers.splice(0)) await s.stop();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const file = async (name, text) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const start = async (env) => {
    const server = await Server.start({ env: { JWT_SECRET: '', NODE_ENV: 'production', ...env } });
    servers.push(server);
    return server;
  };
  const device = (server, token, options = {}) => {
    const d = new Device(server.url, { auth: { token }, ...options });
    devices.push(d);
    return d;
  };
  const status = async (server, token) => (await new Rest(server.url, token).asks('GET', '/v1/me')).status;

  test('a PEM file with keys of all three kinds lets their tokens in, and no others', async () => {
    const issuers = ['RS256', 'ES256', 'EdDSA'].map((alg) => new Issuer(alg));
    const pem = await file('keys.pem', issuers.map((i) => i.pem).join('\n'));
    const server = await start({ JWT_PUBLIC_KEY_FILE: pem });
    for (const issuer of issuers) {
      await device(server, issuer.token()).connects();
      assert.equal(await status(server, issuer.token()), 200);
      assert.equal((await device(server, new Issuer(issuer.alg).token()).isTurnedAway()).code, 'UNAUTHORIZED');
      // The public key, which everybody has, as a shared secret.
      assert.equal(await status(server, sign({ sub: randomUUID() }, issuer.pem)), 401);
    }
    assert.equal((await device(server, issuers[0].token({ exp: now_s() - 60 })).isTurnedAway()).code, 'TOKEN_EXPIRED');
  });

  test('beside a secret: both kinds of tokens are good, each with its own algorithm', async () => {
    const issuer = new Issuer('ES256');
    const secret = 'a shared secret of more than 32 bytes, really';
    const server = await start({ JWT_PUBLIC_KEY_FILE: await file('one.pem', issuer.pem), JWT_SECRET: secret });
    assert.equal(await status(server, issuer.token()), 200);
    assert.equal(await status(server, sign({ sub: randomUUID(), role: 'client' }, secret)), 200);
    const header = base64url(JSON.stringify({ alg: 'ES256' })), body = base64url(JSON.stringify({ sub: randomUUID(), exp: now_s() + 60 }));
    const mac = createHmac('sha256', secret).update(`${header}.${body}`).digest('base64url');
    assert.equal(await status(server, `${header}.${body}.${mac}`), 401);
  });

  test('a file with a key set may be replaced while the server runs', async () => {
    const [first, second] = [new Issuer('RS256', 'first'), new Issuer('EdDSA', 'second')];
    const path = await file('set.json', JSON.stringify({ keys: [first.jwk] }));
    const server = await start({ JWT_JWKS_FILE: path, JWT_JWKS_REFRESH_SECONDS: '1' });
    assert.equal(await status(server, first.token()), 200);
    await writeFile(path, 'half of a fi');
    await eventually('the log says that the file is no good', () => server.log.includes('"event":"keys_not_loaded"'));
    assert.equal(await status(server, first.token()), 200, 'the last good keys stay');
    await writeFile(path, JSON.stringify({ keys: [second.jwk] }));
    await eventually('the new key counts', async () => (await status(server, second.token())) === 200);
    assert.equal(await status(server, first.token()), 401);
  });

  test('a key that was published a moment ago: its first token waits for it and is let in', async () => {
    const [first, second] = [new Issuer('RS256', 'first'), new Issuer('ES256', 'second')];
    const keys = await new KeyServer().open();
    keys.publishes(first);
    const server = await start({ JWT_JWKS_URL: keys.url, JWT_JWKS_ASK_SECONDS: '1' });
    try {
      assert.equal(await status(server, first.token()), 200);
      const asked = keys.asked;
      keys.publishes(first, second);
      await eventually('the pause between two looks is over', () => Date.now() - server.startedAt > 2500);
      await Promise.all([device(server, second.token()).connects(), device(server, second.token(), pollingOnly).connects()]);
      assert.equal(keys.asked, asked + 1, 'one look for both');
      assert.equal(await status(server, first.token()), 200);
      // Tokens of unknown keys do not make us ask again and again.
      const stranger = new Issuer('ES256', 'stranger');
      for (let i = 0; i < 20; ++i) assert.equal(await status(server, stranger.token()), 401);
      assert.equal(keys.asked, asked + 1);
    } finally {
      keys.close();
    }
  });

  test('an address that fails, hangs, or says too much leaves the last good keys in force', async () => {
    const issuer = new Issuer('EdDSA', 'only');
    const keys = await new KeyServer().open();
    keys.publishes(issuer);
    const server = await start({ JWT_JWKS_URL: keys.url, JWT_JWKS_REFRESH_SECONDS: '1', JWT_JWKS_ASK_SECONDS: '1' });
    const failures = () => [...server.log.matchAll(/"event":"keys_not_loaded","reason":"([^"]*)/g)].map((m) => m[1]);
    try {
      const bad = [
        (response) => response.writeHead(500).end('{}'),
        (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
        (response) => response.end(JSON.stringify({ keys: [] })),
        (response) => response.end('x'.repeat(400_000)),
        (response) => response.destroy(),
      ];
      for (const [i, answer] of bad.entries()) {
        keys.answer = answer;
        await eventually(`failure ${i} is told`, () => failures().length > i);
        assert.equal(await status(server, issuer.token()), 200);
      }
      keys.answer = () => {}; // never an answer
      const asked = keys.asked;
      await eventually('it was asked', () => keys.asked > asked);
      assert.equal(await status(server, issuer.token()), 200);
      await device(server, issuer.token()).connects();
    } finally {
      keys.close();
    }
  });

  test('check-config and the start name a bad key, and what is wrong with it', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });
    const own = new Issuer('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const [env, said] of [
      [{ JWT_PUBLIC_KEY_FILE: '/nowhere/key.pem' }, /JWT_PUBLIC_KEY_FILE \/nowhere\/key\.pem: it cannot be read: No such file/],
      [{ JWT_PUBLIC_KEY_FILE: await file('weak.pem', weak) }, /an RSA key has 1024 bits/],
      [{ JWT_PUBLIC_KEY_FILE: await file('own.pem', own) }, /private key/],
      [{ JWT_PUBLIC_KEY_FILE: await file('text.pem', 'hello') }, /no public key/],
      [{ JWT_JWKS_FILE: await file('bad.json', '{"keys":[{"kty":"oct","k":"AAAA"}]}') }, /JWT_JWKS_FILE .*none of its keys/],
      [{ JWT_JWKS_URL: 'ftp://keys.example/' }, /must begin with https/],
      [{ JWT_JWKS_URL: 'http://keys.example/', NODE_ENV: 'production' }, /not https/],
      [{ JWT_SECRET: new Issuer('RS256').pem }, /JWT_SECRET is a PEM key/],
    ]) {
      for (const command of ['check-config', 'serve']) {
        const answer = await promisify(execFile)(binary, [command], { env: testEnvironment({ DATA_DIR: folder, PORT: '0', ...env }) }).then(
          () => assert.fail(`${command} took ${JSON.stringify(env)}`),
          (error) => error,
        );
        assert.match(answer.stderr + answer.stdout, said);
      }
    }
  });

  test('rozmova token says that it has nothing to sign with', async () => {
    const pem = await file('only.pem', new Issuer('EdDSA').pem);
    const env = testEnvironment({ DATA_DIR: folder, JWT_SECRET: '', JWT_PUBLIC_KEY_FILE: pem, NODE_ENV: 'production' });
    const answer = await promisify(execFile)(binary, ['token', '--role', 'client'], { env }).catch((error) => error);
    assert.match(answer.stderr, /JWT_SECRET/);
    assert.equal(answer.stdout, '');
  });
});
