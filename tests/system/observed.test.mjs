// What is seen from outside: a session by the script, and then a line in the log and a number in /metrics for each thing
// that happened in it; no token and no text of a message anywhere.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, holds } from './lib/deadline.mjs';
import { pollingOnly } from './lib/device.mjs';
import { Rest } from './lib/rest.mjs';
import { onPostgres } from './lib/postgres.mjs';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { sign } from './lib/token.mjs';
import { World } from './lib/world.mjs';

const words = 'цілком таємні слова';
const serviceToken = 'service-token-0123456789-0123456789';

describe('seen from outside', () => {
  let world, alice, bob, order, a, b, sockets;
  const tokens = [];
  const lines = (event, wanted = {}) =>
    world.server.log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter((line) => line.event === event && Object.entries(wanted).every(([key, value]) => line[key] === value));
  /** Exactly one such line, with these members too. */
  const oneLine = async (event, wanted, also = []) => {
    const found = await eventually(`the line ${event} ${JSON.stringify(wanted)}`, () => lines(event, wanted).length > 0 && lines(event, wanted));
    assert.equal(found.length, 1, JSON.stringify(found));
    for (const key of ['ts', 'level', ...also]) assert.ok(found[0][key] !== undefined, `${key} in ${JSON.stringify(found[0])}`);
    return found[0];
  };
  const metrics = async () => {
    const text = await (await fetch(`${world.url}/metrics`)).text();
    const samples = new Map(text.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => [l.slice(0, l.lastIndexOf(' ')), Number(l.slice(l.lastIndexOf(' ') + 1))]));
    return { text, at: (name) => samples.get(name) ?? 0, has: (name) => samples.has(name) };
  };

  before(async () => {
    world = await World.open({ env: { LOG_LEVEL: 'debug', SERVICE_TOKEN: serviceToken } });
    ({ alice, bob, order, a, b } = await world.talk());
    sockets = { a: a.socket.id, b: b.socket.id };
    const message = await a.sends(order, words, { clientMessageId: 'once' });
    await a.sends(order, words, { clientMessageId: 'once' });
    await b.hears('order_message');
    await b.does('order_read', { orderId: order.id, seq: message.seq });
    await a.types(order);
    await b.hears('order_typing');
    await b.isRefused('order_message', { orderId: order.id, content: '' }, 'INVALID_PAYLOAD');
    await b.isRefused('order_typing', { orderId: (await world.order(alice, world.admin)).id, isTyping: true }, 'FORBIDDEN');
    await b.isRefused('no_such_event', { secret: words }, 'NOT_FOUND');
    const bad = sign({ sub: alice.id }, 'not the secret of this server');
    tokens.push(alice.token(), bob.token(), bad);
    await world.device({ auth: { token: bad } }).isTurnedAway();
    await new Rest(world.url, bad).asks('GET', '/v1/me');
    await bob.rest.sends(order, words);
    await (await world.person()).rest.asks('GET', `/v1/orders/${order.id}`);
    const m = await world.admin.device(pollingOnly);
    await m.joins(order, { afterSeq: 1 });
    await m.leaves(order);
    await m.closes();
    await b.closes();
  });
  after(() => world.close());

  test('connections and their ends: user, socket, how and how long', async () => {
    for (const [person, device] of [[alice, a], [bob, b]]) {
      const socket = device === a ? sockets.a : sockets.b;
      const line = await oneLine('connection', { user: person.id, socket }, ['address', 'role']);
      assert.equal(line.transport, 'websocket');
    }
    const end = await oneLine('disconnection', { user: bob.id, socket: sockets.b }, ['duration_ms']);
    assert.equal(end.reason, 'client namespace disconnect');
    assert.equal(lines('disconnection', { user: alice.id }).length, 0);
    holds(await oneLine('connection_refused', { code: 'UNAUTHORIZED' }, ['socket', 'address', 'reason']), { level: 'info' });
  });

  test('joins, leaves, broadcasts, presence', async () => {
    const chat = `order:${order.id}`;
    await oneLine('join', { user: alice.id, chat, socket: sockets.a }, ['duration_us']);
    await oneLine('join', { user: world.admin.id, chat }, ['duration_us']);
    await oneLine('leave', { user: world.admin.id, chat }, ['socket']);
    const sent = await oneLine('broadcast', { name: 'order_message', user: alice.id, chat }, ['duration_us']);
    assert.equal(sent.seq, 1, 'the repetition was no second broadcast');
    await oneLine('broadcast', { name: 'order_message', user: bob.id, chat, seq: 2 });
    await oneLine('broadcast', { name: 'order_read', user: bob.id, chat, seq: 1 });
    await oneLine('presence', { user: alice.id, online: true });
  });

  test('refusals, over events and over REST, with their reasons', async () => {
    await oneLine('refusal', { name: 'order_message', user: bob.id, socket: sockets.b, code: 'INVALID_PAYLOAD' }, ['reason']);
    await oneLine('refusal', { name: 'order_typing', user: bob.id, code: 'FORBIDDEN' }, ['reason']);
    await oneLine('refusal', { name: 'no_such_event', user: bob.id, code: 'NOT_FOUND' });
    await oneLine('refusal', { method: 'GET', path: `/v1/orders/${order.id}`, code: 'FORBIDDEN', status: 403 }, ['duration_us', 'address']);
    await oneLine('refusal', { method: 'GET', path: '/v1/me', code: 'UNAUTHORIZED', status: 401 });
  });

  test('whoever looks into a chat that is not his own stands in the audit log', async () => {
    await world.admin.rest.reads(order);
    const entries = () => sqlite(world.server, `SELECT actor_id || ' ' || action FROM audit_log WHERE subject_id = ${q(order.id)} AND action = 'enter_chat'`);
    assert.equal(await eventually('the line is there', entries), `${world.admin.id} enter_chat`, 'one line a minute');
  });

  test('no token and no text of a message stands in the log', () => {
    for (const secret of [words, ...tokens, ...tokens.map((t) => t.split('.')[2]), world.admin.token().split('.')[0] + '.']) {
      assert.ok(!world.server.log.includes(secret), secret);
    }
  });

  test('each of them is a number of ours', async () => {
    const m = await metrics();
    await eventually('the connections are counted', async () => (await metrics()).at('rozmova_connections{transport="websocket"}') === 1);
    assert.equal(m.at('rozmova_messages_stored_total'), 2);
    assert.equal(m.at('rozmova_messages_duplicate_total'), 1);
    assert.equal(m.at('rozmova_connects_total'), 3);
    assert.equal(m.at('rozmova_connects_refused_total'), 1);
    assert.equal(m.at('rozmova_joins_total'), 3);
    assert.equal(m.at('rozmova_reconnects_total'), 1);
    assert.equal(m.at('rozmova_leaves_total'), 1);
    assert.equal(m.at('rozmova_typing_relayed_total') >= 1, true);
    assert.equal(m.at('rozmova_refusals_total{code="INVALID_PAYLOAD"}'), 1);
    assert.equal(m.at('rozmova_refusals_total{code="UNAUTHORIZED"}'), 2);
    assert.equal(m.at('rozmova_refusals_total{code="FORBIDDEN"}'), 2);
    assert.equal(m.at('rozmova_delivery_seconds_count'), 2);
    assert.ok(m.at('rozmova_ack_seconds_count') >= 10 && m.at('rozmova_ack_seconds_sum') > 0);
    assert.ok(m.at('rozmova_http_request_seconds_count') >= 5);
    assert.ok(m.at('rozmova_db_batches_total') > 0 && m.at('rozmova_db_deeds_total') >= m.at('rozmova_db_batches_total'));
    assert.ok(m.at('rozmova_events_in_total') >= 11 && m.at('rozmova_events_out_total') >= 5);
    for (const name of ['rozmova_slow_consumers_total', 'rozmova_db_queue_deeds', 'rozmova_db_commit_seconds_max', 'rozmova_users_online', 'rozmova_rooms', 'rozmova_build_info{version="0.1.0"}']) {
      assert.ok(m.has(name), name);
    }
    assert.equal(m.at('rozmova_delivery_seconds_bucket{le="+Inf"}'), 2);
  });

  test('and of the names that dashboards of Socket.IO know', async () => {
    const m = await metrics();
    const of = (name, event) => m.at(`${name}{event="${event}",namespace="/"}`);
    assert.equal(m.at('socket_io_connected'), 1);
    assert.equal(m.at('socket_io_connect_total'), 3);
    assert.equal(m.at('socket_io_disconnect_total'), 2);
    assert.ok(m.at('socket_io_errors_total') >= 5);
    assert.equal(of('socket_io_events_received_total', 'order_message'), 3);
    assert.equal(of('socket_io_events_received_total', 'join_order_chat'), 3);
    assert.equal(of('socket_io_events_received_total', 'other'), 1, 'names of strangers are no labels');
    assert.equal(of('socket_io_events_sent_total', 'order_message'), 2);
    assert.ok(of('socket_io_recieve_bytes', 'order_message') > 3 * 60);
    assert.ok(of('socket_io_transmit_bytes', 'order_message') > 2 * 200);
    assert.ok(!m.text.includes('no_such_event'));
    const types = [...m.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    assert.equal(new Set(types).size, types.length, 'each family once');
  });

  test('by whatever door, the backend too, and parties never', async () => {
    const service = new Rest(world.url, serviceToken);
    const upload = async (where) => (await alice.rest.asks('POST', `/v1/uploads?orderId=${where.id}&fileName=a.txt`, 'text', { 'content-type': 'text/plain' })).body;
    const rows = (subject) => sqlite(world.server, `SELECT coalesce(CAST(actor_id AS TEXT), 'service') || ' ' || ${onPostgres ? "(CAST(detail AS JSON) ->> 'by')" : "json_extract(detail, '$.by')"} FROM audit_log WHERE action = 'enter_chat' AND subject_id = ${q(subject)} ORDER BY id`);
    const doors = {
      history: (who, c) => who.does('GET', `${c.path}/messages`),
      details: (who, c) => who.does('GET', c.path),
      changes: (who, c) => who.does('GET', `${c.path}/changes`),
      notes: (who, c) => c.path.includes('disputes') && who.does('GET', `${c.path}/notes`),
      file: (who, c) => c.file && who.asks('GET', c.file.fileUrl),
    };
    const judge = await world.person('moderator');
    for (const [door, enters] of Object.entries(doors)) {
      const place = await world.order(alice, bob);
      const dispute = await alice.rest.does('POST', `/v1/orders/${place.id}/disputes`, { reason: 'Кран тече' });
      for (const chat of [{ id: place.id, path: `/v1/orders/${place.id}`, file: await upload(place) }, { id: dispute.id, path: `/v1/disputes/${dispute.id}` }]) {
        if (door !== 'notes') await enters(alice.rest, chat);
        if (!(await enters(judge.rest, chat))) continue;
        assert.equal(await eventually(`${door} of ${chat.path}`, () => rows(chat.id)), `${judge.id} ${door}`);
        if (door !== 'history') continue;
        await enters(service, chat);
        await eventually('the backend', async () => (await rows(chat.id)) === `${judge.id} history\nservice history`);
      }
    }
    await judge.rest.does('GET', '/v1/disputes');
    await eventually('the list', async () => (await rows('00000000-0000-0000-0000-000000000000')).includes(`${judge.id} list`));
  });
});
