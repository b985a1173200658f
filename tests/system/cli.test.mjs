// The command line: help, version, tokens, and settings that are refused by name.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { usual_ms } from './lib/deadline.mjs';
import { binary, secret, testEnvironment } from './lib/server.mjs';

const user = '0190163d-8694-739b-aea5-966c26f8ad91';

describe('command line', () => {
  let folder;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'rozmova-cli-'))));
  after(() => rm(folder, { recursive: true }));

  /** Runs to the end: {code, out}. A server that starts instead of refusing is ended by the deadline and has no code. */
  const run = (args, env = {}) => new Promise((done) => {
    const options = { env: testEnvironment({ DATA_DIR: folder, PORT: '0', ...env }), cwd: folder, timeout: usual_ms };
    execFile(binary, args, options, (error, stdout, stderr) => done({ code: error ? error.code : 0, out: stdout + stderr, stdout }));
  });

  test('--help names the commands, each command has help of its own', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    for (const command of ['serve', 'token', 'version', 'check-config']) {
      assert.match(out, new RegExp(`\\b${command}\\b`));
      const help = await run([command, '--help']);
      assert.equal(help.code, 0, command);
    }
  });

  test('version is three numbers', async () => {
    const { code, out } = await run(['version']);
    assert.equal(code, 0);
    assert.match(out, /\b\d+\.\d+\.\d+\b/);
  });

  test('token prints a JWT alone on a line, signed with the secret', async () => {
    const { code, stdout } = await run(['token', '--sub', user, '--role', 'client']);
    assert.equal(code, 0);
    const [header, payload, signature] = stdout.trim().split('.');
    const { createHmac } = await import('node:crypto');
    assert.equal(createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url'), signature);
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    assert.equal(claims.sub, user);
    assert.equal(claims.role, 'client');
    assert.ok(claims.exp > Date.now() / 1000);
  });

  test('token refuses a user that is no UUID and a role that is none', async () => {
    assert.notEqual((await run(['token', '--sub', 'me', '--role', 'client'])).code, 0);
    assert.notEqual((await run(['token', '--sub', user, '--role', 'king'])).code, 0);
  });

  test('an unknown command or option is refused', async () => {
    assert.notEqual((await run(['dance'])).code, 0);
    const { code, out } = await run(['serve', '--no-such-option']);
    assert.notEqual(code, 0);
    assert.match(out, /no-such-option/);
  });

  test('check-config: a good file passes; a bad key, a bad value, a bad variable are named', async () => {
    const check = async (toml, env) => {
      const file = join(folder, 'rozmova.toml');
      await writeFile(file, toml);
      return run(['check-config', '--config', file], env);
    };
    const good = await check('port = 4000\n');
    assert.equal(good.code, 0, good.out);
    for (const [toml, named] of [['prot = 4000\n', 'prot'], ['port = "high"\n', 'port'], ['port = 70000\n', 'port'], ['port = \n', 'rozmova.toml']]) {
      const { code, out } = await check(toml);
      assert.notEqual(code, 0, toml);
      assert.ok(out.includes(named), `${named} in: ${out}`);
    }
    const { code, out } = await check('', { PORT: 'high' });
    assert.notEqual(code, 0);
    assert.match(out, /PORT/i);
  });

  test('production refuses to start without a secret, with a short one, and with a wildcard origin', async () => {
    const production = { NODE_ENV: 'production', CORS_ORIGIN: 'https://market.example', DEMO: undefined };
    for (const [env, named] of [
      [{ JWT_SECRET: '' }, 'JWT_SECRET'],
      [{ JWT_SECRET: 'short' }, 'JWT_SECRET'],
      [{ CORS_ORIGIN: '*' }, 'CORS_ORIGIN'],
    ]) {
      const { code, out } = await run(['serve'], { ...production, ...env });
      assert.ok(typeof code === 'number' && code !== 0, `${JSON.stringify(env)}: ${code} ${out}`);
      assert.ok(out.includes(named), out);
      assert.ok(!out.includes('short') || !env.JWT_SECRET, 'the secret itself is not printed');
    }
  });

  test('a port that is taken and a folder that cannot be written are told plainly', async () => {
    const { createServer } = await import('node:net');
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => taken.once('listening', done));
    const port = String(taken.address().port);
    const { code, out } = await run(['serve'], { PORT: port });
    taken.close();
    assert.ok(typeof code === 'number' && code !== 0, `${code} ${out}`);
    assert.ok(out.includes(port), out);
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const noFolder = await run(['serve'], { DATA_DIR: join(file, 'data') });
    assert.ok(typeof noFolder.code === 'number' && noFolder.code !== 0);
    assert.ok(noFolder.out.includes('a-file'), noFolder.out);
  });
});
