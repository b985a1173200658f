// Where the peers keep messages. A store is
//   append(message, done)      sets message.seq, calls done(error) once the message is as safe as the store promises
//   after(orderId, afterSeq)   the messages after it, oldest first (a value or a promise); absent: nothing is kept
//
//   none       numbers the messages and keeps nothing
//   sqlite     WAL, synchronous=FULL, one transaction for all that arrived in a turn of the event loop
//   pgpool     pg: a pool, one prepared insert a message
//   pgpipe     postgres.js: the same, pipelined on each connection
//   pgbatch    postgres.js: one prepared insert of all that arrived while the last one ran (group commit)
//   pgnative   Bun's own client: one prepared insert a message, pipelined
//   pg         the fastest of these by our measurement, see bench/README.md

import { createRequire } from "node:module";

const isBun = process.versions.bun !== undefined;
const columns = "id, order_id, seq, sender_id, receiver_id, content, type, client_message_id, created_at";
const catchUpMax = 200;
const connectionsMax = Number(process.env.PG_CONNECTIONS ?? 8);

const valuesOf = (m) => [m.id, m.orderId, m.seq, m.senderId, m.receiverId, m.content, m.type, m.clientMessageId, m.createdAt];
const messageOf = (row) => ({
  id: row.id, orderId: row.order_id, seq: Number(row.seq), senderId: row.sender_id, receiverId: row.receiver_id,
  content: row.content, type: row.type, fileUrl: null, fileName: null, attachments: [], replyTo: null,
  clientMessageId: row.client_message_id, readAt: null, editedAt: null, deletedAt: null, createdAt: row.created_at,
});

/** `kind` as above; `database`: a file or a postgres:// address; `modules`: the folder whose better-sqlite3 is used. */
export function openStore(kind, database, modules = import.meta.url) {
  switch (kind) {
    case "none": return numbered();
    case "sqlite": return openSqlite(database, modules);
    case "pg": return openPostgresBatch(database);
    case "pgbatch": return openPostgresBatch(database);
    case "pgpipe": return openPostgresPipeline(database);
    case "pgpool": return openPostgresPool(database);
    case "pgnative": return openBunSql(database);
    default: throw new Error(`unknown store: ${kind}`);
  }
}

/** The next seq of each chat, from memory: one process owns the chats. */
function counter() {
  const lastSeq = new Map();
  return (orderId) => {
    const seq = (lastSeq.get(orderId) ?? 0) + 1;
    lastSeq.set(orderId, seq);
    return seq;
  };
}

function numbered() {
  const next = counter();
  return {
    append(message, done) {
      message.seq = next(message.orderId);
      done();
    },
  };
}

async function openSqlite(file, modules) {
  const Database = isBun ? (await import("bun:sqlite")).Database : createRequire(modules)("better-sqlite3");
  const db = new Database(file);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(`CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, order_id TEXT NOT NULL, seq INTEGER NOT NULL, sender_id TEXT NOT NULL, receiver_id TEXT,
    content TEXT NOT NULL, type TEXT NOT NULL, client_message_id TEXT, created_at TEXT NOT NULL,
    UNIQUE (order_id, seq), UNIQUE (order_id, sender_id, client_message_id)) WITHOUT ROWID`);
  const insert = db.prepare(`INSERT INTO messages (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const later = db.prepare(`SELECT ${columns} FROM messages WHERE order_id = ? AND seq > ? ORDER BY seq LIMIT ${catchUpMax}`);
  const [begin, commit] = ["BEGIN IMMEDIATE", "COMMIT"].map((sql) => db.prepare(sql));
  const next = counter();
  let waiting = [];

  function flush() {
    const batch = waiting;
    waiting = [];
    begin.run();
    for (const { message } of batch) {
      message.seq = next(message.orderId);
      insert.run(...valuesOf(message));
    }
    commit.run();
    for (const { done } of batch) done();
  }

  return {
    append(message, done) {
      if (waiting.push({ message, done }) === 1) setImmediate(flush);
    },
    after: (orderId, afterSeq) => later.all(orderId, afterSeq).map(messageOf),
  };
}

// ---- PostgreSQL

const table = `CREATE TABLE IF NOT EXISTS messages (
  id uuid PRIMARY KEY, order_id uuid NOT NULL, seq bigint NOT NULL, sender_id uuid NOT NULL, receiver_id uuid,
  content text NOT NULL, type text NOT NULL, client_message_id text, created_at timestamptz NOT NULL,
  UNIQUE (order_id, seq), UNIQUE (order_id, sender_id, client_message_id))`;
const insertOne = `INSERT INTO messages (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
const insertMany = `INSERT INTO messages (${columns}) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[],
  $5::uuid[], $6::text[], $7::text[], $8::text[], $9::timestamptz[])`;
const selectLater = `SELECT ${columns} FROM messages WHERE order_id = $1 AND seq > $2 ORDER BY seq LIMIT ${catchUpMax}`;

async function openPostgresPool(url) {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, min: connectionsMax, max: connectionsMax, idleTimeoutMillis: 0 });
  await pool.query(table);
  const next = counter();
  return {
    append(message, done) {
      message.seq = next(message.orderId);
      pool.query({ name: "insert", text: insertOne, values: valuesOf(message) }).then(() => done(), done);
    },
    async after(orderId, afterSeq) {
      const { rows } = await pool.query({ name: "later", text: selectLater, values: [orderId, afterSeq] });
      return rows.map(messageOf);
    },
  };
}

async function connectPostgresJs(url) {
  const { default: postgres } = await import("postgres");
  // Timestamps go as text: createdAt is an ISO string already, and parsing it into a Date would be work for nothing.
  const sql = postgres(url, { max: connectionsMax, prepare: true, fetch_types: false, idle_timeout: 0, onnotice: () => {},
    types: { date: { to: 1184, from: [1082, 1114, 1184], serialize: (x) => x, parse: (x) => x } } });
  await sql.unsafe(table);
  return sql;
}

async function openPostgresPipeline(url) {
  const sql = await connectPostgresJs(url);
  const next = counter();
  return {
    append(message, done) {
      message.seq = next(message.orderId);
      sql.unsafe(insertOne, valuesOf(message), { prepare: true }).then(() => done(), done);
    },
    after: async (orderId, afterSeq) => (await sql.unsafe(selectLater, [orderId, afterSeq], { prepare: true })).map(messageOf),
  };
}

/** A PostgreSQL array literal; every element quoted, so that no content can break out. */
const arrayOf = (values) =>
  `{${values.map((value) => (value === null ? "NULL" : `"${String(value).replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;

async function openPostgresBatch(url) {
  const sql = await connectPostgresJs(url);
  const next = counter();
  let waiting = [];
  let busy = false;

  function flush() {
    busy = true;
    const batch = waiting;
    waiting = [];
    const lists = columns.split(", ").map(() => []);
    for (const { message } of batch) valuesOf(message).forEach((value, i) => lists[i].push(value));
    sql.unsafe(insertMany, lists.map(arrayOf), { prepare: true }).then(() => finish(batch), (error) => finish(batch, error));
  }
  function finish(batch, error) {
    busy = false;
    if (waiting.length > 0) flush();
    for (const { done } of batch) done(error);
  }

  return {
    append(message, done) {
      message.seq = next(message.orderId);
      waiting.push({ message, done });
      if (!busy && waiting.length === 1) setImmediate(() => busy || flush());
    },
    after: async (orderId, afterSeq) => (await sql.unsafe(selectLater, [orderId, afterSeq], { prepare: true })).map(messageOf),
  };
}

async function openBunSql(url) {
  if (!isBun) throw new Error("pgnative is Bun's own client");
  const { SQL } = await import("bun");
  const sql = new SQL({ url, max: connectionsMax, prepare: true, idleTimeout: 0 });
  await sql.unsafe(table);
  const next = counter();
  return {
    append(message, done) {
      message.seq = next(message.orderId);
      sql.unsafe(insertOne, valuesOf(message)).then(() => done(), done);
    },
    after: async (orderId, afterSeq) => (await sql.unsafe(selectLater, [orderId, afterSeq])).map(messageOf),
  };
}
