// Who may do what: the whole of the contract's table (spec §5), every cell at every door that it has, against a real server.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

// `judge` is any moderator, while the order has a dispute; `idle judge` the same person before it had one.
// yes: allowed. no: FORBIDDEN. A dispute has no column for the idle judge: there is none yet.
const people = ['client', 'performer', 'idle judge', 'judge', 'admin', 'stranger'];
const matrix = {
  //                     client  performer  idle judge  judge   admin  stranger
  order: {
    join:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'yes', 'yes', 'no'],
    read:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'yes', 'yes', 'no'],
    send:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    type:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    mark:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    edit:     /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    delete:   /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    upload:   /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'no', 'yes', 'no'],
    download: /*    */ ['yes', 'yes', /*   */ 'no', /*   */ 'yes', 'yes', 'no'],
  },
  dispute: {
    join:     /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    send:     /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    type:     /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    mark:     /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    edit:     /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    delete:   /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    upload:   /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
    download: /*    */ ['yes', 'yes', /*   */ null, /*   */ 'yes', 'yes', 'no'],
  },
};

/** Over an event: the code of the refusal, or nothing. */
const byEvent = async (device, event, payload) => (await device.asks(event, payload)).error?.code;
/** Over REST: the same. */
const byRest = async (rest, method, path, body, headers) => {
  const answer = await rest.asks(method, path, body, headers);
  if (answer.status < 300) return undefined;
  return answer.body?.error?.code ?? `status ${answer.status}`;
};

/** A door that only the chats of orders have. */
const ofOrders = (does) => Object.assign(does, { kind: 'order' });

/** How each deed is done, door by door: `chat` is {kind, key, id, message, file}, all of the client's. */
const doors = {
  join: { event: (p, c) => byEvent(p.d, `join_${c.kind}_chat`, { [c.key]: c.id }) },
  read: {
    history: (p, c) => byRest(p.rest, 'GET', `/v1/${c.kind}s/${c.id}/messages`),
    order: (p, c) => byRest(p.rest, 'GET', `/v1/${c.kind}s/${c.id}`),
  },
  send: {
    event: (p, c) => byEvent(p.d, `${c.kind}_message`, { [c.key]: c.id, content: 'слово' }),
    rest: ofOrders((p, c) => byRest(p.rest, 'POST', `/v1/orders/${c.id}/messages`, { content: 'слово' })),
  },
  type: { event: (p, c) => byEvent(p.d, `${c.kind}_typing`, { [c.key]: c.id, isTyping: true }) },
  mark: {
    event: (p, c) => byEvent(p.d, `${c.kind}_read`, { [c.key]: c.id, seq: 1 }),
    rest: ofOrders((p, c) => byRest(p.rest, 'POST', `/v1/orders/${c.id}/read`, { seq: 1 })),
  },
  edit: { event: async (p, c) => byEvent(p.d, `${c.kind}_message_edit`, { [c.key]: c.id, messageId: await c.messageOf(p), content: 'інше слово' }) },
  delete: { event: async (p, c) => byEvent(p.d, `${c.kind}_message_delete`, { [c.key]: c.id, messageId: await c.messageOf(p) }) },
  upload: { rest: (p, c) => byRest(p.rest, 'POST', `/v1/uploads?${c.key}=${c.id}&fileName=a.txt`, 'text of a file', { 'content-type': 'text/plain' }) },
  download: { rest: (p, c) => byRest(p.rest, 'GET', `/v1/uploads/${c.file}`) },
};

describe('who may do what', () => {
  let world;
  const persons = {};
  const chats = {};
  before(async () => {
    world = await World.open();
    const { alice, bob, order } = await world.scene();
    const disputed = await world.order(alice, bob);
    const dispute = randomUUID();
    await sqlite(world.server, `INSERT INTO disputes (id, order_id, opened_by) VALUES (${q(dispute)}, ${q(disputed.id)}, ${q(alice.id)})`);
    const judge = await world.person('moderator');
    for (const [name, person] of Object.entries({ client: alice, performer: bob, judge, 'idle judge': judge, admin: world.admin, stranger: await world.person() })) {
      persons[name] = { person, rest: person.rest, d: await person.device() };
    }
    for (const [name, kind, id] of [['quiet', 'order', order.id], ['order', 'order', disputed.id], ['dispute', 'dispute', dispute]]) {
      const chat = { kind, key: `${kind}Id`, id };
      const said = async (p, extra = {}) => (await p.d.does(`${kind}_message`, { [chat.key]: id, content: 'перше слово', ...extra })).message;
      const file = await alice.rest.asks('POST', `/v1/uploads?${chat.key}=${id}&fileName=a.txt`, 'text of a file', { 'content-type': 'text/plain' });
      assert.equal(file.status, 201, file.text);
      chat.file = file.body.id;
      const first = await said(persons.client, { attachments: [{ fileUrl: file.body.fileUrl, fileName: 'a.txt' }] });
      // Everybody at his own message; who cannot have one, at the client's.
      chat.messageOf = async (p) => {
        const ack = await p.d.asks(`${kind}_message`, { [chat.key]: id, content: 'моє' });
        return ack.ok ? ack.message.id : first.id;
      };
      chats[name] = chat;
    }
  });
  after(() => world.close());

  for (const [kind, rows] of Object.entries(matrix)) {
    for (const [deed, cells] of Object.entries(rows)) {
      test(`${kind}: ${deed}`, async () => {
        for (const [i, expected] of cells.entries()) {
          if (expected === null) continue;
          const who = people[i];
          const chat = who === 'idle judge' ? chats.quiet : chats[kind];
          for (const [door, does] of Object.entries(doors[deed])) {
            if (does.kind && does.kind !== kind) continue;
            const code = await does(persons[who], chat);
            assert.equal(code, expected === 'yes' ? undefined : 'FORBIDDEN', `${who}, ${deed} by ${door} in the ${kind} chat`);
          }
        }
      });
    }
  }

  test('nobody changes what somebody else has said', async () => {
    for (const chat of [chats.order, chats.dispute]) {
      const { message } = await persons.client.d.does(`${chat.kind}_message`, { [chat.key]: chat.id, content: 'моє слово' });
      for (const who of ['performer', 'judge', 'admin', 'stranger']) {
        for (const what of ['edit', 'delete']) {
          const code = await byEvent(persons[who].d, `${chat.kind}_message_${what}`, { [chat.key]: chat.id, messageId: message.id, content: 'не моє' });
          assert.equal(code, 'FORBIDDEN', `${who}: ${what}`);
        }
      }
    }
  });

  test('the table has a row for every deed and a cell for everybody', () => {
    for (const rows of Object.values(matrix)) {
      for (const [deed, cells] of Object.entries(rows)) {
        assert.equal(cells.length, people.length, deed);
        assert.ok(deed in doors, deed);
      }
    }
  });
});
