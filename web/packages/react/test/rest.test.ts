import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { RestTransport } from '../src/transport/rest';

const TIMEOUT_MS = 150;

it('waits for a file that has begun as long as it takes, but not for its beginning, or for an answer', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"a":');
    setTimeout(() => response.end('1}'), 2 * TIMEOUT_MS);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rest = new RestTransport(base, async () => '', () => null, TIMEOUT_MS);
  expect(await (await rest.file(`${base}/slow`)).text()).toBe('{"a":1}');
  await expect(rest.file(`${base}/silent`)).rejects.toMatchObject({ code: 'TIMEOUT' });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
