// One real server process on a free port with a data folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually, usual_ms, within } from './deadline.mjs';
import { onPostgres, Postgres } from './postgres.mjs';

const root = resolve(import.meta.dirname, '../../..');
export const binary = process.env.ROZMOVA_BIN ?? join(root, 'build/release/rozmova/rozmova');
export const webDir = process.env.WEB_DIR ?? join(root, 'web/apps/demo/dist');
export const secret = 'system-test-secret-0123456789-0123456789';

const log_bytes_max = 4_000_000;

/** Ports below the ephemeral range: no outgoing connection can take one while a server restarts. */
export async function freePort() {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const probe = createServer();
    const free = await new Promise((done) => {
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
}

/** Tests send faster than people do; limits.test.mjs has the limits of the contract. */
const withoutRates = { RATE_MESSAGES_PER_10S: '0', RATE_TYPING_PER_S: '0', RATE_JOINS_PER_S: '0', CONNECTIONS_PER_IP_MAX: '0' };

/** Whatever ends a test run early, no server outlives it. */
const living = new Set();
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** The environment of a test server: nothing of ours leaks in but what finding programs needs. */
export function testEnvironment(env) {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS'];
  const inherited = Object.fromEntries(kept.filter((k) => k in process.env).map((k) => [k, process.env[k]]));
  const usual = { JWT_SECRET: secret, HOST: '127.0.0.1', DEMO: '0', LOG_FORMAT: 'json', WEB_DIR: webDir, SHUTDOWN_SPREAD_MS: '0' };
  return { ...inherited, ...usual, ...withoutRates, ...env };
}

export class Server {
  /** Starts one and waits until it may take traffic. `env` adds settings. */
  static async start({ env = {} } = {}) {
    const server = new Server();
    server.port = await freePort();
    server.url = `${env.TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${server.port}`;
    server.dataDir = await mkdtemp(join(tmpdir(), 'rozmova-test-'));
    server.databaseUrl = env.DATABASE_URL;
    if (onPostgres && env.DATABASE_URL === undefined && env.ROZMOVA_CONFIG === undefined)
      server.databaseUrl = await Postgres.shared().newDatabase();
    const database = server.databaseUrl ? { DATABASE_URL: server.databaseUrl } : {};
    server.env = testEnvironment({ PORT: String(server.port), DATA_DIR: server.dataDir, ...database, ...env });
    server.log = '';
    server.startedAt = Date.now();
    await server.spawn();
    return server;
  }

  async spawn() {
    const child = spawn(binary, ['serve'], { env: this.env, cwd: this.dataDir, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    living.add(child);
    this.gone = once(child, 'exit').then(([code, signal]) => {
      living.delete(child);
      return { code, signal };
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => (this.log = (this.log + bytes).slice(-log_bytes_max)));
    }
    await within(usual_ms, () => `the server is ready; it said:\n${this.log.slice(-4000)}`, this.untilReady(child));
  }

  async untilReady(child) {
    await eventually('/readyz says 200', async () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}; it said:\n${this.log}`);
      if (this.url.startsWith('https:')) return this.isReadyOverTls();
      return fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
    });
  }

  /** fetch() cannot be told to trust a certificate that was made a moment ago. */
  isReadyOverTls() {
    return new Promise((done) => {
      const request = get(`${this.url}/readyz`, { rejectUnauthorized: false }, (answer) => {
        answer.resume();
        done(answer.statusCode === 200);
      });
      request.once('error', () => done(false));
    });
  }

  get pid() {
    return this.child.pid;
  }

  isAlive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Gone at once, as by a power cut; resolves when the kernel has buried it. */
  async kill9() {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  /** Asks it to end; resolves with {code, signal}. */
  async terminate() {
    this.child.kill('SIGTERM');
    return within(usual_ms * 3, () => `the server ends after SIGTERM; it said:\n${this.log.slice(-4000)}`, this.gone);
  }

  /** Ends it by the given means and starts it again on the same port and data. */
  async restart(how = 'terminate') {
    await this[how]();
    await this.spawn();
  }

  /** The end of a suite: it must still live, leave cleanly, and have said nothing of a sanitizer. */
  async stop() {
    const wasAlive = this.isAlive();
    const { code, signal } = wasAlive ? await this.terminate() : await this.gone;
    await rm(this.dataDir, { recursive: true, force: true });
    if (!wasAlive || code !== 0) {
      throw new Error(`the server ended with ${code ?? signal}; it said:\n${this.log.slice(-8000)}`);
    }
    const report = /(?:ERROR: \w*Sanitizer|runtime error:)[\s\S]{0,4000}/.exec(this.log);
    if (report) throw new Error(`sanitizer report:\n${report[0]}`);
  }
}
