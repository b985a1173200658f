/** A server with Olia, Ivan and their order before each test, and clients that end with it. Imported names follow it. */
import { afterEach, beforeEach } from 'vitest';
import { ChatClient, MemoryOutboxStorage, roomKey } from '../src/client';
import type { ChatClientOptions, RoomKey } from '../src/client';
import { ContractServer } from './contract-server';

type User = ReturnType<ContractServer['addUser']>;

export let server: ContractServer;
export let olia: User;
export let ivan: User;
export let order: ReturnType<ContractServer['addChat']>;
export let room: RoomKey;
let clients: ChatClient[];

beforeEach(async () => {
  server = new ContractServer();
  clients = [];
  olia = server.addUser('Оля', 'client');
  ivan = server.addUser('Іван', 'performer');
  order = server.addChat('order', olia, ivan);
  room = roomKey('order', order.id);
  await server.start();
});
afterEach(async () => {
  for (const client of clients) client.disconnect();
  await server.stop();
});

export function clientOf(user: User, options: ChatClientOptions = {}): ChatClient {
  const client = new ChatClient({
    apiBase: server.apiBase, token: server.tokenOf(user), outboxStorage: new MemoryOutboxStorage(), ...options,
  });
  clients.push(client);
  return client;
}
export const isLive = (client: ChatClient): boolean => client.state.link.kind === 'live';
