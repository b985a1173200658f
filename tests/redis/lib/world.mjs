// The Socket.IO world on a Redis: a Node server with @socket.io/redis-adapter, and people connected to it; an emitter.
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { eventually, usual_ms, within } from '../../system/lib/deadline.mjs';

export class NodeServer {
  static async start(redis, options = {}) {
    const server = new NodeServer();
    server.redis = redis;
    server.clients = await Promise.all([redis.client(), redis.client()]);
    server.http = createServer();
    server.io = new Server(server.http, { adapter: createAdapter(...server.clients, { requestsTimeout: 2_000, ...options }) });
    for (const nsp of ['/', '/other']) {
      server.io.of(nsp).on('connection', (socket) => {
        socket.data.name = socket.handshake.auth.name;
        socket.on('join', (room, ack) => ack(socket.join(String(room)) ?? true));
      });
    }
    await new Promise((done) => server.http.listen(0, '127.0.0.1', done));
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    server.people = [];
    await eventually('it is subscribed', async () => (await redis.channels())[`${options.key ?? 'socket.io'}-request#/#`] > 0);
    return server;
  }

  async person(name, rooms = [], nsp = '/') {
    const socket = io(this.url + nsp, { transports: ['websocket'], forceNew: true, auth: { name } });
    this.people.push(socket);
    socket.heard = [];
    socket.onAny((...event) => socket.heard.push(event.filter((one) => typeof one !== 'function')));
    await within(usual_ms, `${name} connects`, new Promise((done) => socket.once('connect', done)));
    for (const room of rooms) await new Promise((done) => socket.emit('join', room, done));
    return socket;
  }

  async stop() {
    for (const socket of this.people) socket.disconnect();
    await this.io.close();
    await Promise.all(this.clients.map((client) => client.quit())); // after what the adapter still has to unsubscribe
  }
}

export async function emitter(redis, key = 'socket.io') {
  const client = await redis.client();
  return { io: new Emitter(client, { key }), end: () => client.disconnect() };
}
