// A page with a part that a program writes: between two marks, everything else is left alone.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const end = "<!-- to here -->";

/** The page with `text` between the marks of `program`; throws when there is no place for it. */
export function withPart(page, program, text) {
  const begin = `<!-- ${program} writes from here -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < from) throw new Error(`there is no place for it: it needs the lines ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}

export function writePart(file, program, text) {
  const page = existsSync(file) ? readFileSync(file, "utf8") : `<!-- ${program} writes from here -->\n${end}\n`;
  writeFileSync(file, withPart(page, program, text));
}
