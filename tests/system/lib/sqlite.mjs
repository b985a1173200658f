// Another program at the database, with plain SQL: the sqlite3 shell.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs SQL on the server's file as somebody who knows nothing of the server; resolves with what it prints. */
export async function sqlite(server, sql) {
  const { stdout } = await run('sqlite3', ['-cmd', '.timeout 10000', join(server.dataDir, 'rozmova.db'), sql]);
  return stdout.trim();
}

export const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;
