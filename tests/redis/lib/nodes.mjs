// Processes of sioxx on one Redis, and people connected to them.
import { io } from 'socket.io-client';
import { eventually, usual_ms, within } from '../../system/lib/deadline.mjs';
import { Program } from '../../system/lib/program.mjs';

export class Node {
  static async start(redis, { threads = 1, ...options } = {}) {
    const node = new Node();
    const more = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    node.program = await Program.start('tests/redis/redis_node', (port) => [port, threads, redis.url, ...more]);
    node.people = [];
    return node;
  }

  /** Somebody connected by WebSocket, in some rooms. `heard` collects what he is told, as [event, ...args]. */
  async person(name, rooms = [], { nsp = '/', transports = ['websocket'] } = {}) {
    const socket = io(this.program.url + nsp, { transports, forceNew: true, auth: { name }, reconnectionDelay: 30, reconnectionDelayMax: 100 });
    this.people.push(socket);
    socket.heard = [];
    socket.onAny((...event) => socket.heard.push(event.filter((one) => typeof one !== 'function')));
    await within(usual_ms, `${name} connects`, new Promise((done) => socket.once('connect', done)));
    for (const room of rooms) await ask(socket, 'join', room);
    return socket;
  }

  async stats() {
    this.asker ??= await this.person('asker');
    return ask(this.asker, 'stats');
  }
  /** As many others as there should be are known, and every room is listened to. */
  async knows(processes) {
    await eventually(`${processes} other processes are known`, async () => {
      const { bus } = await this.stats();
      return bus.ready && bus.processes === processes;
    });
  }

  async stop() {
    for (const socket of this.people) socket.disconnect();
    await this.program.stop();
  }
}

export const ask = (socket, ...args) =>
  within(usual_ms, `the ack of ${JSON.stringify(args)}`, new Promise((done) => socket.emit(...args, done)));
/** What the server of this person does for him. */
export const wants = (socket, wish) => ask(socket, 'do', wish);

/** Everything that was said to these before has reached them: each hears a word said afterwards, on the same ways. */
export const hears = (socket, event) =>
  eventually(`${event} is heard; it heard ${JSON.stringify(socket.heard)}`, () => socket.heard.find(([name]) => name === event));
export const names = (socket) => socket.heard.map(([event]) => event);
