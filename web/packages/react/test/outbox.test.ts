/** What is written is kept: whoever signs in or out, whatever the storage does. */
import { describe, expect, it } from 'vitest';
import { MemoryOutboxStorage, selectPending } from '../src/client';
import type { ChatClient, ChatClientOptions } from '../src/client';
import { clientOf, isLive, olia, order, room, server } from './stage';
import { until } from './wait';

function openedClient(options: ChatClientOptions): ChatClient {
  const client = clientOf(olia, options);
  client.retain();
  return client;
}
const stored = (): string[] => order.messages.map(({ content }) => content);

describe('an unsent message', () => {
  it('outlives a disconnection around it', async () => {
    const client = openedClient({ outboxStorage: new MemoryOutboxStorage() });
    await until('live', () => isLive(client));
    client.disconnect();
    const sent = client.send(room, 'між двома');
    client.connect();
    await sent;
    expect(stored()).toEqual(['між двома']);
  });

  it('outlives a storage that keeps nothing', async () => {
    const storage = new MemoryOutboxStorage();
    storage.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    const client = openedClient({ outboxStorage: storage });
    await until('live', () => isLive(client));
    client.disconnect();
    const sent = client.send(room, 'не вмістилося');
    await new Promise((next) => setTimeout(next, 20));
    client.connect();
    await sent;
    expect(stored()).toEqual(['не вмістилося']);
  });

  it('waits for the return of a user who signs out right after writing it', async () => {
    const storage = new MemoryOutboxStorage();
    const client = openedClient({ outboxStorage: storage });
    await until('live', () => isLive(client));
    await server.stop();
    await until('no longer', () => !isLive(client));
    client.send(room, 'і вийшла').catch(() => {});
    await client.forget();
    expect((await storage.load(olia.id)).map(({ content }) => content)).toEqual(['і вийшла']);
    expect(selectPending(client.state, room)).toEqual([]);
  });

  it('is kept once it is known who wrote it', async () => {
    const storage = new MemoryOutboxStorage();
    server.allowSockets = false;
    let tell!: (token: string) => void;
    const token = new Promise<string>((known) => (tell = known));
    const client = openedClient({ outboxStorage: storage, token: () => token });
    client.send(room, 'ще не знаю хто').catch(() => {});
    tell(server.tokenOf(olia));
    let kept: string[] = [];
    await until('kept', () => {
      void storage.load(olia.id).then((found) => (kept = found.map(({ content }) => content)));
      return kept.length > 0;
    }, 2_000);
    expect(kept).toEqual(['ще не знаю хто']);
  });
});
