// The peer on Bun: socket.io on @socket.io/bun-engine, which uses Bun's own HTTP and WebSocket server.

import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { openChat } from "./chat.mjs";
import { options } from "./options.mjs";
import { openStore } from "./stores.mjs";

const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
openChat(io, { secret: options.secret, store: await openStore(options.store, options.db) });
Bun.serve({ hostname: "127.0.0.1", port: options.port, ...engine.handler() });
console.log(`listening on http://127.0.0.1:${options.port}`);
