// What turns single runs into tables, targets and plots.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { toMarkdown, total } from "../million.mjs";
import { withPart } from "../page.mjs";
import { barChart, lineChart, short, ticks } from "../plots.mjs";
import { advantage, cell, faultsOf, headroomOf, judge, median, ratio, show, spread } from "../results.mjs";
import { describe as describeScenario, groupOf, inOrder, nameOf, scenariosInOrder, targets } from "../rows.mjs";

const run = (figures, correct = true) => ({ figures, notes: [], correct });
const runsOf = (places) => new Map(Object.entries(places).map(([place, rounds]) => [place, new Map(Object.entries(rounds))]));

describe("results", () => {
  const runs = runsOf({
    "messages_8.sioxx": { 1: run({ messages_per_s: 300 }), 2: run({ messages_per_s: 500 }), 3: run({ messages_per_s: 400 }) },
    "messages_8.node": { 1: run({ messages_per_s: 100 }), 2: run({ messages_per_s: 100 }) },
  });

  test("the median of an even and an odd count", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });

  test("a cell has the median and the spread, or a dash", () => {
    assert.equal(cell(runs, "messages_8", "sioxx", "messages_per_s", 0), "400 <sub>300–500</sub>");
    assert.equal(cell(runs, "messages_8", "node", "messages_per_s", 1), "100.0");
    assert.equal(cell(runs, "messages_8", "bun", "messages_per_s", 0), "–");
    assert.equal(spread(runs, "messages_8", "sioxx", "no_such_figure"), undefined);
    assert.equal(show(1234567.8, 1), "1 234 567.8");
  });

  test("ratios compare within a round, and rounds that only one of them has do not count", () => {
    assert.equal(ratio(runs, ["messages_8", "sioxx"], ["messages_8", "node"], "messages_per_s"), 4);
    assert.equal(ratio(runs, ["messages_8", "sioxx"], ["messages_8", "bun"], "messages_per_s"), undefined);
    assert.equal(advantage(runs, "messages_8", "sioxx", "node", "messages_per_s", "up"), 4);
    assert.equal(advantage(runs, "messages_8", "sioxx", "node", "messages_per_s", "down"), 0.25);
  });

  test("headroom: the fastest but bare, and the ceiling; none where the rate was given", () => {
    const more = runsOf({
      "fanout_1000.ours": { 1: run({ messages_per_s: 3, deliveries_per_s: 3_000, load_cpu_percent: 40 }) },
      "fanout_1000.node": { 1: run({ messages_per_s: 1, deliveries_per_s: 1_000, load_cpu_percent: 20 }) },
      "fanout_1000.bare": { 1: run({ messages_per_s: 6, deliveries_per_s: 6_000, load_cpu_percent: 99 }) },
      "rate_1000.ours": { 1: run({ messages_per_s: 1_000, rate: 1_000 }) },
      "idle.ours": { 1: run({ opened_per_s: 5 }) },
    });
    assert.deepEqual(headroomOf(more, "fanout_1000", ["ours", "node", "bare"]), { server: "ours", rate: 3_000, cpu: 40, ceiling: 6_000 });
    assert.equal(headroomOf(more, "rate_1000", ["ours"]), undefined);
    assert.equal(headroomOf(more, "idle", ["ours"]), undefined);
  });

  test("faults are named with their counts", () => {
    assert.equal(faultsOf(run({ lost: 2, surplus: 0, overtaken: 7 })), "lost 2, overtaken 7");
  });

  test("a target is reached, missed, or was not measured", () => {
    const target = { scenario: "messages_8", server: "sioxx", key: "messages_per_s", sign: "≥", value: 400 };
    assert.deepEqual(judge(runs, target), { reached: true, measured: 400 });
    assert.equal(judge(runs, { ...target, sign: "≤", value: 399 }).reached, false);
    assert.equal(judge(runs, { ...target, of: ["messages_8", "node"], value: 5 }).reached, false);
    assert.deepEqual(judge(runs, { ...target, server: "bun" }), { reached: false, measured: undefined });
  });
});

describe("rows", () => {
  test("servers stand by what they promise, ours first", () => {
    assert.deepEqual(inOrder(["bare", "node-pgpool", "node", "ours-pg", "sioxx", "node-sqlite", "ours", "bun-pg"]),
      ["sioxx", "node", "ours", "node-sqlite", "ours-pg", "bun-pg", "node-pgpool", "bare"]);
    assert.equal(groupOf("bun-pgnative"), groupOf("ours-pg"));
    assert.equal(nameOf("eiows-pgbatch"), "Node, eiows, PostgreSQL, group commit");
  });

  test("scenarios stand by kind, then by number", () => {
    assert.deepEqual(scenariosInOrder(["grow_10000", "idle", "stall_1", "messages_8", "grow_1000", "messages_1", "unknown_1"]),
      ["messages_1", "messages_8", "idle", "grow_1000", "grow_10000", "stall_1"]);
  });

  test("every target asks for a figure that its table shows", () => {
    for (const { scenario, key } of targets) {
      const shown = describeScenario(scenario, 1000).figures.map(([name]) => name);
      assert.ok(shown.includes(key), `${scenario} shows no ${key}`);
    }
  });
});

/** Every tag that is opened is closed, in order. */
function assertWellFormed(svg) {
  const open = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (close) assert.equal(open.pop(), name);
    else if (!self) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
}

describe("plots", () => {
  test("ticks are round and reach the top", () => {
    assert.deepEqual(ticks(0.93), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(ticks(1000), [0, 200, 400, 600, 800, 1000]);
    assert.equal(ticks(1010).at(-1), 1500);
    assert.deepEqual(ticks(0), [0, 1]);
  });

  test("numbers are short", () => {
    assert.deepEqual([0, 0.1234, 1.5, 12.34, 999.6, 1234, 45_678, 1_234_567].map(short),
      ["0", "0.123", "1.5", "12.3", "1 000", "1 234", "45.7 k", "1.23 M"]);
  });

  test("bars: labels are escaped, the longest ends at the scale, a heading has no bar", () => {
    const svg = barChart({ title: "a < b & c", unit: "things", bars: [
      { label: "group" }, { label: "<us>", value: 10, low: 9, high: 10, own: true }, { label: "them", value: 5, low: 5, high: 5 }] });
    assertWellFormed(svg);
    assert.match(svg, /a &lt; b &amp; c/);
    assert.match(svg, /prefers-color-scheme: dark/);
    const widths = [...svg.matchAll(/class="(?:own|other)" [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    assert.equal(widths.length, 2);
    assert.equal(widths[0], 2 * widths[1]);
    assert.equal(svg.match(/class="whisker"/g).length, 1);
  });

  test("lines: one for each series, labels that meet are pushed apart", () => {
    const svg = lineChart({ title: "t", xLabel: "x", yLabel: "y", series: [
      { label: "one", points: [[1000, 2, 1, 3], [19000, 2.1, 2, 3]] }, { label: "two", points: [[1000, 2.1, 2.1, 2.1]] }] });
    assertWellFormed(svg);
    assert.equal(svg.match(/<polyline/g).length, 2);
    const [one, two] = ["one", "two"].map((label) => Number(new RegExp(`y="([\\d.]+)">${label}<`).exec(svg)[1]));
    assert.ok(Math.abs(one - two) >= 17);
  });
});

describe("pages", () => {
  const page = "# T\n\n<!-- a writes from here -->\nold\n<!-- to here -->\nmiddle\n<!-- b writes from here -->\n<!-- to here -->\nend\n";

  test("a part is replaced, the rest stays", () => {
    assert.equal(withPart(page, "b", "new"), page.replace("<!-- b writes from here -->\n", "<!-- b writes from here -->\n\nnew\n\n"));
    assert.doesNotMatch(withPart(page, "a", "new"), /old/);
    assert.equal(withPart(withPart(page, "a", "new"), "a", "new"), withPart(page, "a", "new"));
  });

  test("without its marks nothing is written", () => {
    assert.throws(() => withPart(page, "c", "new"), /c writes from here/);
  });
});

test("a million: sums over all clients", () => {
  const one = { connections: 100, heartbeats: 40, lost_connections: 0, measured_seconds: 10, server_cpu_percent: 1, pss_kib_per_connection: 1.5, opened_per_s: 900 };
  const all = total([one, { ...one, connections: 300, pss_kib_per_connection: 0.5, opened_per_s: 800, lost_connections: 1 }],
    { slabKib: 4_000, serversKib: 600, clientsKib: 400 });
  assert.equal(all.connections, 400);
  assert.equal(all.lost, 1);
  assert.equal(all.serverKib, 0.75);
  assert.equal(all.kernelKib, 10);
  assert.equal(all.heartbeatsPerSecond, 8);
  assert.equal(all.cpuUsPerHeartbeat, 2_500);
  assert.equal(all.openedPerSecond, 800);
  assert.match(toMarkdown(all, { server: "ours", asked: 500, seconds: 10, interval: 25 }), /\| 400 \(of 500 asked for\) \|/);
});

describe("run.sh --plan", () => {
  const plan = (...args) =>
    execFileSync("bash", [path.join(import.meta.dirname, "../run.sh"), "--plan", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  test("leaves out what means nothing", () => {
    const text = plan("--rounds", "2", "--scenarios", "polling_8,threads_2,messages_1", "--servers", "bare,sioxx,node");
    const rows = text.split("\n").filter((line) => / x\d/.test(line)).map((line) => line.trim().split(/\s+/).join(" "));
    assert.deepEqual(rows, ["messages_1 bare x2", "messages_1 node x2", "messages_1 sioxx x2", "polling_8 bare x2", "polling_8 node x2", "polling_8 sioxx x2", "threads_2 sioxx x2"]);
    assert.match(text, /14 runs, about/);
  });

  test("names what it does not know", () => {
    assert.throws(() => plan("--servers", "nobody"), /unknown server: nobody/);
    assert.throws(() => plan("--scenarios", "nothing_1"), /unknown scenario: nothing_1/);
  });
});
