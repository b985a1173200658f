// PostgreSQL with a synchronous standby: the primary dies, the standby takes over; and a server that stops taking writes.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually } from '../lib/deadline.mjs';
import { Postgres, psql } from '../lib/postgres.mjs';
import { patience_ms, underLoad } from '../lib/under-load.mjs';
import { World } from '../lib/world.mjs';

const readiness = async (world) => (await fetch(`${world.url}/readyz`)).status;
const turns = (world, status) =>
  eventually(`/readyz says ${status}`, async () => (await readiness(world)) === status, { ms: patience_ms });

describe('PostgreSQL fails over', () => {
  let primary, standby, world;
  before(async () => {
    primary = Postgres.start();
    const url = await primary.newDatabase();
    standby = Postgres.standbyOf(primary);
    await psql(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await psql(primary.url, 'SELECT pg_reload_conf()');
    await eventually('the standby is synchronous', async () =>
      (await psql(primary.url, 'SELECT sync_state FROM pg_stat_replication')) === 'sync');
    const [one, two] = [primary, standby].map((server) => new URL(server.url).host);
    world = await World.open({ env: { DATABASE_URL: url.replace(one, `${two},${one}`) } });
  });
  afterEach(() => world.closeDevices());
  after(async () => {
    await world?.close();
    primary?.stop();
    standby?.stop();
  });

  test('nothing that was acknowledged is lost when the primary dies', async () => {
    await underLoad(world, async () => {
      primary.crash();
      await turns(world, 503);
      assert.equal((await fetch(`${world.url}/healthz`)).status, 200);
      standby.promote();
      await turns(world, 200);
    });
    assert.equal(await psql(standby.url, 'SELECT pg_is_in_recovery()'), 'f');
  });
});

describe('PostgreSQL takes no writes for a while', () => {
  let postgres, world;
  before(async () => {
    postgres = Postgres.start();
    world = await World.open({ env: { DATABASE_URL: await postgres.newDatabase() } });
  });
  after(async () => {
    await world?.close();
    postgres?.stop();
  });

  test('that is told, and goes by without a restart', async () => {
    const readOnly = async (value) => {
      await psql(postgres.url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await psql(postgres.url, 'SELECT pg_reload_conf()');
    };
    await underLoad(world, async () => {
      await readOnly('on');
      await turns(world, 503);
      // The session that ends it has to say itself that it writes.
      await psql(`${postgres.url}?options=-cdefault_transaction_read_only%3Doff`, 'ALTER SYSTEM SET default_transaction_read_only = off');
      await psql(postgres.url, 'SELECT pg_reload_conf()');
      await turns(world, 200);
    });
  });
});
