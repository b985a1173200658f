// Plots as SVG text, drawn by hand: bars with their spread, lines over a scale. They are read on light and on dark pages:
// the file asks the reader's system and draws its own background. Pure.

const style = `
  svg { font: 13px system-ui, sans-serif; --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --a: #0969da; --b: #8c959f; --c: #1a7f37; --d: #bc4c00; }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --grid: #3d444d; --a: #58a6ff; --b: #6e7681; --c: #3fb950; --d: #f0883e; } }
  .paper { fill: var(--paper); } text { fill: var(--ink); } .soft { fill: var(--soft); } .title { font-weight: 600; font-size: 15px; }
  .grid { stroke: var(--grid); } .whisker { stroke: var(--ink); stroke-width: 1.5; } .own { fill: var(--a); } .other { fill: var(--b); }
  .end { text-anchor: end; } .mid { text-anchor: middle; } .line { fill: none; stroke-width: 2.5; }
  .s0 { stroke: var(--a); fill: var(--a); } .s1 { stroke: var(--c); fill: var(--c); } .s2 { stroke: var(--d); fill: var(--d); } .s3 { stroke: var(--b); fill: var(--b); } .s4 { stroke: var(--ink); fill: var(--ink); }`;

const escape = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const round = (n) => Number(n.toFixed(1));

function page(width, height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${style}
</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
${body.join("\n")}
</svg>
`;
}

/** Round numbers from 0 to at least `top`, some five of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(top, about = 5) {
  if (!(top > 0)) return [0, 1];
  const raw = top / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const count = Math.ceil(top / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** 1234567 -> "1.23 M", 45678 -> "45.7 k", 0.123 -> "0.123". */
export function short(value) {
  const [scaled, unit] = value >= 1e6 ? [value / 1e6, " M"] : value >= 1e4 ? [value / 1e3, " k"] : [value, ""];
  if (scaled === 0) return "0";
  const decimals = scaled >= 100 ? 0 : scaled >= 10 ? 1 : scaled >= 1 ? 2 : 3;
  return `${Number(scaled.toFixed(decimals)).toLocaleString("en-US").replaceAll(",", " ")}${unit}`;
}

/**
 * Horizontal bars. `bars`: [{label, value, low, high, own}]; a bar without a value starts a group and is its heading.
 * The whisker is the spread over the rounds.
 */
export function barChart({ title, unit, bars }) {
  const [width, left, right, top, rowHeight] = [760, 220, 90, 54, 26];
  const height = top + bars.length * rowHeight + 46;
  const marks = ticks(Math.max(...bars.map((bar) => bar.high ?? 0)));
  const x = (value) => round(left + (value / marks.at(-1)) * (width - left - right));
  const bottom = top + bars.length * rowHeight + 4;
  const body = [`<text class="title" x="16" y="28">${escape(title)}</text>`];
  for (const mark of marks) {
    body.push(`<line class="grid" x1="${x(mark)}" x2="${x(mark)}" y1="${top - 6}" y2="${bottom}"/>`);
    body.push(`<text class="soft mid" x="${x(mark)}" y="${bottom + 17}">${short(mark)}</text>`);
  }
  body.push(`<text class="soft mid" x="${round((left + width - right) / 2)}" y="${bottom + 35}">${escape(unit)}</text>`);
  bars.forEach((bar, i) => {
    const y = top + i * rowHeight;
    if (bar.value === undefined) return body.push(`<text class="soft" x="16" y="${y + 17}">${escape(bar.label)}</text>`);
    body.push(`<text class="end" x="${left - 10}" y="${y + 17}">${escape(bar.label)}</text>`);
    body.push(`<rect class="${bar.own ? "own" : "other"}" x="${left}" y="${y + 4}" width="${Math.max(1, round(x(bar.value) - left))}" height="${rowHeight - 9}" rx="2"/>`);
    if (bar.high > bar.low) body.push(`<line class="whisker" x1="${x(bar.low)}" x2="${x(bar.high)}" y1="${y + 12.5}" y2="${y + 12.5}"/>`);
    body.push(`<text x="${round(Math.max(x(bar.value), x(bar.high ?? 0)) + 7)}" y="${y + 17}">${short(bar.value)}</text>`);
  });
  return page(width, height, title, body);
}

/** Lines over a linear scale from 0. `series`: [{label, points: [[x, y, low, high], …]}], five at most. */
export function lineChart({ title, xLabel, yLabel, series }) {
  const [width, height, left, right, top, bottom] = [760, 380, 70, 150, 54, 322];
  const points = series.flatMap((one) => one.points);
  const xMarks = ticks(Math.max(...points.map(([x]) => x)));
  const yMarks = ticks(Math.max(...points.map(([, y, , high]) => high ?? y)));
  const px = (x) => round(left + (x / xMarks.at(-1)) * (width - left - right));
  const py = (y) => round(bottom - (y / yMarks.at(-1)) * (bottom - top));
  const body = [`<text class="title" x="16" y="28">${escape(title)}</text>`];
  for (const mark of yMarks) {
    body.push(`<line class="grid" x1="${left}" x2="${width - right}" y1="${py(mark)}" y2="${py(mark)}"/>`);
    body.push(`<text class="soft end" x="${left - 8}" y="${py(mark) + 4}">${short(mark)}</text>`);
  }
  for (const mark of xMarks) body.push(`<text class="soft mid" x="${px(mark)}" y="${bottom + 19}">${short(mark)}</text>`);
  body.push(`<text class="soft mid" x="${round((left + width - right) / 2)}" y="${bottom + 42}">${escape(xLabel)}</text>`);
  body.push(`<text class="soft mid" transform="translate(20 ${round((top + bottom) / 2)}) rotate(-90)">${escape(yLabel)}</text>`);
  // Labels stand at the ends of the lines, pushed apart where they would touch.
  const ends = series.map((one, i) => ({ i, y: py(one.points.at(-1)[1]) })).sort((a, b) => a.y - b.y);
  ends.forEach((end, i) => { if (i > 0) end.y = Math.max(end.y, ends[i - 1].y + 17); });
  for (const { i, y } of ends) {
    const { label, points: own } = series[i];
    body.push(`<polyline class="line s${i % 5}" style="fill:none" points="${own.map(([a, b]) => `${px(a)},${py(b)}`).join(" ")}"/>`);
    for (const [a, b, low, high] of own) {
      if (high > low) body.push(`<line class="s${i % 5}" x1="${px(a)}" x2="${px(a)}" y1="${py(low)}" y2="${py(high)}"/>`);
      body.push(`<circle class="s${i % 5}" cx="${px(a)}" cy="${py(b)}" r="3.5"/>`);
    }
    body.push(`<text x="${px(own.at(-1)[0]) + 10}" y="${y + 4}">${escape(label)}</text>`);
  }
  return page(width, height, title, body);
}
