// What both runtimes are told: PORT, JWT_SECRET from the environment; --store KIND (stores.mjs), --db FILE or address,
// --engine ws | eiows (Node only).
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "none" },
    db: { type: "string", default: "chat.db" },
    engine: { type: "string", default: "ws" },
  },
});

export const options = { ...values, port: Number(process.env.PORT ?? 3000), secret: process.env.JWT_SECRET ?? "" };

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
