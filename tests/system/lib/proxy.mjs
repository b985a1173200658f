// A bad network between clients and a server: TCP that breaks off in the middle of a byte stream, falls silent, or crawls.
//
//   cut      both ends hear of it at once (RST)
//   halve    the client hears nothing: its half stays open, the server's is gone
//   silence  nothing passes any more in either direction; the ends hear of it by their own heartbeats
//   stall    the client takes nothing more from the server, what it says itself passes: a slow reader
import { createServer, connect } from 'node:net';

export class Proxy {
  static async open(port) {
    const proxy = new Proxy();
    proxy.links = new Set();
    proxy.server = createServer((client) => proxy.#accept(client, port));
    await new Promise((done) => proxy.server.listen(0, '127.0.0.1', done));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  #accept(client, port) {
    const link = new Link(client, connect(port, '127.0.0.1'));
    this.links.add(link);
    link.gone.then(() => this.links.delete(link));
  }

  /** Every connection that is there now breaks in this way, after so many more bytes in either direction. */
  breakAll(how, afterBytes = 0) {
    for (const link of this.links) link.breakAfter(how, afterBytes);
  }

  async close() {
    this.server.close();
    for (const link of this.links) link.cut();
  }
}

class Link {
  constructor(client, server) {
    Object.assign(this, { client, server, bytesLeft: Infinity, how: 'cut', isSilent: false });
    for (const [from, to] of [[client, server], [server, client]]) {
      from.setNoDelay(true);
      from.on('data', (bytes) => this.#pass(bytes, from, to));
      from.on('drain', () => this.isSilent || to.resume());
      from.on('error', () => {});
      from.on('end', () => this.isSilent || to.end());
      from.on('close', () => this.isSilent || to.destroy());
    }
    this.gone = new Promise((done) => client.once('close', done));
  }

  #pass(bytes, from, to) {
    if (this.isSilent) return;
    const passing = bytes.subarray(0, this.bytesLeft);
    this.bytesLeft -= passing.length;
    if (passing.length && !to.destroyed && !to.write(passing)) from.pause();
    if (this.bytesLeft === 0) this[this.how]();
  }

  breakAfter(how, bytes) {
    if (bytes === 0) return this[how]();
    this.how = how;
    this.bytesLeft = bytes;
  }

  cut() {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  halve() {
    this.isSilent = true;
    this.server.resetAndDestroy();
  }

  silence() {
    this.isSilent = true;
    this.client.resume();
    this.server.resume();
  }

  stall() {
    this.bytesLeft = Infinity;
    this.server.removeAllListeners('data');
    this.server.pause();
  }
}
