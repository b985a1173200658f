// ./run.sh as a newcomer meets it: from another folder, with a port and a data folder of his own; and the script that
// tries a running server.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { eventually, within } from '../lib/deadline.mjs';
import { secret } from '../lib/server.mjs';

const root = resolve(import.meta.dirname, '../../..');
const port = 14_000 + (process.pid % 1_000);
const url = `http://127.0.0.1:${port}`;
const start_ms = 30_000; // everything is built already
const exec = promisify(execFile);

describe('./run.sh', () => {
  let folder, script, said = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rozmova-start-'));
    const env = { ...process.env, PORT: String(port), DATA_DIR: join(folder, 'data'), JWT_SECRET: secret, HOST: '127.0.0.1' };
    script = spawn(join(root, 'run.sh'), [], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [script.stdout, script.stderr]) stream.on('data', (bytes) => (said += bytes));
  });
  after(async () => {
    if (script.exitCode === null) script.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('is up in seconds when everything is built, and says where', async () => {
    await eventually(`${url}/readyz; it said:\n${said}`, () => {
      assert.equal(script.exitCode, null, said);
      return fetch(`${url}/readyz`).then((r) => r.ok, () => false);
    }, { ms: start_ms });
    assert.match(said, new RegExp(`localhost:${port}`));
  });

  test('serves the web app and the demo marketplace', async () => {
    assert.match(await (await fetch(url)).text(), /<!doctype html>/i);
    const { people } = await (await fetch(`${url}/v1/demo/people`)).json();
    assert.ok(people.length >= 3);
  });

  test('./test-websocket.sh --url talks with it', async () => {
    const { stdout } = await exec(join(root, 'test-websocket.sh'), ['--url', url, '--secret', secret], { cwd: folder });
    assert.match(stdout, /^\d+ passed, 0 failed$/m);
  });

  test('./test-websocket.sh --url fails with the wrong secret, and when nobody is there', async () => {
    for (const [where, what] of [[url, 'wrong-secret-0123456789-0123456789'], [`http://127.0.0.1:1`, secret]]) {
      const failure = await exec(join(root, 'test-websocket.sh'), ['--url', where, '--secret', what]).catch((error) => error);
      assert.equal(failure.code, 1, failure.stdout);
      assert.match(failure.stdout, /^\d+ passed, [1-9]\d* failed$/m);
    }
  });

  test('SIGTERM ends it with 0', async () => {
    const gone = once(script, 'exit');
    script.kill('SIGTERM');
    assert.deepEqual(await within(30_000, 'the end', gone), [0, null]);
  });
});
