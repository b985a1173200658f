// Who may move an order or a dispute from where to where (spec §5): every pair of statuses, everybody, by event and by REST,
// against a table of the test's own; and the same for opening a dispute and for taking it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { quoted as q, sqlite } from './lib/sqlite.mjs';
import { World } from './lib/world.mjs';

// C the client, P the performer, M a moderator; A, an admin, may do every step there is.
const steps = {
  order: {
    statuses: ['created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed'],
    created: { accepted: 'PA', cancelled: 'CPA' },
    accepted: { in_progress: 'PA', cancelled: 'CPA' },
    in_progress: { delivered: 'PA', cancelled: 'PA' },
    delivered: { completed: 'CA', in_progress: 'CA' },
    completed: {},
    cancelled: {},
    disputed: { in_progress: 'A', delivered: 'A', completed: 'A', cancelled: 'A' }, // once no dispute waits for its decision
    strangers: 'MS', // who has no say about any status
  },
  dispute: {
    statuses: ['open', 'under_review', 'resolved', 'rejected', 'closed'],
    open: { under_review: 'MA' },
    under_review: { resolved: 'MA', rejected: 'MA' },
    resolved: { closed: 'MA' },
    rejected: { closed: 'MA' },
    closed: {},
    strangers: 'S',
  },
};
const everybody = [...'CPMAS'];

/** What must come of it: nothing when it is done, else the code. */
function expected(kind, who, from, to) {
  if (steps[kind].strangers.includes(who)) return 'FORBIDDEN';
  if (from === to) return undefined; // it is so already: answered, and nothing happens
  if (!(to in steps[kind][from])) return 'ILLEGAL_TRANSITION';
  return steps[kind][from][to].includes(who) ? undefined : 'FORBIDDEN';
}

describe('who may move what', () => {
  let world;
  const persons = {};
  before(async () => {
    world = await World.open();
    const { alice, bob } = await world.scene();
    const roles = { C: alice, P: bob, M: await world.person('moderator'), A: world.admin, S: await world.person() };
    for (const [who, person] of Object.entries(roles)) persons[who] = { person, rest: person.rest, d: await person.device() };
  });
  after(() => world.close());

  /** `n` orders or disputes with that status, as some other program has left them. */
  async function given(kind, status, n) {
    const ids = [];
    const sql = [];
    for (let i = 0; i < n; ++i) {
      const order = await world.order(persons.C.person, persons.P.person);
      const dispute = randomUUID();
      const order_status = kind === 'order' ? status : 'disputed';
      // A moderator enters the matter of an order by its dispute; this one is decided, so the order waits for nobody.
      const dispute_status = kind === 'order' ? 'resolved' : status;
      sql.push(
        `UPDATE orders SET status = '${order_status}' WHERE id = ${q(order.id)}`,
        `INSERT INTO disputes (id, order_id, opened_by, status) VALUES (${q(dispute)}, ${q(order.id)}, ${q(persons.C.person.id)}, '${dispute_status}')`,
      );
      ids.push(kind === 'order' ? order.id : dispute);
    }
    await sqlite(world.server, `BEGIN; ${sql.join('; ')}; COMMIT;`);
    return ids;
  }

  const doors = {
    event: async (p, kind, id, status) => (await p.d.asks(`${kind}_status`, { [`${kind}Id`]: id, status })).error?.code,
    rest: async (p, kind, id, status) => (await p.rest.asks('POST', `/v1/${kind}s/${id}/status`, { status })).body?.error?.code,
  };
  const stands = async (kind, id) => (await world.admin.rest.does('GET', `/v1/${kind}s/${id}`)).status;

  for (const kind of ['order', 'dispute']) {
    for (const from of steps[kind].statuses) {
      test(`${kind}: from ${from}`, async () => {
        const cells = everybody.flatMap((who) => steps[kind].statuses.flatMap((to) => Object.keys(doors).map((door) => ({ who, to, door }))));
        const moves = cells.filter(({ who, to }) => from !== to && expected(kind, who, from, to) === undefined);
        const [still, ...fresh] = await given(kind, from, 1 + moves.length);
        for (const { who, to, door } of cells) {
          const wanted = expected(kind, who, from, to);
          const id = wanted === undefined && from !== to ? fresh.pop() : still;
          const name = `${who}: ${kind} ${from} to ${to} by ${door}`;
          assert.equal(await doors[door](persons[who], kind, id, to), wanted, name);
          if (id !== still) assert.equal(await stands(kind, id), to, name);
        }
        assert.equal(await stands(kind, still), from, 'a refusal changes nothing');
        assert.deepEqual(fresh, []);
      });
    }
  }

  test('a dispute is opened by a party or in its name, from every status but cancelled', async () => {
    for (const status of steps.order.statuses) {
      for (const who of everybody) {
        const order = await world.order(persons.C.person, persons.P.person);
        await sqlite(world.server, `UPDATE orders SET status = '${status}' WHERE id = ${q(order.id)}`);
        const { body } = await persons[who].rest.asks('POST', `/v1/orders/${order.id}/disputes`, { reason: 'Кран тече' });
        const wanted = !'CPA'.includes(who) ? 'FORBIDDEN' : status === 'cancelled' ? 'ILLEGAL_TRANSITION' : undefined;
        assert.equal(body.error?.code, wanted, `${who}, ${status}`);
        if (!wanted) assert.equal(await stands('order', order.id), 'disputed');
      }
    }
  });

  // What somebody may make of it when it is nobody's, his own, another moderator's: to take it, to give it to another, to
  // give it back.
  const conflict = 'CONFLICT', no = 'FORBIDDEN', yes = undefined;
  const assigning = [
    //       whose      take      give      back
    ['M', 'nobody', [/**/ yes, /*   */ no, /**/ yes]], // it is nobody's already
    ['M', 'own', [/*   */ yes, /*   */ yes, /**/ yes]],
    ['M', 'another', [conflict, conflict, conflict]],
    ['A', 'nobody', [/**/ yes, /*   */ yes, /**/ yes]],
    ['A', 'another', [/**/ yes, /*   */ yes, /**/ yes]],
    ...['C', 'P', 'S'].flatMap((who) => [[who, 'nobody', [no, no, no]], [who, 'another', [no, no, no]]]),
  ];
  test('a dispute is taken, handed over and given back', async () => {
    const [another, third] = [await world.person('moderator'), await world.person('moderator')];
    for (const [who, whose, cells] of assigning) {
      for (const [i, body] of [{}, { moderatorId: third.id }, { moderatorId: null }].entries()) {
        const [id] = await given('dispute', 'open', 1);
        const has = whose === 'nobody' ? null : whose === 'own' ? persons[who].person : another;
        if (has) await has.rest.does('POST', `/v1/disputes/${id}/assign`, {});
        const name = `${who}: ${JSON.stringify(body)} of ${whose}`;
        const answer = await persons[who].rest.asks('POST', `/v1/disputes/${id}/assign`, body);
        assert.equal(answer.body.error?.code, cells[i], name);
        const now = (await world.admin.rest.does('GET', `/v1/disputes/${id}`)).moderator?.id ?? null;
        const wanted = cells[i] !== yes ? (has?.id ?? null) : 'moderatorId' in body ? body.moderatorId : persons[who].person.id;
        assert.equal(now, wanted, name);
      }
    }
    const [closed] = await given('dispute', 'closed', 1);
    await persons.M.rest.isRefused('POST', `/v1/disputes/${closed}/assign`, {}, 409, 'CHAT_CLOSED');
  });
});
