// TLS to PostgreSQL: with its authority's certificate, without, with somebody else's; and a server that has no TLS.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Postgres, psql } from '../lib/postgres.mjs';
import { binary, testEnvironment } from '../lib/server.mjs';
import { World } from '../lib/world.mjs';

const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of our own in `folder`. */
function makeAuthority(folder, name) {
  openssl('req', '-x509', ...key, '-days', '1', '-subj', `/CN=${name}`, '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`));
  return join(folder, `${name}.crt`);
}

/** A certificate for `names`, signed by the authority `by`. */
function makeCertificate(folder, by, names) {
  const [request, cert, ext] = ['csr', 'crt', 'ext'].map((end) => join(folder, `server.${end}`));
  openssl('req', ...key, '-subj', '/CN=database', '-keyout', join(folder, 'server.key'), '-out', request);
  writeFileSync(ext, `subjectAltName=${names}`);
  openssl('x509', '-req', '-in', request, '-CA', by, '-CAkey', by.replace(/crt$/, 'key'), '-CAcreateserial', '-days', '1', '-extfile', ext, '-out', cert);
}

describe('TLS to PostgreSQL', () => {
  let folder, ours, theirs, postgres, plain, databaseUrl;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rozmova-pg-tls-'));
    [ours, theirs] = [makeAuthority(folder, 'ours'), makeAuthority(folder, 'theirs')];
    makeCertificate(folder, ours, 'DNS:localhost');
    postgres = Postgres.start(['fsync=off']);
    // PostgreSQL takes a key that is its owner's alone, so it lies with its data.
    for (const file of ['server.crt', 'server.key']) copyFileSync(join(folder, file), join(postgres.folder, 'data', file));
    if (process.getuid() === 0) execFileSync('chown', ['postgres:', ...['crt', 'key'].map((end) => join(postgres.folder, 'data', `server.${end}`))]);
    chmodSync(join(postgres.folder, 'data/server.key'), 0o600);
    await psql(postgres.url, 'ALTER SYSTEM SET ssl = on');
    await psql(postgres.url, 'SELECT pg_reload_conf()');
    databaseUrl = (await postgres.newDatabase()).replace('127.0.0.1', 'localhost');
    plain = Postgres.start(['fsync=off']);
  });
  after(() => {
    postgres?.stop();
    plain?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a server whose certificate is right is used, by TLS alone', async () => {
    const world = await World.open({ env: { DATABASE_URL: `${databaseUrl}?sslmode=verify-full&sslrootcert=${ours}` } });
    try {
      const { alice, order } = await world.scene();
      const device = await alice.device();
      const ack = await device.socket.emitWithAck('order_message', { orderId: order.id, content: 'sealed' });
      assert.equal(ack.ok, true, JSON.stringify(ack));
      const open = await psql(databaseUrl, `SELECT count(*) FILTER (WHERE s.ssl), count(*) FILTER (WHERE NOT s.ssl)
        FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'rozmova'`);
      assert.match(open, /^[1-9][0-9]*\|0$/, 'connections with and without TLS');
    } finally {
      await world.close();
    }
  });

  /** What `rozmova migrate` says on its way out, in one line. */
  const refusal = async (url) => {
    const child = spawn(binary, ['migrate'], { env: testEnvironment({ DATABASE_URL: url, DATA_DIR: folder }), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    assert.notEqual(code, 0, said);
    const lines = said.trim().split('\n');
    assert.equal(lines.length, 1, said);
    return lines[0];
  };

  const wrong = {
    'another authority has signed it': [() => `${databaseUrl}?sslmode=verify-full&sslrootcert=${theirs}`, /certificate verify failed.*not signed by the authority in sslrootcert/],
    'it is made for another name': [() => `${databaseUrl.replace('localhost', '127.0.0.1')}?sslmode=verify-full&sslrootcert=${ours}`, /does not match host name.*connect by a name that its certificate has/],
    'the authority is not there': [() => `${databaseUrl}?sslmode=verify-full&sslrootcert=${folder}/none.crt`, /none\.crt.*does not exist.*name the authority's certificate by sslrootcert/],
    'the server has no TLS': [() => `${plain.url}?sslmode=require`, /server does not support SSL.*switch ssl on there/],
    'sslmode is no word that there is': [() => `${databaseUrl}?sslmode=always`, /sslmode.*always.*use sslmode=verify-full/],
  };
  for (const [what, [url, says]] of Object.entries(wrong)) test(what, async () => assert.match(await refusal(url()), says));
});
