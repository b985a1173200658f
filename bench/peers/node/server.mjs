// The Node peer: what a careful team would write with socket.io for the same order chat.
//   PORT, JWT_SECRET from the environment; --store none | sqlite (default none), --db FILE.
// Tuned honestly: WebSocket compression off, the token verified once with a KeyObject and its expiry compared
// at every action, membership cached at join, prepared statements, group commit (all messages of one turn of
// the event loop in one transaction, synchronous=FULL: acknowledged means on the disk).

import { createSecretKey, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";

const { values: options } = parseArgs({
  options: { store: { type: "string", default: "none" }, db: { type: "string", default: "chat.db" } },
});
const port = Number(process.env.PORT ?? 3000);
const key = createSecretKey(Buffer.from(process.env.JWT_SECRET ?? ""));
const store = options.store === "sqlite" ? await openSqlite(options.db) : memoryStore();

/** Numbers the messages of each chat and keeps nothing else. */
function memoryStore() {
  const lastSeq = new Map();
  return {
    append(message, done) {
      const seq = (lastSeq.get(message.orderId) ?? 0) + 1;
      lastSeq.set(message.orderId, seq);
      message.seq = seq;
      done();
    },
  };
}

/** better-sqlite3, WAL, one commit for everything that arrived in a turn of the event loop. */
async function openSqlite(file) {
  const { default: Database } = await import("better-sqlite3");
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(`CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, order_id TEXT NOT NULL, seq INTEGER NOT NULL, sender_id TEXT NOT NULL, receiver_id TEXT,
    content TEXT NOT NULL, type TEXT NOT NULL, client_message_id TEXT, created_at TEXT NOT NULL,
    UNIQUE (order_id, seq), UNIQUE (order_id, sender_id, client_message_id)) WITHOUT ROWID`);
  const insert = db.prepare(
    `INSERT INTO messages (id, order_id, seq, sender_id, receiver_id, content, type, client_message_id, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const newest = db.prepare("SELECT max(seq) AS seq FROM messages WHERE order_id = ?");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const lastSeq = new Map();
  let waiting = [];

  function flush() {
    const batch = waiting;
    waiting = [];
    begin.run();
    for (const { message } of batch) {
      const seq = (lastSeq.get(message.orderId) ?? newest.get(message.orderId).seq ?? 0) + 1;
      lastSeq.set(message.orderId, seq);
      message.seq = seq;
      insert.run(message.id, message.orderId, seq, message.senderId, message.receiverId, message.content,
        message.type, message.clientMessageId, message.createdAt);
    }
    commit.run();
    for (const { done } of batch) done();
  }

  return {
    append(message, done) {
      if (waiting.push({ message, done }) === 1) setImmediate(flush);
    },
  };
}

const refusal = (code) => ({ ok: false, error: { code, message: code } });

const http = createServer();
const io = new Server(http, {
  transports: ["websocket", "polling"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

io.use((socket, next) => {
  try {
    const claims = jwt.verify(socket.handshake.auth.token, key, { algorithms: ["HS256"] });
    socket.data = { userId: claims.sub, role: claims.role, expiresAtMs: claims.exp * 1000, chats: new Map() };
    next();
  } catch {
    const error = new Error("Unauthorized");
    error.data = { code: "UNAUTHORIZED" };
    next(error);
  }
});

io.on("connection", (socket) => {
  const { data } = socket;
  const isExpired = () => Date.now() >= data.expiresAtMs;

  socket.on("join_order_chat", (payload, ack) => {
    if (typeof ack !== "function") return;
    if (isExpired()) return ack(refusal("TOKEN_EXPIRED"));
    if (typeof payload?.orderId !== "string") return ack(refusal("INVALID_PAYLOAD"));
    data.chats.set(payload.orderId, { receiverId: randomUUID(), room: `order:${payload.orderId}` });
    socket.join(`order:${payload.orderId}`);
    ack({ ok: true, orderId: payload.orderId, messages: [] });
  });

  socket.on("leave_order_chat", (payload, ack) => {
    if (typeof payload?.orderId === "string") {
      data.chats.delete(payload.orderId);
      socket.leave(`order:${payload.orderId}`);
    }
    if (typeof ack === "function") ack({ ok: true });
  });

  socket.on("order_message", (payload, ack) => {
    if (typeof ack !== "function") return;
    if (isExpired()) return ack(refusal("TOKEN_EXPIRED"));
    if (typeof payload?.orderId !== "string" || typeof payload.content !== "string" ||
        payload.content.length === 0 || payload.content.length > 10_000) {
      return ack(refusal("INVALID_PAYLOAD"));
    }
    const chat = data.chats.get(payload.orderId);
    if (chat === undefined) return ack(refusal("FORBIDDEN"));
    const message = {
      id: randomUUID(),
      orderId: payload.orderId,
      seq: 0,
      senderId: data.userId,
      receiverId: chat.receiverId,
      content: payload.content,
      type: "text",
      fileUrl: null,
      fileName: null,
      attachments: [],
      replyTo: null,
      clientMessageId: payload.clientMessageId ?? null,
      readAt: null,
      editedAt: null,
      deletedAt: null,
      createdAt: new Date().toISOString(),
    };
    store.append(message, () => {
      io.to(chat.room).emit("order_message", message);
      ack({ ok: true, message });
    });
  });
});

http.listen(port, "127.0.0.1", 4096, () => console.log(`listening on http://127.0.0.1:${port}`));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
