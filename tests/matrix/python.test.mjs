// python-socketio, written by other people from the same protocol: client.py does its list, here it is told of.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { usual_ms, within } from '../system/lib/deadline.mjs';
import { Program } from '../system/lib/program.mjs';

/** Debian's own, which has Debian's packages. */
const python = '/usr/bin/python3';

const items = ['connects', 'text_and_values', 'binary', 'acknowledgements', 'rooms', 'transport', 'back_after_a_restart', 'namespaces'];

/** Runs the list; what it says of each item, by name. */
async function run(server, transports, serializer) {
  const child = spawn(python, [join(import.meta.dirname, 'client.py'), server.url, transports.join(), serializer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = {};
  try {
    const done = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      const word = JSON.parse(line);
      if (word.wants === 'restart') await server.restart();
      else said[word.item] = word;
    }
    await done;
  } finally {
    child.kill('SIGKILL');
  }
  return said;
}

for (const threads of [1, 4]) {
  describe(`python-socketio, with ${threads} threads`, () => {
    let server;
    before(async () => (server = await Program.start('tests/matrix/matrix_server', (port) => [port, threads])));
    after(() => server.stop());

    for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
      for (const serializer of ['default', 'msgpack']) {
        test(`${transports.join(', then ')}; ${serializer}`, async () => {
          const said = await within(usual_ms * 6, 'its list is done', run(server, transports, serializer));
          for (const item of items) assert.deepEqual(said[item], { item, ok: true });
        });
      }
    }
  });
}
