/** Chats over REST alone, where not all of them answer. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChatClient, MemoryOutboxStorage, roomKey, selectRoom } from '../src/client';
import { ContractServer } from './contract-server';
import { until } from './wait';

let server: ContractServer;
beforeEach(async () => {
  server = new ContractServer();
  await server.start();
});
afterEach(() => server.stop());

it('a refused chat is said to be, and the others are asked all the same', async () => {
  const [olia, ivan, other] = [server.addUser('Оля', 'client'), server.addUser('Іван', 'performer'), server.addUser('Ліда', 'client')];
  const [foreign, own] = [server.addChat('order', other, ivan), server.addChat('order', olia, ivan)];
  const [closed, open] = [roomKey('order', foreign.id), roomKey('order', own.id)];
  const client = new ChatClient({ apiBase: server.apiBase, token: server.tokenOf(olia), outboxStorage: new MemoryOutboxStorage(), cache: false });
  const phase = (room: typeof open): string => selectRoom(client.state, room).phase;
  client.retain();
  client.joinRoom(open);
  await until('joined', () => phase(open) === 'ready');
  expect(selectRoom(client.state, open).participants.size).toBe(2);
  server.allowSockets = false;
  server.cutConnections();
  client.joinRoom(closed);
  const late = server.addChat('order', olia, ivan);
  server.say(late, ivan, 'пізніше');
  const third = roomKey('order', late.id);
  client.joinRoom(third);
  await until('degraded', () => client.state.link.kind === 'degraded', 12_000);
  await until('refused', () => phase(closed) === 'refused');
  expect(selectRoom(client.state, closed).error?.code).toBe('FORBIDDEN');
  await until('asked', () => phase(third) === 'ready');
  // Let in, and put out: it is asked for again. A page names nobody, so who is known stays.
  foreign.clientId = olia.id;
  own.clientId = other.id;
  await until('let in', () => phase(closed) === 'ready' && phase(open) === 'refused');
  own.clientId = olia.id;
  await until('back', () => phase(open) === 'ready');
  expect(selectRoom(client.state, open).participants.size).toBe(2);
  client.disconnect();
});
