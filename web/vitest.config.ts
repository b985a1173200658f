import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    dedupe: ['react', 'react-dom'],
    alias: [
      { find: '@rozmova/react/styles.css', replacement: here('packages/react/src/styles-entry.ts') },
      { find: '@rozmova/react/client', replacement: here('packages/react/src/client.ts') },
      { find: '@rozmova/react/protocol', replacement: here('packages/react/src/protocol.ts') },
      { find: /^@rozmova\/react$/, replacement: here('packages/react/src/index.ts') },
      { find: /^@\//, replacement: here('apps/demo/src/') },
    ],
  },
  test: {
    include: ['packages/react/test/**/*.test.{ts,tsx}', 'apps/demo/test/**/*.test.{ts,tsx}'],
    setupFiles: [here('packages/react/test/setup.ts')],
    environment: 'node',
    maxWorkers: 2,
    testTimeout: 20_000,
    reporters: ['default'],
    css: false,
  },
});
