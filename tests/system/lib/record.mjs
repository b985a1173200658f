// What the tests and the server said to each other, one JSON line each, when RECORD names a folder: the suite `schemas`
// holds it against the documents that the server gives out of itself.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env.RECORD;
if (folder) mkdirSync(folder, { recursive: true });
const file = folder && join(folder, `${process.pid}.jsonl`);

/** `entry` is built only when somebody wants it. */
export function record(entry) {
  if (file) appendFileSync(file, `${JSON.stringify(entry())}\n`);
}

/** Records all that a client hears, and what it says with the answer to it. */
export function recordSocket(socket) {
  if (!file) return;
  socket.onAny((event, ...args) => record(() => ({ kind: 'server', event, args })));
  const emit = socket.emit.bind(socket);
  socket.emit = (event, ...args) => {
    const answered = args.at(-1);
    if (typeof answered !== 'function') return emit(event, ...args);
    const payload = args.slice(0, -1);
    return emit(event, ...payload, (...ack) => {
      // With a timeout or retries the client puts its own error, or null, in front: what the server said is the last one.
      if (!(ack[0] instanceof Error)) record(() => ({ kind: 'client', event, args: payload, ack: ack.slice(-1) }));
      answered(...ack);
    });
  };
}
