/** What a page has to load, in kilobytes (1000 bytes) after gzip. A number here is raised only with a reason. */
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';

/** Everything that is there to be lazy is; what is left is docs/decisions.md, "What the package weighs". */
const PACKAGE_OWN_KB = 29.6;
/** Lightbox, attachments, menus: fetched when the page rests, or when first used. */
const PACKAGE_ON_DEMAND_KB = 12;
const PACKAGE_WITH_DEPENDENCIES_KB = 60;
const PACKAGE_CSS_KB = 8;
const DEMO_FIRST_LOAD_KB = 130;
/** The texts of one language, package and demo: Ukrainian is the larger one. */
const DEMO_DICTIONARY_KB = 7;
const DEMO_LAZY_CHUNK_KB = 40;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const kb = (text: string | Uint8Array): number => gzipSync(text, { level: 9 }).length / 1000;

const REACT = [/^react($|\/)/, /^react-dom($|\/)/];
const OTHERS = ['socket.io-client', /^@tanstack\//, 'idb-keyval'];

/** Vite's own code around import() is no weight of ours. */
const plainImports = {
  name: 'plain-imports',
  enforce: 'pre' as const,
  load: (id: string): string | null =>
    id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load();' : null,
};

/** Bundles the package as an application would, minified; gives what is loaded at first and what later. */
async function bundled(external: (string | RegExp)[]): Promise<{ first: number; later: number }> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [plainImports],
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: here('chat.ts'), preserveEntrySignatures: 'allow-extension', external, output: { format: 'es' } },
    },
    resolve: { alias: { '@rozmova/react': here('../packages/react/dist/index.js') } },
  });
  if (!('output' in result)) throw new Error('one build, one output');
  const chunks = result.output.filter((one) => one.type === 'chunk');
  const first = new Set<string>();
  const load = (name: string): void => {
    if (first.has(name)) return;
    const chunk = chunks.find((one) => one.fileName === name);
    if (chunk === undefined) return;
    first.add(name);
    chunk.imports.forEach(load);
  };
  chunks.filter((one) => one.isEntry).forEach((one) => load(one.fileName));
  const sum = (wanted: boolean): number =>
    chunks.filter((one) => first.has(one.fileName) === wanted).reduce((all, one) => all + kb(one.code), 0);
  return { first: sum(true), later: sum(false) };
}

function report(what: string, size: number, limit: number): void {
  process.stdout.write(`${what}: ${size.toFixed(1)} of ${limit} kB\n`);
  expect(size).toBeLessThanOrEqual(limit);
}

describe('the package', () => {
  it('own code', async () => {
    const { first, later } = await bundled([...REACT, ...OTHERS]);
    report('own code, first load', first, PACKAGE_OWN_KB);
    report('own code, on demand', later, PACKAGE_ON_DEMAND_KB);
  });
  it('with what it needs beside React', async () => {
    report('with dependencies', (await bundled(REACT)).first, PACKAGE_WITH_DEPENDENCIES_KB);
  });
  it('styles', async () => {
    report('styles', kb(await readFile(here('../packages/react/dist/styles.css'))), PACKAGE_CSS_KB);
  });
});

describe('the demo', () => {
  const dist = here('../apps/demo/dist');

  it('first load, and each part that comes later', async () => {
    const html = await readFile(join(dist, 'index.html'), 'utf8');
    const named = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(0);
    let first = 0;
    let dictionary = 0;
    for (const name of await readdir(join(dist, 'assets'))) {
      if (!name.endsWith('.js')) continue;
      const size = kb(await readFile(join(dist, 'assets', name)));
      if (named.includes(name)) first += size;
      else if (name.startsWith('uk-')) dictionary += size;
      else report(basename(name), size, DEMO_LAZY_CHUNK_KB);
    }
    report('first load', first, DEMO_FIRST_LOAD_KB);
    report('dictionary', dictionary, DEMO_DICTIONARY_KB);
  });
});
