// What a newcomer reads first does what it says: the example programs, driven by the official client, and the C++ of the
// README, which must compile.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { usual_ms, within } from '../lib/deadline.mjs';
import { client, hears, start } from './programs.mjs';

const root = resolve(import.meta.dirname, '../../..');

const transports = {
  'WebSocket only': ['websocket'],
  'polling only': ['polling'],
  'polling, then upgraded': ['polling', 'websocket'],
};

describe('examples/echo', () => {
  let echo;
  before(async () => (echo = await start('echo', 'PORT')));
  after(() => echo.stop());

  for (const [how, list] of Object.entries(transports)) {
    test(`sends back what it is sent: ${how}`, async () => {
      const socket = client(echo.url, { transports: list });
      try {
        const sent = [1, 'два', { three: [true, null] }, Buffer.from([1, 2, 3])];
        const heard = hears(socket, 'message');
        socket.emit('message', ...sent);
        assert.deepEqual(await heard, sent);
        if (list.length > 1 && socket.io.engine.transport.name !== 'websocket') {
          await within(usual_ms, 'it is upgraded', new Promise((done) => socket.io.engine.once('upgrade', done)));
        }
      } finally {
        socket.disconnect();
      }
    });
  }
});

describe('examples/conformance', () => {
  for (const threads of ['1', '4']) {
    describe(`with ${threads} threads`, () => {
      let server;
      before(async () => (server = await start('conformance', '--port', 'PORT', '--threads', threads)));
      after(() => server.stop());

      for (const [how, list] of Object.entries(transports)) {
        test(`auth, acks and binary: ${how}`, async () => {
          const socket = client(`${server.url}/custom`, { transports: list, auth: { token: 'abc' } });
          const main = client(server.url, { transports: list });
          try {
            const heard = await Promise.all([hears(socket, 'auth'), hears(main, 'auth')]);
            assert.deepEqual(heard, [[{ token: 'abc' }], [{}]]);
            const bytes = Buffer.from([0, 255, 30]);
            const answer = new Promise((done) => main.emit('message-with-ack', 'x', bytes, (...back) => done(back)));
            assert.deepEqual(await within(usual_ms, 'the ack is heard', answer), ['x', bytes]);
          } finally {
            socket.disconnect();
            main.disconnect();
          }
        });
      }

      test('an unknown namespace is refused as the reference does', async () => {
        const socket = client(`${server.url}/random`);
        try {
          const [error] = await hears(socket, 'connect_error');
          assert.equal(error.message, 'Invalid namespace');
        } finally {
          socket.disconnect();
        }
      });
    });
  }
});

describe('the C++ of the pages', () => {
  /** All blocks of a page as one text: includes in front, lines as in the page, each but a whole program in a namespace. */
  function assemble(page, text) {
    const includes = new Set();
    const bodies = [];
    for (const match of text.matchAll(/```cpp\n([\s\S]*?)```/g)) {
      const line = text.slice(0, match.index).split('\n').length + 1;
      const code = match[1].replace(/^#include.*$/gm, (include) => (includes.add(include), ''));
      const at = `#line ${line} "${page}"\n`;
      bodies.push(/\bint main\(/.test(code) ? at + code : `namespace block_${bodies.length} {\n${at}${code}}\n`);
    }
    assert.ok(bodies.length > 0, `${page} has some`);
    return [...includes].join('\n') + '\n' + bodies.join('');
  }

  for (const page of ['README.md', 'docs/sioxx.md']) {
    test(`${page} compiles`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'rozmova-pages-'));
      try {
        const file = join(folder, 'page.cpp');
        await writeFile(file, assemble(page, await readFile(join(root, page), 'utf8')));
        await promisify(execFile)('g++', ['-std=c++20', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-I', root, file]);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
