// What the tables say: servers in their groups, the rows of each scenario, the figures that are asked for, the targets.

/** Groups of servers that promise the same; `own` is ours in it, with which the others are compared. */
export const groups = [
  { title: "nothing stored", own: "sioxx", servers: ["sioxx", "bun", "eiows", "node"] },
  { title: "SQLite, on disk before the ack", own: "ours", servers: ["ours", "bun-sqlite", "eiows-sqlite", "node-sqlite"] },
  { title: "PostgreSQL, on disk before the ack", own: "ours-pg", servers: ["ours-pg"] }, // and every …-pg*
  { title: "ceiling of the load client", own: undefined, servers: ["bare"] },
];

const runtimes = { node: "Node, ws", eiows: "Node, eiows", bun: "Bun" };
const stores = {
  sqlite: "SQLite", pg: "PostgreSQL", pgbatch: "PostgreSQL, group commit", pgpipe: "PostgreSQL, pipelined",
  pgpool: "PostgreSQL, pool", pgnative: "PostgreSQL, Bun's client",
};

export function nameOf(server) {
  const fixed = { sioxx: "**sioxx** (ours)", ours: "**Rozmova**, SQLite", "ours-pg": "**Rozmova**, PostgreSQL", bare: "bare" };
  if (server in fixed) return fixed[server];
  const [runtime, store] = server.split("-");
  return [runtimes[runtime] ?? runtime, ...(store ? [stores[store] ?? store] : [])].join(", ");
}

export const isOwn = (server) => ["sioxx", "ours", "ours-pg"].includes(server);

/** The group of a server, by its place in `groups`. */
export function groupOf(server) {
  const at = groups.findIndex((group) => group.servers.includes(server));
  return at >= 0 ? at : server.includes("-pg") ? 2 : 0;
}

/** Servers in the order of the tables: by group, ours first, then as the groups list them, then by name. */
export function inOrder(servers) {
  const place = (server) => {
    const at = groups[groupOf(server)].servers.indexOf(server);
    return at < 0 ? 99 : at;
  };
  return [...servers].sort((a, b) => groupOf(a) - groupOf(b) || place(a) - place(b) || a.localeCompare(b));
}

// A figure: [key, heading, decimals, "up" when more is better | "down" when less is | nothing when it is not compared]
const clientCpu = ["load_cpu_percent", "client's CPU, %", 0];
const costs = [
  ["server_cpu_us_per_message", "server CPU a message, µs", 2, "down"],
  ["database_cpu_us_per_message", "PostgreSQL's, µs", 1],
];
const closedLoop = [["messages_per_s", "messages/s", 0, "up"], ...costs, ["ack_p50_ms", "ack p50, ms", 2], ["ack_p99_ms", "p99, ms", 2], ["overtaken", "overtaken", 0], clientCpu];
const openLoop = [["ack_p99_ms", "ack p99, ms", 3, "down"], ["ack_p50_ms", "p50, ms", 3], ["ack_max_ms", "max, ms", 1], ...costs, ["overtaken", "overtaken", 0], clientCpu];
const fanout = [
  ["deliveries_per_s", "deliveries/s", 0, "up"],
  ["server_cpu_us_per_delivery", "server CPU a delivery, µs", 2, "down"],
  ["last_delivery_p99_ms", "last member has it, p99, ms", 2],
  clientCpu,
];

const whole = (n) => Number(n).toLocaleString("en-US").replaceAll(",", " ");

/** Scenario by the start of its name: its title, an explaining line, its figures; the first one is what it is about. */
const kinds = {
  messages: { title: (n, c) => `order_message with ack, ${n} in flight a sender (${whole(c / 2)} chats of two)`, figures: closedLoop },
  polling: { title: (n, c) => `The same by polling alone, ${n} in flight a sender (${whole(c / 2)} chats of two)`, figures: closedLoop,
    word: "Two kept-alive connections a client, one GET waiting at any time, packets collected while a POST is unanswered, as the official client does it." },
  rate: { title: (n) => `Steady ${whole(n)} messages/s`, figures: openLoop, word: "Timed from when each message was due." },
  handshakes: { title: (_, c) => `Handshakes: TCP, WebSocket, CONNECT with a JWT; ${c} at a time`,
    figures: [["handshakes_per_s", "authenticated handshakes/s", 0, "up"], ["server_cpu_us_per_handshake", "server CPU each, µs", 1, "down"], ["handshake_p99_ms", "p99, ms", 1], clientCpu] },
  idle: { title: (_, c) => `${whole(c)} idle connections, authenticated, each in a chat`,
    figures: [["pss_kib_per_connection", "memory each (PSS), KiB", 2, "down"], ["rss_kib_per_connection", "RSS, KiB", 2], ["opened_per_s", "opened and joined /s", 0, "up"]] },
  fanout: { title: (_, c) => `Fan-out to ${whole(c)} members of one room`, figures: fanout },
  mixed: { title: (_, c) => `${whole(c)} connections of which ${whole(Math.min(1000, c))} talk`, figures: closedLoop,
    word: "500 chats talk, 1 in flight a sender; everybody else is idle and answers heartbeats." },
  grow: { title: (_, c) => `${whole(c)} connections, 5 000 messages/s over all their chats`,
    figures: [["server_cpu_us_per_message", "server CPU a message, µs", 2, "down"], ["ack_p50_ms", "ack p50, ms", 3], ["ack_p99_ms", "p99, ms", 3], clientCpu] },
  threads: { title: (n, c) => `${n} thread${n === "1" ? "" : "s"}: order_message with ack, 8 in flight a sender (${whole(c / 2)} chats of two)`, figures: closedLoop },
  stall: { title: (n) => `A reader stalls for seconds while ${whole(n)} messages/s are sent to it`,
    figures: [["lost", "silently lost", 0], ["closed", "readers closed", 0], ["messages_per_s", "messages/s meanwhile", 0], ["ack_p99_ms", "the sender's p99, ms", 1], ["rss_mib", "memory before, MiB", 1], ["peak_mib", "peak, MiB", 1]],
    word: "Whoever cannot take what it is sent must be told, by a close, so that it comes back and fetches what it missed; to drop messages of a connection that stays is to lie, and to keep them all is to run out of memory." },
  storm: { title: (_, c) => `Reconnect storm: ${whole(c)} connections break and return in one moment`,
    figures: [["storm_s", "until all are back, s", 2, "down"], ["back_p50_ms", "a client p50, ms", 0], ["server_cpu_us_per_return", "server CPU each, µs", 0, "down"], ["rss_mib", "memory before, MiB", 1], ["peak_mib", "peak, MiB", 1], ["attempts_failed", "failed attempts", 0], ["caught_up", "missed messages fetched", 0], clientCpu],
    word: "Back means connected, authenticated, joined and, where messages are kept, in possession of the five that everybody had missed." },
};

export function describe(scenario, connections) {
  const [kind, number] = scenario.split("_");
  const { title, figures, word } = kinds[kind];
  return { kind, title: title(number, connections), figures, word };
}

const orderOfKinds = Object.keys(kinds);
/** Scenarios in the order of the tables. */
export const scenariosInOrder = (names) =>
  [...names].filter((name) => name.split("_")[0] in kinds).sort((a, b) => {
    const [[kindA, a1 = 0], [kindB, b1 = 0]] = [a.split("_"), b.split("_")];
    return orderOfKinds.indexOf(kindA) - orderOfKinds.indexOf(kindB) || Number(a1) - Number(b1);
  });

/** What is to be reached: [scenario, server, figure, "≥" | "≤", value, decimals, words], or with `of: [scenario, server]` a ratio. */
export const targets = [
  { scenario: "messages_1", server: "sioxx", key: "messages_per_s", sign: "≥", value: 120_000, decimals: 0, text: "order_message with ack, nothing stored, 1 in flight: messages/s" },
  { scenario: "messages_1", server: "sioxx", key: "server_cpu_us_per_message", sign: "≤", value: 8, decimals: 2, text: "… server CPU a message, µs" },
  { scenario: "messages_8", server: "sioxx", key: "messages_per_s", sign: "≥", value: 400_000, decimals: 0, text: "the same, 8 in flight: messages/s" },
  { scenario: "messages_8", server: "sioxx", key: "server_cpu_us_per_message", sign: "≤", value: 2.5, decimals: 2, text: "… server CPU a message, µs" },
  { scenario: "messages_8", server: "ours-pg", key: "messages_per_s", sign: "≥", value: 32_000, decimals: 0, text: "stored in PostgreSQL before the ack, 8 in flight: messages/s" },
  { scenario: "messages_8", server: "ours-pg", key: "server_cpu_us_per_message", sign: "≤", value: 10, decimals: 2, text: "… server CPU a message, µs" },
  { scenario: "messages_8", server: "ours-pg", key: "database_cpu_us_per_message", sign: "≤", value: 25, decimals: 2, text: "… PostgreSQL's CPU a message, µs" },
  { scenario: "messages_8", server: "ours", key: "messages_per_s", sign: "≥", value: 32_000, decimals: 0, text: "stored in SQLite before the ack, 8 in flight: messages/s" },
  { scenario: "rate_1000", server: "ours-pg", key: "ack_p99_ms", sign: "≤", value: 1, decimals: 3, text: "p99 ack at a steady 1 000 messages/s stored in PostgreSQL, ms" },
  { scenario: "rate_5000", server: "sioxx", key: "ack_p99_ms", sign: "≤", value: 0.6, decimals: 3, text: "p99 ack at a steady 5 000 messages/s, nothing stored, ms" },
  { scenario: "handshakes", server: "ours", key: "handshakes_per_s", sign: "≥", value: 18_000, decimals: 0, text: "authenticated handshakes/s" },
  { scenario: "idle", server: "ours", key: "pss_kib_per_connection", sign: "≤", value: 1, decimals: 2, text: "memory of an idle authenticated connection in one room, KiB" },
  { scenario: "fanout_1000", server: "ours", key: "deliveries_per_s", sign: "≥", value: 300_000, decimals: 0, text: "fan-out to 1 000, deliveries/s" },
  { scenario: "fanout_10000", server: "ours", key: "deliveries_per_s", sign: "≥", value: 240_000, decimals: 0, text: "fan-out to 10 000, deliveries/s" },
  { scenario: "polling_8", server: "sioxx", key: "messages_per_s", sign: "≥", value: 10, decimals: 1, of: ["polling_8", "node"], text: "polling: times Node's messages/s, 8 in flight, nothing stored" },
  { scenario: "grow_19000", server: "ours", key: "server_cpu_us_per_message", sign: "≤", value: 1.15, decimals: 2, of: ["grow_1000", "ours"], text: "CPU a message with 19 000 connections, times that with 1 000" },
];
