// Makes the tables and plots of bench/run.sh out of the JSON files of the single runs.
//   node summary.mjs RESULTS [--rounds N --seconds S --pinned yes|no --quick yes|no] [--write docs/benchmarks.md --plots FOLDER]

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { writePart } from "./page.mjs";
import { barChart, lineChart } from "./plots.mjs";
import { advantage, cell, faultsOf, headroomOf, judge, namesIn, readRuns, show, spread } from "./results.mjs";
import { describe, groupOf, groups, inOrder, isOwn, nameOf, scenariosInOrder, targets } from "./rows.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "?" },
    seconds: { type: "string", default: "?" },
    pinned: { type: "string", default: "yes" },
    quick: { type: "string", default: "no" },
    write: { type: "string" },
    plots: { type: "string" },
  },
});
const folder = positionals[0];
const runs = readRuns(folder);
const scenarios = scenariosInOrder(namesIn(runs, 0));
const serversOf = (scenario) => inOrder(namesIn(runs, 1).filter((server) => runs.has(`${scenario}.${server}`)));
const connectionsOf = (scenario) => runs.get(`${scenario}.${serversOf(scenario)[0]}`).values().next().value.figures.connections;
const plain = (server) => nameOf(server).replaceAll("*", "");

const lines = [];
const row = (cells) => lines.push(`| ${cells.join(" | ")} |`);

// ---- what was to be reached

function targetTable() {
  lines.push("## Targets", "");
  row(["", "target", "measured", ""]);
  row(["---", "---:", "---:", "---"]);
  for (const target of targets) {
    const { reached, measured } = judge(runs, target);
    const word = measured === undefined ? "not measured" : reached ? "reached" : "**not reached**";
    row([target.text, `${target.sign} ${show(target.value, target.value % 1 === 0 ? 0 : 2)}`, measured === undefined ? "–" : show(measured, target.decimals), word]);
  }
  lines.push("");
}

// ---- whether the load client was the limit anywhere

function headroom() {
  const rows = scenarios.map((scenario) => [scenario, headroomOf(runs, scenario, serversOf(scenario))]).filter(([, found]) => found !== undefined);
  if (rows.length === 0) return;
  lines.push("## Headroom of the load client", "",
    "One thread makes the load. Against the bare server it shows how much it can measure; where it used more than 85 % of its core against one of the others, that server could do more.", "");
  row(["", "fastest server", "its rate", "the client's CPU then, %", "rate against bare", "ceiling"]);
  row(["---", "---", "---:", "---:", "---:", "---:"]);
  for (const [scenario, { server, rate, cpu, ceiling }] of rows) {
    row([describe(scenario, connectionsOf(scenario)).title, plain(server), show(rate, 0), cpu === undefined ? "–" : show(cpu, 0),
      ceiling === undefined ? "–" : show(ceiling, 0), ceiling === undefined ? "–" : `${show(ceiling / rate, 1)}×`]);
  }
  lines.push("");
}

// ---- one table a scenario

function table(scenario) {
  const { title, figures, word } = describe(scenario, connectionsOf(scenario));
  const servers = serversOf(scenario);
  const shown = figures.filter(([key]) => servers.some((server) => (spread(runs, scenario, server, key)?.high ?? 0) > 0 || key === figures[0][0]));
  lines.push(`### ${title}`, "");
  if (word !== undefined) lines.push(word, "");
  row(["", ...shown.map(([, heading]) => heading), "ours is better by"]);
  row(["---", ...shown.map(() => "---:"), "---"]);
  let group = -1;
  for (const server of servers) {
    if (groupOf(server) !== group) {
      group = groupOf(server);
      row([`*${groups[group].title}*`, ...shown.map(() => ""), ""]);
    }
    row([nameOf(server), ...shown.map(([key, , decimals]) => cell(runs, scenario, server, key, decimals)), comparison(scenario, server, shown)]);
  }
  lines.push("");
}

/** "2.4× messages/s, 3.1× CPU": ours of the same group, or the one that was measured, within the same round. */
function comparison(scenario, server, shown) {
  if (isOwn(server) || server === "bare") return "";
  const own = groups[groupOf(server)].own;
  return shown.filter(([, , , direction]) => direction !== undefined).map(([key, heading, , direction]) => {
    const times = advantage(runs, scenario, own, server, key, direction);
    return times === undefined ? undefined : `${show(times, times >= 10 ? 0 : 2)}× ${heading.replace(/,.*/, "")}`;
  }).filter((text) => text !== undefined).join(", ");
}

// ---- plots

const plots = new Map(); // file name -> SVG
const barsOf = (scenario, key) => {
  const bars = [];
  let group = -1;
  for (const server of serversOf(scenario)) {
    const values = spread(runs, scenario, server, key);
    if (values === undefined || groups[groupOf(server)].own === undefined) continue;
    if (groupOf(server) !== group) bars.push({ label: groups[group = groupOf(server)].title });
    bars.push({ label: plain(server), value: values.median, low: values.low, high: values.high, own: isOwn(server) });
  }
  return bars;
};
function plotBars(file, scenario, key, unit) {
  if (!scenarios.includes(scenario)) return;
  const bars = barsOf(scenario, key);
  if (bars.length > 0) plots.set(file, { svg: barChart({ title: describe(scenario, connectionsOf(scenario)).title, unit, bars }), unit });
}
function drawPlots() {
  plotBars("messages_8.svg", "messages_8", "messages_per_s", "messages/s, more is better");
  plotBars("messages_8_cpu.svg", "messages_8", "server_cpu_us_per_message", "server CPU a message, µs, less is better");
  plotBars("rate_1000.svg", "rate_1000", "ack_p99_ms", "ack p99, ms, less is better");
  plotBars("rate_5000.svg", "rate_5000", "ack_p99_ms", "ack p99, ms, less is better");
  plotBars("polling_8.svg", "polling_8", "messages_per_s", "messages/s, more is better");
  plotBars("handshakes.svg", "handshakes", "handshakes_per_s", "authenticated handshakes/s, more is better");
  plotBars("idle.svg", "idle", "pss_kib_per_connection", "memory a connection, KiB, less is better");
  plotBars("fanout_1000.svg", "fanout_1000", "deliveries_per_s", "deliveries/s, more is better");
  const storm = scenarios.find((name) => name.startsWith("storm_"));
  if (storm !== undefined) plotBars("storm.svg", storm, "storm_s", "seconds until all are back, less is better");
  const growth = scenarios.filter((name) => name.startsWith("grow_"));
  if (growth.length > 1) {
    const series = inOrder(new Set(growth.flatMap(serversOf))).filter((server) => server !== "bare").slice(0, 5).map((server) => ({
      label: plain(server),
      points: growth.map((name) => [connectionsOf(name), spread(runs, name, server, "server_cpu_us_per_message")])
        .filter(([, values]) => values !== undefined).map(([x, { median, low, high }]) => [x, median, low, high]),
    })).filter((one) => one.points.length > 0);
    plots.set("grow.svg", { svg: lineChart({ title: "What a message costs as connections and rooms grow, 5 000 messages/s", xLabel: "connections, two a room", yLabel: "server CPU a message, µs", series }), unit: "server CPU a message" });
  }
}

// ---- remarks: what the single runs noted, each once, with where

function remarks() {
  const found = new Map();
  const note = (words, run) => found.set(words, [...(found.get(words) ?? []), run]);
  for (const scenario of scenarios) {
    for (const server of serversOf(scenario)) {
      for (const [round, run] of runs.get(`${scenario}.${server}`)) {
        for (const words of run.notes) note(words.replace(/\d+ %/, "… %"), `${server} ${scenario} (${round})`);
        if (!run.correct) note(`**not correct: ${faultsOf(run).replace(/\d+/g, "…")}**`, `${server} ${scenario} (${round})`);
      }
    }
  }
  if (found.size === 0) return;
  lines.push("## Remarks", "");
  for (const [words, where] of found) lines.push(`- ${words}: ${where.length > 12 ? `${where.length} runs` : where.join(", ")}`);
  lines.push("");
}

// ---- all of it

const cpu = os.cpus();
lines.push(
  `Measured ${new Date().toISOString().slice(0, 10)} on ${cpu[0]?.model.trim() ?? "an unknown processor"}, ${cpu.length} cores, Linux ${os.release()}, Node ${process.versions.node}. ` +
    `Median of ${options.rounds} interleaved round${options.rounds === "1" ? "" : "s"} of ${options.seconds} s <sub>lowest–highest</sub>; ` +
    (options.pinned === "yes" ? `servers and PostgreSQL from core 0 on, load client on core ${cpu.length - 1}.` : "**not pinned: one core only.**"), "",
  "“Ours is better by”: how many times more a second, or how many times less CPU, memory or time, than that server in the same round; above 1 is ours. On a shared machine trust the CPU and these ratios.", "");
if (options.quick === "yes") lines.push("**A quick run: it shows that everything runs, and no figure counts.**", "");
const missing = existsSync(path.join(folder, "missing")) ? readFileSync(path.join(folder, "missing"), "utf8").trim() : "";
for (const line of missing.split("\n").filter(Boolean)) {
  const [server, why] = line.split("\t");
  lines.push(`**Left out: ${plain(server)}** (${why}).`, "");
}
if (options.quick !== "yes") targetTable();
headroom();
drawPlots();
if (plots.size > 0 && options.plots !== undefined) {
  const base = path.relative(path.dirname(options.write ?? "."), options.plots);
  for (const [file, { unit }] of plots) lines.push(`![${file.replace(".svg", "")}: ${unit}](${base}/${file})`, "");
}
lines.push("## Row by row", "");
for (const scenario of scenarios) table(scenario);
if (scenarios.some((name) => name.startsWith("threads_")) && cpu.length < 4) {
  lines.push(`This machine has ${cpu.length} cores and one belongs to the load client, so threads share what is left: the rows with several threads show what sharing costs, not what more cores bring.`, "");
}
remarks();
const text = lines.join("\n").trimEnd();
console.log(`\n${text}`);

if (options.plots !== undefined) {
  mkdirSync(options.plots, { recursive: true });
  for (const [file, { svg }] of plots) writeFileSync(path.join(options.plots, file), svg);
}
if (options.write !== undefined) writePart(options.write, "bench/run.sh", text);
