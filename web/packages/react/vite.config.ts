import { defineConfig } from 'vite';

/** Library build: ES modules, one CSS file; types come from `tsc`. Nothing is minified, consumers do that. */
export default defineConfig({
  build: {
    outDir: 'dist',
    minify: false,
    sourcemap: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    lib: {
      entry: {
        index: 'src/index.ts',
        client: 'src/client.ts',
        protocol: 'src/protocol.ts',
        'locales/uk': 'src/locales/uk.ts',
        'locales/en': 'src/locales/en.ts',
        // A bare .css entry fails, and a CSS import in index.ts would reach its declarations.
        'styles-entry': 'src/styles-entry.ts',
      },
      formats: ['es'],
      cssFileName: 'styles',
    },
    rolldownOptions: {
      external: [/^react($|\/)/, /^react-dom($|\/)/, 'socket.io-client', /^@tanstack\//, 'idb-keyval'],
      output: {
        // Library mode drops the directive; only the React entry needs it.
        banner: (chunk) => (chunk.name === 'index' ? "'use client';" : ''),
      },
    },
  },
});
