// One of the small programs of sioxx (examples, the matrix server): started on a free port, killed and started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { usual_ms, within } from './deadline.mjs';
import { binary, freePort } from './server.mjs';

/** The build that the tests are for. */
export const build = resolve(dirname(binary), '..');

const living = new Set();
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));

export class Program {
  /** `path` in the build; `args` is asked for the arguments, given the port. It must say "listening". */
  static async start(path, args) {
    const program = new Program();
    program.path = join(build, path);
    program.port = await freePort();
    program.url = `http://127.0.0.1:${program.port}`;
    program.args = args(program.port).map(String);
    await program.spawn();
    return program;
  }

  async spawn() {
    this.output = '';
    this.child = spawn(this.path, this.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    living.add(this.child);
    this.gone = once(this.child, 'exit').then(([code, signal]) => {
      living.delete(this.child);
      return code ?? signal;
    });
    const listening = new Promise((done, failed) => {
      for (const stream of [this.child.stdout, this.child.stderr]) {
        stream.on('data', (bytes) => {
          this.output = (this.output + bytes).slice(-100_000);
          if (this.output.includes('listening')) done();
        });
      }
      this.child.once('error', failed);
      this.gone.then((how) => failed(new Error(`${this.path} ended with ${how}: ${this.output}`)));
    });
    await within(usual_ms, `${this.path} listens`, listening);
  }

  async kill9() {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  async restart() {
    await this.kill9();
    await this.spawn();
  }

  /** The end of a suite: it must still live, and no sanitizer may have said anything. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null)
      throw new Error(`${this.path} ended early: ${this.output}`);
    this.child.kill('SIGTERM');
    await within(usual_ms, `${this.path} ends`, this.gone);
    const report = /(?:(?:ERROR|WARNING): \w*Sanitizer|runtime error:)[\s\S]{0,4000}/.exec(this.output);
    if (report) throw new Error(report[0]);
  }
}
