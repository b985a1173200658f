// A server with people and orders: what nearly every test starts from.
import { randomUUID } from 'node:crypto';
import { Device } from './device.mjs';
import { Rest } from './rest.mjs';
import { secret, Server } from './server.mjs';
import { sign } from './token.mjs';

export class Person {
  constructor(world, role, name) {
    Object.assign(this, { world, role, name, id: randomUUID() });
    this.rest = new Rest(world.url, this.token());
  }

  /** A good token of this person; claims may be changed or, by undefined, left out. */
  token(claims = {}) {
    return sign({ sub: this.id, name: this.name, role: this.role, ...claims }, secret);
  }

  /** A connected device. It is closed with the world if the test does not do it. */
  device(options = {}) {
    return this.world.device({ auth: { token: this.token() }, ...options }).connects();
  }
}

export class World {
  static async open(options = {}) {
    const world = new World();
    world.devices = [];
    world.server = await Server.start(options);
    world.admin = await world.person('admin', 'Адміністраторка');
    return world;
  }

  get url() {
    return this.server.url;
  }

  /** A device that is nobody in particular and not connected yet. */
  device(options) {
    const device = new Device(this.url, options);
    this.devices.push(device);
    return device;
  }

  /** Somebody new, known to the server from here on. */
  async person(role = 'client', name = `Особа ${randomUUID().slice(0, 4)}`) {
    const person = new Person(this, role, name);
    await person.rest.does('GET', '/v1/me');
    return person;
  }

  /** An order between the two. */
  async order(client, performer, title = 'Полагодити кран') {
    const order = { id: randomUUID(), title, clientId: client.id, performerId: performer.id };
    await this.admin.rest.does('POST', '/v1/orders', order);
    return order;
  }

  /** The usual scene: Alice the client, Bob the performer, and an order between them. */
  async scene() {
    const [alice, bob] = await Promise.all([this.person('client', 'Аліса'), this.person('performer', 'Богдан')]);
    return { alice, bob, order: await this.order(alice, bob) };
  }

  /** The usual scene with one joined device each. */
  async talk(options = {}) {
    const scene = await this.scene();
    const [a, b] = await Promise.all([scene.alice.device(options), scene.bob.device(options)]);
    await a.joins(scene.order);
    await b.joins(scene.order);
    return { ...scene, a, b };
  }

  /** Ends what tests left open, so that one test's people are not in the next one's way. */
  closeDevices() {
    for (const device of this.devices.splice(0)) device.socket.disconnect();
  }

  async close() {
    this.closeDevices();
    await this.server.stop();
  }
}
