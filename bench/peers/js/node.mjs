// The peer on Node: socket.io with ws, or with eiows (WebSockets in C++) in its place. Compression off.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Server } from "socket.io";
import { openChat } from "./chat.mjs";
import { options } from "./options.mjs";
import { openStore } from "./stores.mjs";

const eiowsFolder = new URL("./eiows/", import.meta.url);
const isEiows = options.engine === "eiows";

const http = createServer({ keepAliveTimeout: 65_000 });
const io = new Server(http, {
  transports: ["websocket", "polling"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  ...(isEiows && { wsEngine: createRequire(eiowsFolder)("eiows").Server }),
});
openChat(io, { secret: options.secret, store: await openStore(options.store, options.db, isEiows ? eiowsFolder : import.meta.url) });
http.listen(options.port, "127.0.0.1", 4096, () => console.log(`listening on http://127.0.0.1:${options.port}`));
