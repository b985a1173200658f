/** Connections that end, or say nothing, before they are any. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChatClient, MemoryOutboxStorage } from '../src/client';
import type { ChatError } from '../src/client';
import { SocketTransport } from '../src/transport/socket';
import { ContractServer } from './contract-server';
import { until } from './wait';

describe('a connection without an answer to CONNECT', () => {
  let server: ContractServer;
  let silent: number;
  beforeEach(async () => {
    server = new ContractServer();
    await server.start();
    silent = 0;
  });
  afterEach(() => server.stop());

  /** The next one is left waiting. */
  function beSilent(): void {
    let answering = false;
    server.io!.use((_socket, next) => {
      if (answering) return next();
      answering = true;
      silent++;
    });
  }

  it('is tried again when it ends', async () => {
    beSilent();
    const client = new ChatClient({
      apiBase: server.apiBase, token: server.tokenOf(server.addUser('Оля', 'client')), outboxStorage: new MemoryOutboxStorage(),
    });
    client.retain();
    await until('waiting', () => silent === 1);
    server.cutConnections();
    await until('live', () => client.state.link.kind === 'live', 4_000);
    client.disconnect();
  });

  it('is given up after a while', async () => {
    beSilent();
    const heard: string[] = [];
    const noted = (what: string) => (): void => void heard.push(what);
    const socket = new SocketTransport(
      { url: server.url, path: '/socket.io/', transports: ['polling'], connectTimeoutMs: 150 },
      {
        connected: noted('connected'), upgraded: noted('upgraded'), disconnected: noted('disconnected'), event: () => {}, trace: () => {},
        failed: (error: Error, refusal: ChatError | null) => void heard.push(`${error.message}, ${refusal?.code}`),
      },
    );
    const token = server.tokenOf(server.addUser('Оля', 'client'));
    socket.open(token);
    await until('given up', () => heard.length > 0);
    expect(heard).toEqual(['no CONNECT, undefined']);
    socket.open(token);
    await until('open', () => heard.length > 1);
    expect(heard.slice(1)).toEqual(['connected']);
    socket.close();
  });
});
