import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const shared = {
  root: fileURLToPath(new URL('.', import.meta.url)),
  environment: 'node',
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // As long as a locator waits: the rest of the machine may be busy.
  expect: { poll: { timeout: 30_000, interval: 50 } },
} as const;

/** Scenarios mostly wait for two people, so two files run at a time, each with a server and a browser of its own; what is measured runs alone. */
export default defineConfig({
  test: {
    reporters: ['verbose'],
    maxWorkers: 2,
    projects: [
      { test: { ...shared, name: 'scenes', retry: 1, include: ['*.e2e.ts'], exclude: ['speed.e2e.ts'], sequence: { groupOrder: 0 } } },
      { test: { ...shared, name: 'speed', include: ['speed.e2e.ts'], sequence: { groupOrder: 1 } } },
    ],
  },
});
