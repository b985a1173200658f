// The example program examples/conformance on free ports, for tests that talk to it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { usual_ms, within } from './deadline.mjs';
import { binary } from './server.mjs';

const program = join(dirname(binary), '../examples/conformance');

export async function startConformance(...flags) {
  const child = spawn(program, ['--port', '0', '--autobahn-port', '0', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  const gone = once(child, 'exit');
  const ports = new Promise((done) => {
    const look = (bytes) => {
      said += bytes;
      const [engine, autobahn] = [/listening on (\d+)/.exec(said), /autobahn on (\d+)/.exec(said)];
      if (engine && autobahn) done({ port: Number(engine[1]), autobahnPort: Number(autobahn[1]) });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
  });
  const found = await within(usual_ms, () => `the example starts; it said: ${said}`, ports);
  return {
    ...found,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await within(usual_ms, () => `the example ends; it said: ${said}`, gone);
      if (code !== 0) throw new Error(`the example ended with ${code}: ${said}`);
    },
  };
}
