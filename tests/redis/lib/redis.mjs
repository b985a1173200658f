// A real redis-server of a test's own: on a free port of 127.0.0.1, keeping nothing; killed, stopped and started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from 'redis';
import { usual_ms, within } from '../../system/lib/deadline.mjs';
import { freePort } from '../../system/lib/server.mjs';

const living = new Set();
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));

export class Redis {
  static async start() {
    const redis = new Redis();
    redis.port = await freePort();
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.spawn();
    return redis;
  }

  async spawn() {
    this.child = spawn('redis-server', [
      '--port', this.port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no',
    ].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
    living.add(this.child);
    this.gone = once(this.child, 'exit').then(() => living.delete(this.child));
    let said = '';
    const ready = new Promise((done, failed) => {
      this.child.stdout.on('data', (bytes) => {
        said += bytes;
        if (said.includes('Ready to accept connections')) done();
      });
      this.child.once('error', failed);
      this.gone.then(() => failed(new Error(`redis-server ended: ${said}`)));
    });
    await within(usual_ms, 'redis-server starts', ready);
  }

  freeze() {
    this.child.kill('SIGSTOP');
  }
  thaw() {
    this.child.kill('SIGCONT');
  }
  async kill() {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  /** A connected client of the package `redis`, to be closed by the caller. */
  async client() {
    const client = createClient({ url: this.url });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** {channel: subscribers} of those that somebody listens to. */
  async channels() {
    const client = await this.client();
    const names = await client.pubSubChannels('*');
    const counts = names.length === 0 ? {} : await client.pubSubNumSub(names);
    await client.quit();
    return { ...counts };
  }
}
