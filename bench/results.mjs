// The results of single runs, read and condensed. Pure but for readRuns.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** All runs of a folder: Map "scenario.server" -> Map round -> {figures, notes, correct}. */
export function readRuns(folder) {
  const runs = new Map();
  for (const file of readdirSync(folder).sort()) {
    const [, scenario, server, round] = /^([a-z]+(?:_\d+)?)\.([a-z0-9-]+)\.(\d+)\.json$/.exec(file) ?? [];
    if (scenario === undefined) continue;
    const place = `${scenario}.${server}`;
    if (!runs.has(place)) runs.set(place, new Map());
    runs.get(place).set(round, JSON.parse(readFileSync(path.join(folder, file), "utf8")));
  }
  return runs;
}

export const namesIn = (runs, part) => [...new Set([...runs.keys()].map((place) => place.split(".")[part]))];

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const show = (value, decimals) =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replaceAll(",", " ");

/** The values of one figure over the rounds. */
export const valuesOf = (runs, scenario, server, key) =>
  [...(runs.get(`${scenario}.${server}`)?.values() ?? [])].map((run) => run.figures[key]).filter((value) => value !== undefined);

/** {median, low, high} of one figure, or undefined when it was not measured. */
export function spread(runs, scenario, server, key) {
  const values = valuesOf(runs, scenario, server, key);
  if (values.length === 0) return undefined;
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

export function cell(runs, scenario, server, key, decimals) {
  const values = spread(runs, scenario, server, key);
  if (values === undefined) return "–";
  const text = show(values.median, decimals);
  if (values.low === values.high) return text;
  return `${text} <sub>${show(values.low, decimals)}–${show(values.high, decimals)}</sub>`;
}

/** The median over the rounds of `value / base` within a round; undefined when they never met in one. */
export function ratio(runs, [scenario, server], [baseScenario, baseServer], key) {
  const ratios = [];
  for (const [round, run] of runs.get(`${scenario}.${server}`) ?? []) {
    const base = runs.get(`${baseScenario}.${baseServer}`)?.get(round)?.figures[key];
    const value = run.figures[key];
    if (base > 0 && value > 0) ratios.push(value / base);
  }
  return ratios.length === 0 ? undefined : median(ratios);
}

/** How many times better `own` was than `other`: above 1 is ours. */
export function advantage(runs, scenario, own, other, key, direction) {
  const value = ratio(runs, [scenario, own], [scenario, other], key);
  return value === undefined ? undefined : direction === "up" ? value : 1 / value;
}

/** The fastest server that is not the bare one, the client's CPU against it, and the client's ceiling; undefined without a rate. */
export function headroomOf(runs, scenario, servers) {
  const key = ["messages_per_s", "deliveries_per_s", "handshakes_per_s"].find((one) => spread(runs, scenario, servers[0], one) !== undefined);
  if (key === undefined || spread(runs, scenario, servers[0], "rate") !== undefined) return undefined; // a given rate has no fastest
  const chosen = scenario.startsWith("fanout") ? "deliveries_per_s" : key;
  const rates = servers.filter((server) => server !== "bare")
    .map((server) => ({ server, rate: spread(runs, scenario, server, chosen)?.median })).filter(({ rate }) => rate > 0);
  if (rates.length === 0) return undefined;
  const best = rates.reduce((a, b) => (b.rate > a.rate ? b : a));
  return { ...best, cpu: spread(runs, scenario, best.server, "load_cpu_percent")?.median, ceiling: spread(runs, scenario, "bare", chosen)?.median };
}

const checks = ["refused", "missing_acks", "unexpected_acks", "lost", "surplus", "overtaken", "seq_disorder", "misdelivered", "unreadable", "lost_connections", "not_caught_up"];
export const faultsOf = (run) =>
  checks.filter((key) => run.figures[key] > 0).map((key) => `${key} ${run.figures[key]}`).join(", ");

/** A target of rows.mjs against the runs: {reached, measured} with measured undefined when it was not measured. */
export function judge(runs, target) {
  const measured = target.of === undefined
    ? spread(runs, target.scenario, target.server, target.key)?.median
    : ratio(runs, [target.scenario, target.server], target.of, target.key);
  if (measured === undefined) return { reached: false, measured };
  return { reached: target.sign === "≥" ? measured >= target.value : measured <= target.value, measured };
}
