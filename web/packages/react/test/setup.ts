import { afterEach } from 'vitest';

if (typeof document !== 'undefined') {
  await import('@testing-library/jest-dom/vitest');
  const { cleanup, configure } = await import('@testing-library/react');
  // A chunk that is fetched when first used may take its time on a busy machine.
  configure({ asyncUtilTimeout: 5_000 });
  afterEach(cleanup);
}

// Most tests speak from the start; loading a dictionary has a test of its own.
await import('../src/locales/uk');
await import('../src/locales/en');
