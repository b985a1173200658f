// A PostgreSQL of this test run's own (tests/lib/postgres.sh), started at the first question; a database for each server.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = resolve(import.meta.dirname, '../../lib/postgres.sh');

/** TEST_STORE=postgres: the servers of all suites work on PostgreSQL. */
export const onPostgres = process.env.TEST_STORE === 'postgres';

export class Postgres {
  static #shared;
  #databases = 0;

  /** One for this process, gone with it. `settings`: name=value of postgresql.conf. */
  static start(settings = []) {
    const server = new Postgres();
    server.folder = mkdtempSync(join(tmpdir(), 'rozmova-postgres-'));
    server.url = execFileSync(script, ['start', server.folder, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] })
      .toString().trim();
    process.on('exit', () => server.stop());
    return server;
  }

  /** One that follows `primary`, and may be promoted. */
  static standbyOf(primary) {
    const server = new Postgres();
    server.folder = mkdtempSync(join(tmpdir(), 'rozmova-postgres-'));
    server.url = execFileSync(script, ['standby', server.folder, primary.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      .toString().trim();
    process.on('exit', () => server.stop());
    return server;
  }

  static shared() {
    // The machine does not lose power while tests run, so nothing waits for the disk.
    return (Postgres.#shared ??= Postgres.start(['fsync=off', 'full_page_writes=off']));
  }

  /** postgres://… of an empty database. */
  async newDatabase() {
    const name = `test${++this.#databases}`;
    await psql(this.url, `CREATE DATABASE ${name}`);
    return this.url.replace(/[^/]*$/, name);
  }

  /** The process that all others hang on. */
  get pid() {
    return Number(execFileSync('head', ['-n', '1', join(this.folder, 'data/postmaster.pid')]).toString());
  }

  /** As a power failure. */
  crash() {
    execFileSync(script, ['stop', this.folder, 'immediate'], { stdio: 'inherit' });
  }

  /** To every process of it: 'STOP' makes it hang, 'CONT' lets it go on. */
  signal(name) {
    execFileSync(script, ['signal', this.folder, name], { stdio: 'inherit' });
  }

  promote() {
    execFileSync(script, ['promote', this.folder], { stdio: 'inherit' });
  }

  startAgain() {
    execFileSync(script, ['again', this.folder], { stdio: 'inherit' });
  }

  stop() {
    if (!this.folder) return;
    try {
      execFileSync(script, ['stop', this.folder, 'immediate'], { stdio: 'ignore' });
    } catch {
      // A test has stopped it already.
    }
    rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  }
}

/** Runs SQL as another program would; resolves with what it prints, columns with | between. */
export async function psql(url, sql) {
  const { stdout } = await run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql]);
  return stdout.trim();
}
