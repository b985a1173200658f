import { readFile, readdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest']);
const SMALL_BYTES = 512;

/** Writes file.br and file.gz beside every text file, so that the server compresses nothing at run time. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async closeBundle() {
      const entries = await readdir(here('dist'), { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue;
        const path = join(entry.parentPath, entry.name);
        const content = await readFile(path);
        if (content.length < SMALL_BYTES) continue;
        await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        await writeFile(`${path}.br`, brotliCompressSync(content, { params: quality }));
      }
    },
  };
}

/** `npm run dev` proxies to a server on this address and reads the package from its sources. */
const server = process.env['ROZMOVA_URL'] ?? 'http://localhost:3000';

export default defineConfig(({ command }) => ({
  plugins: [react(), precompress()],
  resolve: {
    dedupe: ['react', 'react-dom'],
    alias: [
      { find: /^@\//, replacement: here('src/') },
      ...(command === 'build' ? [] : [
        { find: '@rozmova/react/styles.css', replacement: here('../../packages/react/src/styles/chat.css') },
        { find: '@rozmova/react/client', replacement: here('../../packages/react/src/client.ts') },
        { find: /^@rozmova\/react\/locales\/(uk|en)$/, replacement: here('../../packages/react/src/locales/$1.ts') },
        { find: /^@rozmova\/react$/, replacement: here('../../packages/react/src/index.ts') },
      ]),
    ],
  },
  build: {
    target: 'es2022',
    // light-dark(), layers and container queries are used as they are.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // A strict Content-Security-Policy allows no data: scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // One file for what every page needs: ten small ones compress worse and ask ten times.
        codeSplitting: { groups: [{ name: 'main', tags: ['$initial'] }] },
      },
    },
  },
  server: { proxy: { '/v1': server, '/socket.io': { target: server, ws: true } } },
}));
