import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Slow checks of what is shipped: sizes, and the package as a stranger gets it. They need `npm run build` first. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['verbose'],
  },
});
