// Makes the Markdown table of bench/run.sh out of the JSON files of the single runs.
//   node summary.mjs RESULTS --servers ours,node --scenarios messages_1,… [--write docs/benchmarks.md]

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    servers: { type: "string", default: "ours,node,node-sqlite,bare" },
    scenarios: { type: "string", default: "" },
    rounds: { type: "string", default: "?" },
    seconds: { type: "string", default: "?" },
    pinned: { type: "string", default: "yes" },
    write: { type: "string" },
  },
});

const names = {
  ours: "Rozmova, SQLite, stored",
  node: "Node, nothing stored",
  "node-sqlite": "Node, SQLite, stored",
  bare: "bare (ceiling)",
};

// [key, text, decimals, "up" when more is better, "down" when less is]
const closedLoop = [
  ["messages_per_s", "messages/s", 0, "up"],
  ["server_cpu_us_per_message", "server CPU a message, µs", 2, "down"],
  ["ack_p50_ms", "ack p50, ms", 3, "down"],
  ["ack_p99_ms", "ack p99, ms", 3, "down"],
  ["load_cpu_percent", "load client's CPU, %", 0],
];
const openLoop = [
  ["ack_p50_ms", "ack p50, ms", 3, "down"],
  ["ack_p99_ms", "ack p99, ms", 3, "down"],
  ["ack_max_ms", "ack max, ms", 2, "down"],
  ["server_cpu_us_per_message", "server CPU a message, µs", 2, "down"],
];
const handshakes = [
  ["handshakes_per_s", "authenticated handshakes/s", 0, "up"],
  ["server_cpu_us_per_handshake", "server CPU a handshake, µs", 1, "down"],
  ["load_cpu_percent", "load client's CPU, %", 0],
];
const idle = [
  ["pss_kib_per_connection", "memory a connection (PSS), KiB", 2, "down"],
  ["rss_kib_per_connection", "memory a connection (RSS), KiB", 2, "down"],
  ["opened_per_s", "opened, authenticated, joined /s", 0, "up"],
];
const fanout = [
  ["deliveries_per_s", "deliveries/s", 0, "up"],
  ["server_cpu_us_per_delivery", "server CPU a delivery, µs", 2, "down"],
  ["last_delivery_p99_ms", "last member has it, p99, ms", 2, "down"],
  ["load_cpu_percent", "load client's CPU, %", 0],
];

/** Title and rows of a scenario by its name in run.sh. */
function describe(scenario, connections) {
  const number = scenario.split("_")[1];
  if (scenario.startsWith("messages_")) return [`order_message with ack, ${number} in flight a sender, ${connections / 2} chats of two`, closedLoop];
  if (scenario.startsWith("rate_")) return [`Steady ${number} messages/s, timed from when each was due`, openLoop];
  if (scenario === "handshakes") return [`Handshakes: TCP, WebSocket, CONNECT with a JWT; ${connections} at a time`, handshakes];
  if (scenario.startsWith("idle")) return [`${connections} idle connections, authenticated, each in a chat`, idle];
  return [`Fan-out to ${connections} members of one room`, fanout];
}

const servers = options.servers.split(",");
const runs = new Map(); // "scenario.server" -> results by round
for (const file of readdirSync(positionals[0]).filter((name) => name.endsWith(".json")).sort()) {
  const [scenario, server, round] = file.split(".");
  const place = `${scenario}.${server}`;
  if (!runs.has(place)) runs.set(place, new Map());
  runs.get(place).set(round, JSON.parse(readFileSync(path.join(positionals[0], file), "utf8")));
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const show = (value, decimals) =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replaceAll(",", " ");
const figures = (scenario, server, key) =>
  [...(runs.get(`${scenario}.${server}`)?.values() ?? [])].map((run) => run.figures[key]).filter((value) => value !== undefined);

function cell(scenario, server, key, decimals) {
  const values = figures(scenario, server, key);
  if (values.length === 0) return "–";
  const text = show(median(values), decimals);
  if (values.length === 1) return text;
  return `${text} <sub>${show(Math.min(...values), decimals)}–${show(Math.max(...values), decimals)}</sub>`;
}

/** How many times better ours was, in the same round; the median of the rounds. */
function ratio(scenario, peer, key, direction) {
  if (direction === undefined || peer === "ours") return "";
  const ratios = [];
  for (const [round, own] of runs.get(`${scenario}.ours`) ?? []) {
    const other = runs.get(`${scenario}.${peer}`)?.get(round)?.figures[key];
    const value = own.figures[key];
    if (other > 0 && value > 0) ratios.push(direction === "up" ? value / other : other / value);
  }
  return ratios.length === 0 ? "–" : `${show(median(ratios), 2)}×`;
}

function faultsOf(run) {
  const checks = ["refused", "missing_acks", "unexpected_acks", "lost", "surplus", "overtaken", "seq_disorder", "misdelivered", "unreadable", "lost_connections"];
  return checks.filter((key) => run.figures[key] > 0).map((key) => `${key} ${run.figures[key]}`).join(", ");
}

const lines = [];
const peers = servers.includes("ours") ? servers.filter((server) => server !== "ours") : [];
const row = (cells) => lines.push(`| ${cells.join(" | ")} |`);
row(["", ...servers.map((server) => names[server] ?? server), ...peers.map((peer) => `better than ${peer}`)]);
row(["---", ...[...servers, ...peers].map(() => "---:")]);
const remarks = new Map(); // what was noted -> the runs it was noted in
const remark = (words, run) => remarks.set(words, [...(remarks.get(words) ?? []), run]);
for (const scenario of options.scenarios.split(",")) {
  const first = servers.map((server) => runs.get(`${scenario}.${server}`)?.values().next().value).find((run) => run !== undefined);
  if (first === undefined) continue;
  const [title, rows] = describe(scenario, first.figures.connections);
  row([`**${title}**`, ...[...servers, ...peers].map(() => "")]);
  for (const [key, text, decimals, direction] of rows) {
    const cells = servers.map((server) => cell(scenario, server, key, decimals));
    const ratios = peers.map((peer) => ratio(scenario, peer, key, direction));
    row([text, ...cells, ...ratios]);
  }
  for (const server of servers) {
    for (const [round, run] of runs.get(`${scenario}.${server}`) ?? []) {
      for (const note of run.notes) remark(note.replace(/\d+ %/, "… %"), `${server} ${scenario} (${round})`);
      if (!run.correct) remark(`**not correct: ${faultsOf(run)}**`, `${server} ${scenario} (${round})`);
    }
  }
}

const cpu = os.cpus();
const heading = [
  `Measured ${new Date().toISOString().slice(0, 10)} on ${cpu[0]?.model.trim() ?? "an unknown processor"}, ${cpu.length} cores, Linux ${os.release()}, Node ${process.versions.node}. ` +
    `Median of ${options.rounds} interleaved round${options.rounds === "1" ? "" : "s"} of ${options.seconds} s <sub>lowest–highest</sub>; ` +
    (options.pinned === "yes" ? "server on core 0, load client on core 1." : "**not pinned: one core only.**"),
  "“Better than”: how many times more messages, or how many times less CPU, memory or latency, in the same round; above 1 is ours. On a shared machine trust the CPU a message and the ratios.",
];
const missing = servers.filter((server) => ![...runs.keys()].some((place) => place.endsWith(`.${server}`)));
for (const server of missing) heading.push(`**Not measured: ${names[server] ?? server}.**`);
const remarkLines = [...remarks].map(([words, where]) => `- ${words}: ${where.join(", ")}`);
const table = [...heading.flatMap((line) => [line, ""]), ...lines, "", ...remarkLines].join("\n").trimEnd();
console.log(`\n${table}`);

if (options.write !== undefined) {
  const begin = "<!-- bench/run.sh writes from here -->";
  const end = "<!-- to here -->";
  const before = existsSync(options.write) ? readFileSync(options.write, "utf8") : `# Benchmarks\n\n${begin}\n${end}\n`;
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${options.write} has no place for the table: it needs the lines ${begin} and ${end}`);
  writeFileSync(options.write, `${before.slice(0, from)}${begin}\n\n${table}\n\n${before.slice(to)}`);
}
