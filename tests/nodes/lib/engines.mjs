// The engines of a cluster, each a process of the tests' own on a free port of 127.0.0.1: PostgreSQL, Redis, nginx, HAProxy.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../system/lib/deadline.mjs';
import { freePort } from '../../system/lib/server.mjs';

const root = resolve(import.meta.dirname, '../../..');
const script = join(root, 'tests/lib/postgres.sh');
const run = promisify(execFile);

const living = new Set();
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));

const accepts = (port) =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy() && done(true));
    socket.once('error', () => done(false));
  });

/** A program in the foreground, that is killed, stopped, continued, started again. */
class Engine {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'rozmova-nodes-'));
  }

  async launch(program, args) {
    this.command = [program, args];
    this.said = '';
    this.child = spawn(program, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const { child } = this;
    living.add(child);
    this.gone = once(child, 'exit').then(() => living.delete(child));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (this.said = (this.said + bytes).slice(-20_000)));
    await eventually(`${program} listens; it said:\n${this.said}`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${this.said}`);
      return accepts(this.port);
    });
  }

  signal(name) {
    this.child.kill(name);
  }
  async kill9() {
    this.child.kill('SIGKILL');
    await this.gone;
  }
  startAgain() {
    return this.launch(...this.command);
  }
  async stop() {
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    await this.gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Redis extends Engine {
  static async start() {
    const redis = new Redis();
    redis.port = await freePort();
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.launch('redis-server', ['--port', redis.port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', redis.folder].map(String));
    return redis;
  }
  /** What redis-cli prints. */
  async ask(...words) {
    return (await run('redis-cli', ['-p', String(this.port), ...words])).stdout;
  }
}

/** A sample of deploy/, with the ports of the test in the place of its own. */
function sample(name, replacements) {
  let text = readFileSync(join(root, 'deploy', name), 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`deploy/${name} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

export class Nginx extends Engine {
  static async start(nodes, { sticky = true } = {}) {
    const nginx = new Nginx();
    nginx.port = await freePort();
    nginx.url = `http://127.0.0.1:${nginx.port}`;
    const servers = [3001, 3002].map((port, i) => [`127.0.0.1:${port} `, `127.0.0.1:${nodes[i].port} `]);
    const loose = sticky ? [] : [['    hash $remote_addr consistent;\n', '']];
    const site = sample('nginx.conf', [['listen 8080', `listen 127.0.0.1:${nginx.port}`], ...servers, ...loose]);
    writeFileSync(join(nginx.folder, 'rozmova.conf'), site);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${nginx.folder}/${kind};`);
    writeFileSync(join(nginx.folder, 'nginx.conf'), `
      daemon off; pid ${nginx.folder}/pid; error_log ${nginx.folder}/error.log;
      events {} http { access_log off; ${temp.slice(0, 2).join(' ')} include ${nginx.folder}/rozmova.conf; }`);
    await nginx.launch('nginx', ['-p', nginx.folder, '-e', join(nginx.folder, 'error.log'), '-c', join(nginx.folder, 'nginx.conf')]);
    return nginx;
  }
}

export class Haproxy extends Engine {
  /** More than two nodes: the sample's line once for each. */
  static async start(nodes, { sticky = true } = {}) {
    const haproxy = new Haproxy();
    haproxy.port = await freePort();
    haproxy.url = `http://127.0.0.1:${haproxy.port}`;
    const line = (i) => `    server node${i + 1} 127.0.0.1:${nodes[i].port}\n`;
    const loose = sticky ? [] : [['    balance source\n    hash-type consistent\n', '    balance roundrobin\n']];
    const text = sample('haproxy.cfg', [
      ['bind :8080', `bind 127.0.0.1:${haproxy.port}`],
      ['    server node1 127.0.0.1:3001\n    server node2 127.0.0.1:3002\n', nodes.map((_, i) => line(i)).join('')],
      ...loose,
    ]);
    writeFileSync(join(haproxy.folder, 'haproxy.cfg'), text);
    await haproxy.launch('haproxy', ['-db', '-f', join(haproxy.folder, 'haproxy.cfg')]);
    return haproxy;
  }
}

export class Postgres {
  static start(settings = []) {
    const server = new Postgres();
    server.folder = mkdtempSync(join(tmpdir(), 'rozmova-nodes-pg-'));
    server.url = execFileSync(script, ['start', server.folder, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] }).toString().trim();
    process.on('exit', () => server.stop());
    return server;
  }
  /** As a power failure of its machine. */
  crash() {
    return run(script, ['stop', this.folder, 'immediate']);
  }
  startAgain() {
    return run(script, ['again', this.folder]);
  }
  /** Rows as arrays of texts. */
  async ask(sql) {
    const { stdout } = await run('psql', ['-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-d', this.url, '-c', sql], { maxBuffer: 1 << 28 });
    return stdout.split('\n').filter(Boolean).map((line) => line.split('\t'));
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
