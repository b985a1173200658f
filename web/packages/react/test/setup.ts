import { afterEach } from 'vitest';

if (typeof document !== 'undefined') {
  await import('@testing-library/jest-dom/vitest');
  const { cleanup } = await import('@testing-library/react');
  afterEach(cleanup);
}

// Most tests speak from the start; loading a dictionary has a test of its own.
await import('../src/locales/uk');
await import('../src/locales/en');
