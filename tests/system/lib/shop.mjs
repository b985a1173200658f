// A marketplace's own database, as unlike ours as may be: other names, other words, parties in a table of their own, times
// in seconds. Written with the sqlite3 shell, as another program would.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

const quoted = (value) => (value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`);

export class Shop {
  constructor(path) {
    this.path = path;
    this.sql`
      CREATE TABLE IF NOT EXISTS accounts (pk INTEGER PRIMARY KEY, uuid TEXT UNIQUE, full_name TEXT, kind TEXT, registered INTEGER);
      CREATE TABLE IF NOT EXISTS orders (uuid TEXT PRIMARY KEY, no INTEGER, what TEXT, state TEXT, changed INTEGER, cents INTEGER);
      CREATE TABLE IF NOT EXISTS members (deal TEXT REFERENCES orders (uuid), account INTEGER REFERENCES accounts (pk), part TEXT);
      CREATE TABLE IF NOT EXISTS claims (uuid TEXT PRIMARY KEY, deal TEXT, by_whom INTEGER, judge INTEGER, why TEXT, state TEXT, opened INTEGER);`;
    this.before = this.schema();
  }

  /** Runs SQL as another program would, in one process of its own; the rows of the last statement. */
  run(text) {
    const out = execFileSync('sqlite3', ['-json', '-cmd', '.timeout 10000', this.path, text], { encoding: 'utf8' });
    return out.trim() ? JSON.parse(out.slice(out.lastIndexOf('\n[') + 1)) : [];
  }

  sql(parts, ...values) {
    return this.run(String.raw({ raw: parts }, ...values.map(quoted)));
  }

  /** Everything of theirs as it stands in the schema. */
  schema() {
    return this.sql`SELECT name, sql FROM sqlite_master WHERE tbl_name IN ('accounts', 'orders', 'members', 'claims') ORDER BY name`;
  }

  person(id, name, kind) {
    return this.sql`INSERT INTO accounts (uuid, full_name, kind, registered) VALUES (${id}, ${name}, ${kind}, 1700000000) RETURNING pk`[0].pk;
  }

  deal(buyer, seller, state = 'NEW') {
    const id = randomUUID();
    this.sql`INSERT INTO orders VALUES (${id}, 77, 'Кран', ${state}, 1700000000, 12050);
             INSERT INTO members VALUES (${id}, ${buyer}, 'buyer'), (${id}, ${seller}, 'seller')`;
    return id;
  }

  /** What it does in a transaction of its own: some SQL, and a row of the outbox. */
  outbox(kind, payload, { work = '', end = 'COMMIT' } = {}) {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    this.run(`BEGIN IMMEDIATE; ${work}; INSERT INTO rozmova_outbox (kind, payload) VALUES (${quoted(kind)}, ${quoted(text)}); ${end};`);
  }

  outboxRows() {
    return this.sql`SELECT * FROM rozmova_outbox ORDER BY id`;
  }
}

const party = (part) => `(SELECT a.uuid FROM members m JOIN accounts a ON a.pk = m.account WHERE m.deal = d.uuid AND m.part = '${part}')`;

/** The section of the config file that describes it; `more` goes behind each table's lines. */
export async function writeMapping(path, { attach, orders = '', disputes = '' } = {}) {
  const schema = attach ? 'marketplace' : 'main';
  await writeFile(path, `
[marketplace]
times = "unix_s"
${attach ? `attach = "sqlite:${attach}"` : ''}

[marketplace.users]
from = "accounts"
id = "uuid"
name = "full_name"
role = "kind"
created_at = "registered"
roles = { client = ["BUYER", "VIP"], performer = "SELLER", moderator = "SUPPORT", admin = "BOSS" }

[marketplace.orders]
from = "${schema}.orders d"
id = "d.uuid"
number = "d.no"
title = "d.what"
client = "${party('buyer')}"
performer = "${party('seller')}"
status = "d.state"
amount_minor = "d.cents"
currency = "'UAH'"
created_at = "d.changed"
updated_at = "d.changed"
statuses = { created = "NEW", accepted = "AGREED", in_progress = ["WORK", "WORK2"], delivered = "SENT", completed = "DONE", cancelled = "OFF", disputed = "CLAIMED" }
${orders}

[marketplace.disputes]
from = "${schema}.claims c"
id = "c.uuid"
order = "c.deal"
opened_by = "(SELECT uuid FROM accounts WHERE pk = c.by_whom)"
moderator = "(SELECT uuid FROM accounts WHERE pk = c.judge)"
reason = "c.why"
status = "c.state"
created_at = "c.opened"
updated_at = "c.opened"
statuses = { open = "OPENED", under_review = "LOOKED", resolved = "RIGHT", rejected = "WRONG", closed = "SHUT" }
${disputes}
`);
}
