// The servers that the protocol's rules are tried on, each with one and with four shards; somebody who talks on meanwhile.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import { Program } from '../../system/lib/program.mjs';
import { Poller, connected } from './peers.mjs';

const programs = {
  /** tests/protocol/server.cpp: everything allowed, quiet heartbeats. */
  patient: (threads) => Program.start('tests/protocol/protocol_server', (port) => [port, threads]),
  /** The same without protocol 3, other origins and upgrades. */
  strict: (threads) => Program.start('tests/protocol/protocol_server', (port) => [port, threads, 'strict']),
  /** The same with a ping every 300 ms, 1.5 s for the pong and 1 s for CONNECT: for who answers in time on any machine. */
  beating: (threads) => Program.start('tests/protocol/protocol_server', (port) => [port, threads, 'beating']),
  /** examples/conformance: pings after 300 ms, waits 200 ms for the pong and 1 s for CONNECT. */
  quick: (threads) => Program.start('examples/conformance', (port) => ['--port', port, '--threads', threads, '--eio3']),
};

/**
 * A suite for each number of threads. `scene` has the port of each of `names`, and `talkOn()`: what the first of them got
 * before it has been dealt with afterwards, at least by one shard. After every test all must live, and a bystander on the
 * first must not have noticed anything.
 */
export function suite(title, names, body) {
  for (const threads of [1, 4]) {
    describe(`${title} · ${threads} thread${threads > 1 ? 's' : ''}`, () => {
      const scene = { threads };
      const running = [];
      let bystander;
      let said = 0;

      before(async () => {
        for (const name of names) {
          running.push(await programs[name](threads));
          scene[name] = running.at(-1).port;
        }
        bystander = await connected(running[0].port);
      });

      scene.talkOn = async () => {
        const words = `"unaffected",${++said}`;
        bystander.says(`42["message",${words}]`);
        assert.equal(await bystander.next(), `42["message-back",${words}]`);
      };
      afterEach(async () => {
        for (const { child, output, port } of running) {
          assert.equal(child.exitCode ?? child.signalCode, null, output);
          await Poller.open(port);
        }
        await scene.talkOn();
      });

      after(async () => {
        bystander?.close();
        for (const program of running) await program.stop();
      });
      body(scene);
    });
  }
}
