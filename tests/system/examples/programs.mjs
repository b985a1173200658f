// The example programs and clients of them, for the tests of this folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { io } from 'socket.io-client';
import { usual_ms, within } from '../lib/deadline.mjs';
import { binary, freePort } from '../lib/server.mjs';

const programs = join(dirname(binary), '../examples');

/** The arguments of the next event of that name. */
export const hears = (socket, event) =>
  within(usual_ms, `${event} is heard`, new Promise((done) => socket.once(event, (...args) => done(args))));

/** The answer to an event. */
export const asks = (socket, event, ...args) =>
  within(usual_ms, `${event} is answered`, new Promise((done) => socket.emit(event, ...args, (...answer) => done(answer))));

/** Starts an example, or any program by its path; "PORT" among the arguments becomes a free one. */
export async function start(name, ...args) {
  const port = await freePort();
  const path = name.includes('/') ? name : join(programs, name);
  const child = spawn(path, args.map((arg) => (arg === 'PORT' ? String(port) : arg)), { stdio: 'inherit' });
  const gone = once(child, 'exit');
  return { url: `http://127.0.0.1:${port}`, stop: async () => (child.kill(), await gone) };
}

/** The official client; it tries again until the program listens. */
export const client = (url, options) => io(url, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 50, ...options });

