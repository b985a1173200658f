/**
 * The stage of one file of scenarios: a server, a browser, the demo's people, and seats. A seat is closed after its
 * test, and any error in its page fails that test.
 */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Backstage, Seat, demoPeople, launch } from './people';
import type { DemoOrder, DemoPerson, Look } from './people';
import { startServer } from './server';
import type { TestServer } from './server';

export type Two = [client: Seat, performer: Seat, order: DemoOrder];

export class Stage {
  server!: TestServer;
  browser!: Browser;
  backstage!: Backstage;
  people: DemoPerson[] = [];
  private seats: Seat[] = [];

  /** For the whole file; `settings` go to the server's environment. */
  static forFile(settings: Readonly<Record<string, string>> = {}): Stage {
    const stage = new Stage();
    beforeAll(async () => {
      [stage.server, stage.browser] = await Promise.all([startServer(settings), launch()]);
      stage.backstage = new Backstage(stage.server.url);
      stage.people = await demoPeople(stage.server.url);
    });
    afterAll(async () => {
      await stage.browser?.close();
      await stage.server?.stop();
    });
    afterEach(async () => {
      const left = stage.seats.splice(0);
      const errors = left.flatMap((seat) => seat.errors);
      await Promise.all(left.map((seat) => seat.close()));
      expect(errors).toEqual([]);
    });
    return stage;
  }

  get client(): DemoPerson {
    return this.first('client');
  }
  get performer(): DemoPerson {
    return this.first('performer');
  }
  get moderator(): DemoPerson {
    return this.first('moderator');
  }
  get admin(): DemoPerson {
    return this.first('admin');
  }
  /** A performer who has nothing to do with the orders of these scenarios. */
  get stranger(): DemoPerson {
    return this.people.find(({ id, role }) => role === 'performer' && id !== this.performer.id)!;
  }

  /** A browser in which nobody has signed in. */
  async guest(look?: Look): Promise<Seat> {
    const seat = await Seat.open(this.browser, look);
    this.seats.push(seat);
    return seat;
  }
  /** Signed in at that page, and connected. */
  async seat(person: DemoPerson, path: string, look?: Look): Promise<Seat> {
    const seat = await this.guest(look);
    await seat.signIn(this.server.url, person, path);
    await seat.live();
    return seat;
  }
  /** At an order, ready to write. */
  async chat(person: DemoPerson, order: DemoOrder, look?: Look): Promise<Seat> {
    const seat = await this.seat(person, `/orders/${order.id}`, look);
    await seat.joined();
    return seat;
  }
  /** A new order between client and performer. */
  order(title: string): Promise<DemoOrder> {
    return this.backstage.order(title, this.client, this.performer);
  }
  /** Client and performer at a new order. */
  async two(title: string): Promise<Two> {
    const order = await this.order(title);
    const [a, b] = await Promise.all([this.chat(this.client, order), this.chat(this.performer, order)]);
    return [a, b, order];
  }
  /** The client at a new order, with the panel open that breaks the network. */
  async lab(title: string): Promise<[Seat, DemoOrder]> {
    const order = await this.order(title);
    const seat = await this.seat(this.client, `/orders/${order.id}?lab=1`);
    await seat.joined();
    await seat.page.getByLabel('Лабораторія: зламати мережу').click();
    return [seat, order];
  }
  /** What the server has of an order. */
  async stored(order: DemoOrder): Promise<string[]> {
    return (await this.backstage.messages(order, this.client)).map(({ content }) => content);
  }

  private first(role: string): DemoPerson {
    return this.people.find((one) => one.role === role)!;
  }
}
