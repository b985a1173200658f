// Another program at the database, with plain SQL: the sqlite3 shell, or psql.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usual_ms, within } from './deadline.mjs';
import { psql } from './postgres.mjs';

const run = promisify(execFile);

/** Runs SQL on the server's file as somebody who knows nothing of the server; resolves with what it prints. */
export async function sqlite(server, sql) {
  if (server.databaseUrl?.startsWith('postgres')) return psql(server.databaseUrl, sql);
  const { stdout } = await run('sqlite3', ['-cmd', '.timeout 10000', join(server.dataDir, 'rozmova.db'), sql]);
  return stdout.trim();
}

export const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;

/** Holds the lock of the one writer, as a backup or a migration of another program would; resolves with what lets it go. */
export async function lock(server) {
  const postgres = server.databaseUrl?.startsWith('postgres');
  const shell = postgres
    ? spawn('psql', ['-X', '-q', '-A', '-t', '-d', server.databaseUrl], { stdio: ['pipe', 'pipe', 'inherit'] })
    : spawn('sqlite3', ['-cmd', '.timeout 10000', join(server.dataDir, 'rozmova.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const held = once(shell.stdout, 'data');
  // On PostgreSQL there are many writers: this one keeps all others from what every deed touches.
  const lockAll = 'BEGIN; LOCK TABLE messages, users, websocket_connections, schema_migrations IN EXCLUSIVE MODE;';
  shell.stdin.write(`${postgres ? lockAll : 'BEGIN IMMEDIATE;'}\nSELECT 'held';\n`);
  await within(usual_ms, 'the lock of the database', held);
  return async () => {
    const ended = once(shell, 'exit');
    shell.stdin.end('ROLLBACK;\n');
    await ended;
  };
}
