// The library without the application: installed into an empty folder, found by a program that knows nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { asks, client, start } from '../examples/programs.mjs';
import { binary } from '../lib/server.mjs';

const run = promisify(execFile);
const build = resolve(dirname(binary), '..');

test('a program of somebody else builds against the installed package and serves the official client', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sioxx-install-'));
  try {
    await run('cmake', ['--install', build, '--component', 'sioxx', '--prefix', join(folder, 'usr')]);
    await run('cmake', ['-S', join(import.meta.dirname, 'outside'), '-B', join(folder, 'build'), '-G', 'Ninja',
      `-DCMAKE_PREFIX_PATH=${join(folder, 'usr')}`, '-DCMAKE_BUILD_TYPE=Debug']);
    await run('cmake', ['--build', join(folder, 'build')]);
    const outside = await start(join(folder, 'build/outside'), 'PORT');
    const socket = client(outside.url);
    try {
      socket.on('name?', (answer) => answer('Олена'));
      assert.deepEqual(await asks(socket, 'greet'), ['hello', 'Олена']);
    } finally {
      socket.disconnect();
      await outside.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
