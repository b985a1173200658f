// Sums up what the clients of bench/million.sh have measured, one JSON file each.
//   node million.mjs FOLDER --server ours --asked N --seconds S --interval S --slab-kib … --servers-kib … --clients-kib …

import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { writePart } from "./page.mjs";
import { show } from "./results.mjs";

/** Sums over the figures of all clients; `machine` in KiB as million.sh read it. */
export function total(figures, { slabKib, serversKib, clientsKib }) {
  const sum = (value) => figures.reduce((all, one) => all + value(one), 0);
  const connections = sum((one) => one.connections);
  const heartbeats = sum((one) => one.heartbeats);
  const cpuUs = sum((one) => (one.server_cpu_percent / 100) * one.measured_seconds * 1e6);
  const seconds = sum((one) => one.measured_seconds) / figures.length;
  return {
    processes: figures.length,
    connections,
    lost: sum((one) => one.lost_connections),
    serverKib: sum((one) => (one.pss_kib_per_connection ?? one.rss_kib_per_connection) * one.connections) / connections,
    kernelKib: slabKib / connections,
    usedMib: (slabKib + serversKib + clientsKib) / 1024,
    heartbeats,
    heartbeatsPerSecond: heartbeats / seconds,
    cpuUsPerHeartbeat: heartbeats === 0 ? 0 : cpuUs / heartbeats,
    serversPercent: cpuUs / seconds / 1e4,
    openedPerSecond: Math.min(...figures.map((one) => one.opened_per_s)),
  };
}

export function toMarkdown(all, { server, asked, seconds, interval }) {
  const rows = [
    ["connections, authenticated, joined, answering heartbeats", `${show(all.connections, 0)}${all.connections < asked ? ` (of ${show(asked, 0)} asked for)` : ""}`],
    ["connections lost meanwhile", show(all.lost, 0)],
    ["server processes", show(all.processes, 0)],
    ["user memory of the server for each", `${show(all.serverKib, 2)} KiB`],
    ["kernel memory for each, both ends together", `${show(all.kernelKib, 2)} KiB`],
    ["memory of servers, kernel and clients together", `${show(all.usedMib, 0)} MiB`],
    ["heartbeats/s", show(all.heartbeatsPerSecond, 0)],
    ["servers' CPU a heartbeat", all.heartbeats === 0 ? "– (none came so soon)" : `${show(all.cpuUsPerHeartbeat, 2)} µs`],
    ["servers' CPU, % of one core", show(all.serversPercent, 1)],
    ["opened, authenticated, joined /s, slowest process", show(all.openedPerSecond, 0)],
  ];
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} with ${server === "ours" ? "Rozmova on SQLite" : "sioxx"} on ${os.cpus().length} cores and ${show(os.totalmem() / 2 ** 30, 0)} GiB, heartbeats over ${seconds} s (one every ${interval} s a connection).`,
    "", "| | |", "| --- | ---: |", ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const number = { type: "string", default: "0" };
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: "string", default: "ours" }, write: { type: "string" }, asked: number, seconds: number, interval: number,
      "slab-kib": number, "servers-kib": number, "clients-kib": number,
    },
  });
  const figures = readdirSync(positionals[0]).filter((name) => /^\d+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(path.join(positionals[0], name), "utf8")).figures);
  if (figures.length === 0) throw new Error("no client has left its figures");
  const all = total(figures, {
    slabKib: Number(options["slab-kib"]),
    serversKib: Number(options["servers-kib"]), clientsKib: Number(options["clients-kib"]),
  });
  const text = toMarkdown(all, { server: options.server, asked: Number(options.asked), seconds: options.seconds, interval: options.interval });
  console.log(`\n${text}`);
  if (options.write !== undefined) writePart(options.write, "bench/million.sh", text);
}
