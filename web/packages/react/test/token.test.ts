/** Who speaks: one question for a token at a time, and the last provider's answer counts. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChatClient, MemoryOutboxStorage } from '../src/client';
import type { TokenProvider } from '../src/client';
import { ContractServer } from './contract-server';
import { settle, until } from './wait';

let server: ContractServer;
let client: ChatClient;
beforeEach(async () => {
  server = new ContractServer();
  await server.start();
});
afterEach(async () => {
  client.disconnect();
  await server.stop();
});
const clientWith = (token: TokenProvider): ChatClient =>
  new ChatClient({ apiBase: server.apiBase, token, outboxStorage: new MemoryOutboxStorage() });

it('an answer that comes after another has signed in changes nothing', async () => {
  const [olia, ivan] = [server.addUser('Оля', 'client'), server.addUser('Іван', 'performer')];
  let answer!: (token: string) => void;
  client = clientWith(() => new Promise((told) => (answer = told)));
  client.retain();
  await until('asked', () => answer !== undefined);
  const asked = client.request('GET', '/me');
  client.setToken(server.tokenOf(ivan));
  await until('live as Ivan', () => client.state.link.kind === 'live' && client.state.me?.id === ivan.id);
  answer(server.tokenOf(olia));
  expect((await asked)['user']).toMatchObject({ id: ivan.id });
  await settle();
  expect(client.state.me?.id).toBe(ivan.id);
  expect((await client.request('GET', '/me'))['user']).toMatchObject({ id: ivan.id });
});

it('requests that are refused together ask for one fresh token', async () => {
  const olia = server.addUser('Оля', 'client');
  const stale = server.tokenOf(olia);
  const asked: boolean[] = [];
  client = clientWith(async ({ refresh }) => {
    asked.push(refresh);
    await settle();
    return refresh ? server.tokenOf(olia) : stale;
  });
  await client.request('GET', '/me');
  server.rejectTokens.add(stale);
  await Promise.all([1, 2, 3].map(() => client.request('GET', '/me')));
  expect(asked).toEqual([false, true]);
});
