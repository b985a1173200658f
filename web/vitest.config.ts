import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** ROZMOVA_REACT=18 runs the component tests with the older major version. */
const old = process.env['ROZMOVA_REACT'] === '18';
const react18 = ['react', 'react-dom'].map((name) => ({
  find: new RegExp(`^${name}(?=$|/)`), replacement: here(`react-18/node_modules/${name}`),
}));
// Its ES module: what is required from CommonJS would still find the newer React.
react18.push({
  find: /^@testing-library\/react$/, replacement: here('node_modules/@testing-library/react/dist/@testing-library/react.esm.js'),
});
const usersOfReact = [/@testing-library\/react/, /@tanstack\/react-virtual/];

export default defineConfig({
  plugins: [react()],
  resolve: {
    ...(old ? {} : { dedupe: ['react', 'react-dom'] }),
    alias: [
      ...(old ? react18 : []),
      { find: '@rozmova/react/styles.css', replacement: here('packages/react/src/styles-entry.ts') },
      { find: '@rozmova/react/client', replacement: here('packages/react/src/client.ts') },
      { find: '@rozmova/react/protocol', replacement: here('packages/react/src/protocol.ts') },
      { find: /^@rozmova\/react$/, replacement: here('packages/react/src/index.ts') },
      { find: /^@\//, replacement: here('apps/demo/src/') },
    ],
  },
  test: {
    include: old
      ? ['packages/react/test/**/*.test.tsx', 'apps/demo/test/**/*.test.tsx']
      : ['packages/react/test/**/*.test.{ts,tsx}', 'apps/demo/test/**/*.test.{ts,tsx}'],
    ...(old ? { server: { deps: { inline: usersOfReact } } } : {}),
    setupFiles: [here('packages/react/test/setup.ts')],
    environment: 'node',
    maxWorkers: 2,
    testTimeout: 20_000,
    reporters: ['default'],
    css: false,
  },
});
