// Who may do what: the whole of the contract's table (spec §5), every cell at every door that it has, against a real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rest } from './lib/rest.mjs';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

// `judge` is any moderator, while the order has a dispute; `idle judge` the same person before it had one; `own judge` a
// client whose token says moderator: he is a party and nothing else. A dispute has no cell for the idle judge: there is none yet.
// yes: allowed. no: FORBIDDEN. shut: CHAT_CLOSED.
const people = ['client', 'performer', 'own judge', 'idle judge', 'judge', 'admin', 'stranger'];
const yes = undefined, no = 'FORBIDDEN', shut = 'CHAT_CLOSED', none = null;
const matrix = {
  //                client perform. own j. idle j. judge  admin  stranger
  order: {
    join:      /**/ [yes,  yes,     yes,   no,     yes,   yes,   no],
    read:      /**/ [yes,  yes,     yes,   no,     yes,   yes,   no],
    send:      /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    type:      /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    mark:      /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    edit:      /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    delete:    /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    upload:    /**/ [yes,  yes,     yes,   no,     no,    yes,   no],
    download:  /**/ [yes,  yes,     yes,   no,     yes,   yes,   no],
    revisions: /**/ [no,   no,      no,    no,     yes,   yes,   no],
  },
  dispute: {
    join:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    read:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    send:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    type:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    mark:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    edit:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    delete:    /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    upload:    /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    download:  /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    revisions: /**/ [no,   no,      no,    none,   yes,   yes,   no],
    note:      /**/ [no,   no,      no,    none,   yes,   yes,   no],
    notes:     /**/ [no,   no,      no,    none,   yes,   yes,   no],
  },
  // A cancelled order, whose dispute is not closed.
  'closed order': {
    join:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    read:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    send:      /**/ [shut, shut,    shut,  none,   no,    shut,  no],
    type:      /**/ [shut, shut,    shut,  none,   no,    shut,  no],
    mark:      /**/ [yes,  yes,     yes,   none,   no,    yes,   no],
    edit:      /**/ [shut, shut,    shut,  none,   no,    shut,  no],
    delete:    /**/ [shut, shut,    shut,  none,   no,    shut,  no],
    upload:    /**/ [shut, shut,    shut,  none,   no,    shut,  no],
    download:  /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    revisions: /**/ [no,   no,      no,    none,   yes,   yes,   no],
  },
  'closed dispute': {
    join:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    read:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    send:      /**/ [shut, shut,    shut,  none,   shut,  shut,  no],
    type:      /**/ [shut, shut,    shut,  none,   shut,  shut,  no],
    mark:      /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    edit:      /**/ [shut, shut,    shut,  none,   shut,  shut,  no],
    delete:    /**/ [shut, shut,    shut,  none,   shut,  shut,  no],
    upload:    /**/ [shut, shut,    shut,  none,   shut,  shut,  no],
    download:  /**/ [yes,  yes,     yes,   none,   yes,   yes,   no],
    revisions: /**/ [no,   no,      no,    none,   yes,   yes,   no],
    note:      /**/ [no,   no,      no,    none,   shut,  shut,  no],
    notes:     /**/ [no,   no,      no,    none,   yes,   yes,   no],
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

/** How each deed is done, door by door: `chat` is {kind, key, id, said, file, first}. */
const doors = {
  join: { event: (p, c) => byEvent(p.d, `join_${c.kind}_chat`, { [c.key]: c.id }) },
  read: {
    history: (p, c) => byRest(p.rest, 'GET', `${c.path}/messages`),
    changes: (p, c) => byRest(p.rest, 'GET', `${c.path}/changes`),
    itself: (p, c) => byRest(p.rest, 'GET', c.path),
  },
  send: {
    event: (p, c) => byEvent(p.d, `${c.kind}_message`, { [c.key]: c.id, content: 'слово' }),
    rest: (p, c) => byRest(p.rest, 'POST', `${c.path}/messages`, { content: 'слово' }),
  },
  type: { event: (p, c) => byEvent(p.d, `${c.kind}_typing`, { [c.key]: c.id, isTyping: true }) },
  mark: {
    event: (p, c) => byEvent(p.d, `${c.kind}_read`, { [c.key]: c.id, seq: 1 }),
    rest: (p, c) => byRest(p.rest, 'POST', `${c.path}/read`, { seq: 1 }),
  },
  edit: {
    event: (p, c) => byEvent(p.d, `${c.kind}_message_edit`, { [c.key]: c.id, messageId: c.messageOf(p), content: 'інше слово' }),
    rest: (p, c) => byRest(p.rest, 'PATCH', `${c.path}/messages/${c.messageOf(p)}`, { content: 'інше слово' }),
  },
  delete: {
    event: (p, c) => byEvent(p.d, `${c.kind}_message_delete`, { [c.key]: c.id, messageId: c.messageOf(p) }),
    rest: (p, c) => byRest(p.rest, 'DELETE', `${c.path}/messages/${c.messageOf(p)}`),
  },
  upload: { rest: (p, c) => byRest(p.rest, 'POST', `/v1/uploads?${c.key}=${c.id}&fileName=a.txt`, 'text of a file', { 'content-type': 'text/plain' }) },
  download: {
    rest: (p, c) => byRest(p.rest, 'GET', `/v1/uploads/${c.file}`),
    link: (p, c) => byRest(p.rest, 'POST', `/v1/uploads/${c.file}/link`),
  },
  revisions: { rest: (p, c) => byRest(p.rest, 'GET', `${c.path}/messages/${c.first}/revisions`) },
  note: {
    event: (p, c) => byEvent(p.d, 'dispute_note', { disputeId: c.id, content: 'між нами' }),
    rest: (p, c) => byRest(p.rest, 'POST', `${c.path}/notes`, { content: 'між нами' }),
  },
  notes: { rest: (p, c) => byRest(p.rest, 'GET', `${c.path}/notes`) },
};
const changedOneByOne = Object.keys(doors.edit).length + Object.keys(doors.delete).length;

describe('who may do what', () => {
  let world;
  const persons = {};
  const chats = {};

  /** A chat of that kind as everybody has found it; who may write has said something in it. */
  async function chatOf(kind, id) {
    const chat = { kind, key: `${kind}Id`, id, path: `/v1/${kind}s/${id}`, said: new Map() };
    const file = await persons.client.rest.asks('POST', `/v1/uploads?${chat.key}=${id}&fileName=a.txt`, 'text of a file', { 'content-type': 'text/plain' });
    assert.equal(file.status, 201, file.text);
    chat.file = file.body.id;
    const attachments = [{ fileUrl: file.body.fileUrl, fileName: 'a.txt' }];
    chat.first = (await persons.client.d.does(`${kind}_message`, { [chat.key]: id, content: 'перше слово', attachments })).message.id;
    for (const p of new Set(Object.values(persons))) {
      const own = [];
      for (let i = 0; i < changedOneByOne; ++i) {
        const ack = await p.d.asks(`${kind}_message`, { [chat.key]: id, content: 'моє' });
        if (ack.ok) own.push(ack.message.id);
      }
      chat.said.set(p, own);
    }
    // Everybody at messages of his own, each once; who has none, at the client's.
    chat.messageOf = (p) => chat.said.get(p).pop() ?? chat.first;
    return chat;
  }

  before(async () => {
    world = await World.open();
    const { alice, bob, order } = await world.scene();
    const own = await world.person('client');
    const judge = await world.person('moderator');
    for (const [name, person] of Object.entries({ client: alice, performer: bob, judge, admin: world.admin, stranger: await world.person() })) {
      persons[name] = { person, rest: person.rest, d: await person.device() };
    }
    persons['idle judge'] = persons.judge;
    // The own judge has orders of his own, because an order has two parties.
    const token = own.token({ role: 'moderator' });
    persons['own judge'] = { person: own, rest: new Rest(world.url, token), d: await world.device({ auth: { token } }).connects() };

    for (const [who, person] of [['', alice], ['own ', own]]) {
      const as = who ? { ...persons, client: persons['own judge'] } : persons;
      const order_ = async () => (await world.order(person, bob)).id;
      const dispute_ = async (id) => (await as.client.rest.does('POST', `/v1/orders/${id}/disputes`, { reason: 'Кран тече' })).id;
      const disputed = await order_(), cancelled = await order_(), decided = await order_();
      const open = await dispute_(disputed), closed = await dispute_(decided), kept = await dispute_(cancelled);
      const before_ = persons.client;
      persons.client = as.client;
      chats[`${who}order`] = await chatOf('order', disputed);
      chats[`${who}dispute`] = await chatOf('dispute', open);
      chats[`${who}closed order`] = await chatOf('order', cancelled);
      chats[`${who}closed dispute`] = await chatOf('dispute', closed);
      persons.client = before_;
      for (const status of ['under_review', 'resolved', 'closed'])
        await world.admin.rest.does('POST', `/v1/disputes/${closed}/status`, { status });
      await sqlite(world.server, `UPDATE orders SET status = 'cancelled' WHERE id = ${q(cancelled)}`);
      assert.ok(kept);
    }
    chats.quiet = await chatOf('order', order.id);
  });
  after(() => world.close());

  for (const [name, rows] of Object.entries(matrix)) {
    for (const [deed, cells] of Object.entries(rows)) {
      test(`${name}: ${deed}`, async () => {
        for (const [i, expected] of cells.entries()) {
          if (expected === none) continue;
          const who = people[i];
          const chat = who === 'idle judge' ? chats.quiet : chats[who === 'own judge' ? `own ${name}` : name];
          for (const [door, does] of Object.entries(doors[deed])) {
            const code = await does(persons[who], chat);
            assert.equal(code, expected, `${who}, ${deed} by ${door} in the ${name} chat`);
          }
        }
      });
    }
  }

  test('nobody changes what somebody else has said', async () => {
    for (const chat of [chats.order, chats.dispute]) {
      for (const who of ['performer', 'judge', 'admin', 'stranger']) {
        for (const what of ['edit', 'delete']) {
          for (const [door, does] of Object.entries(doors[what])) {
            const code = await does(persons[who], { ...chat, messageOf: () => chat.first });
            assert.equal(code, 'FORBIDDEN', `${who}: ${what} by ${door}`);
          }
        }
      }
    }
  });

  test('the table has a row for every deed and a cell for everybody', () => {
    const named = new Set();
    for (const rows of Object.values(matrix)) {
      for (const [deed, cells] of Object.entries(rows)) {
        assert.equal(cells.length, people.length, deed);
        named.add(deed);
      }
    }
    assert.deepEqual([...named].sort(), Object.keys(doors).sort());
  });
});
