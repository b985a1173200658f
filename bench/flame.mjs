// Where the time of a program goes, from what perf has seen of it:
//
//   perf record -F 1999 -e cpu-clock --call-graph dwarf,8192 -p PID -o perf.data -- sleep 3
//   perf script -i perf.data --no-inline -F comm,tid,ip,sym | node bench/flame.mjs --title "…" --svg flame.svg
//   perf script …                                           | node bench/flame.mjs --stages sqlite --us 20.5
//
//   --svg FILE      a flame graph: wide is long, callers below, the roots on the ground
//   --stages NAME   a table by stage (flame_stages.mjs); --us: what 100 % is, microseconds a message
//   --folded        one line a stack, "root;…;leaf count", to look at or to compare
//   --thread NAME   only threads so called, or of this id
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { stageNames, stageOf } from "./flame_stages.mjs";

const frameHeight = 17;
const narrowest = 0.0015; // of the width: what is narrower is left out

/** The stacks of `perf script`, leaf first in its text, root first here: [{thread, tid, frames}]. */
export function stacks(text) {
  const all = [];
  for (const block of text.split("\n\n")) {
    const [head, ...lines] = block.split("\n").filter((line) => line.trim() !== "");
    const named = head?.match(/^(.*?)\s+(\d+)\s*$/);
    if (!named) continue;
    const frames = lines.map((line) => shorter(line.trim().replace(/^[0-9a-f]+ /, ""))).reverse();
    if (frames.length > 0) all.push({ thread: named[1].trim(), tid: named[2], frames });
  }
  return all;
}

/** A C++ name without what nobody reads in a picture: arguments, the inside of templates, the long names of std. */
export function shorter(name) {
  let depth = 0;
  let short = "";
  const plain = name.replaceAll("(anonymous namespace)", "{anon}").replaceAll("operator()", "{call}");
  for (const letter of plain.replace(/^non-virtual thunk to /, "").replace(/\[abi:[^\]]*\]/g, "")) {
    if ("<(".includes(letter)) depth += 1;
    if (depth === 0) short += letter;
    if (">)".includes(letter)) depth -= 1;
  }
  return short.replace(/ const$/, "").replaceAll("{anon}::", "").replaceAll("{call}", "()").replace(/^std::__cxx11::basic_string/, "std::string");
}

/** Stacks with the same frames, added up: {name, value, children: Map}. */
export function tree(all) {
  const root = { name: "all", value: 0, children: new Map() };
  for (const { thread, frames } of all) {
    let at = root;
    at.value += 1;
    for (const name of [thread, ...frames]) {
      if (!at.children.has(name)) at.children.set(name, { name, value: 0, children: new Map() });
      at = at.children.get(name);
      at.value += 1;
    }
  }
  return root;
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const entersKernel = /^(entry_SYSCALL|asm_)/;
const colour = (name, inKernel) => (inKernel ? "#8fb3d9" : /^sqlite3/.test(name) ? "#a9c98b" : /^(rozmova|sioxx)::/.test(name) ? "#f0a35e" : "#e8c77d");
/** Of our own names the class and the function are enough. */
const label = (name) => name.replace(/^(?:sioxx|rozmova)::(?:\w+::)*(?=\w+::\w+$)/, "");

export function flame(root, { title, width = 1400 }) {
  const boxes = [];
  let deepest = 0;
  const place = (node, from, depth, caller) => {
    const inKernel = caller || entersKernel.test(node.name);
    const share = node.value / root.value;
    if (share < narrowest) return;
    deepest = Math.max(deepest, depth);
    boxes.push({ node, from, depth, share, inKernel });
    let at = from;
    for (const child of [...node.children.values()].sort((a, b) => a.name.localeCompare(b.name))) {
      place(child, at, depth + 1, inKernel);
      at += child.value / root.value;
    }
  };
  place(root, 0, 0, false);
  const height = (deepest + 1) * frameHeight + 50;
  const drawn = boxes.map(({ node, from, depth, share, inKernel }) => {
    const [x, wide, y] = [from * width, share * width, height - 10 - (depth + 1) * frameHeight];
    const letters = Math.floor((wide - 4) / 6.6);
    const name = label(node.name);
    const seen = letters < 4 ? "" : name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
    const text = seen && `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escape(seen)}</text>`;
    const tip = `<title>${escape(node.name)} · ${(share * 100).toFixed(1)} %</title>`;
    return `<g>${tip}<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${frameHeight - 1}" fill="${colour(node.name, inKernel)}"/>${text}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>svg { background: #ffffff; font: 11px ui-monospace, monospace; } .title { font: 600 15px system-ui, sans-serif; }</style>
<text class="title" x="10" y="24">${escape(title)}</text>
${drawn.join("\n")}
</svg>
`;
}

/** [[stage, share]], in the order of the table. */
export function byStage(all, table) {
  const sums = new Map();
  for (const stack of all) {
    const stage = stageOf(table, stack.frames);
    sums.set(stage, (sums.get(stage) ?? 0) + 1);
  }
  return [...stageNames(table), "everything else"].map((stage) => [stage, (sums.get(stage) ?? 0) / all.length]);
}

function folded(node, path = []) {
  const here = [...path, node.name];
  const inside = [...node.children.values()];
  const own = node.value - inside.reduce((sum, child) => sum + child.value, 0);
  return [...(own > 0 ? [`${here.slice(1).join(";")} ${own}`] : []), ...inside.flatMap((child) => folded(child, here))];
}

async function main() {
  const { values } = parseArgs({
    options: { svg: { type: "string" }, title: { type: "string", default: "Where the time goes" }, stages: { type: "string" }, us: { type: "string" }, folded: { type: "boolean" }, thread: { type: "string" } },
  });
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const all = stacks(Buffer.concat(pieces).toString()).filter((stack) => !values.thread || [stack.thread, stack.tid].includes(values.thread));
  if (all.length === 0) throw new Error("no stacks on the standard input: is it what perf script prints?");
  if (values.svg) writeFileSync(values.svg, flame(tree(all), { title: values.title }));
  if (values.folded) console.log(folded(tree(all)).join("\n"));
  if (!values.stages) return;
  for (const [stage, share] of byStage(all, values.stages)) {
    const time = values.us ? `${(share * Number(values.us)).toFixed(2)} | ` : "";
    if (share > 0) console.log(`| ${stage} | ${time}${(share * 100).toFixed(1)} % |`);
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main();
