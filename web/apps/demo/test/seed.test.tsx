// @vitest-environment jsdom
import { PlainViewport, ViewportContext, configureChat } from '@rozmova/react';
import { MemoryOutboxStorage } from '@rozmova/react/client';
import { render, screen, waitFor } from '@testing-library/react';
import { StrictMode } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ContractServer } from '../../../packages/react/test/contract-server';
import { settle, until } from '../../../packages/react/test/wait';
import { Debugging, MyComponent, components, setOrderId } from './seed-snippets';

let server: ContractServer;
beforeEach(async () => {
  server = new ContractServer();
  await server.start();
});
afterEach(async () => {
  configureChat({});
  vi.restoreAllMocks();
  await server.stop();
});

function scene() {
  const olia = server.addUser('Оля', 'client');
  const ivan = server.addUser('Іван', 'performer');
  const order = server.addChat('order', olia, ivan);
  configureChat({
    apiBase: server.apiBase, token: server.tokenOf(olia), outboxStorage: new MemoryOutboxStorage(),
  });
  setOrderId(order.id);
  return { olia, ivan, order };
}

it('the hook snippet handles each message once, in StrictMode, over five reconnects', async () => {
  const { ivan, order } = scene();
  const handled: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((_label: string, message: { content: string }) => {
    handled.push(message.content);
  });
  const view = render(<StrictMode><MyComponent /></StrictMode>);
  await screen.findByText('Connected');
  await until('joined', () => server.received.some(({ event }) => event === 'join_order_chat'));
  await settle();

  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
    server.say(order, ivan, text);
  };
  for (let round = 1; round <= 5; round++) {
    say(`live ${round}`);
    await until(`live ${round}`, () => handled.includes(`live ${round}`));
    server.cutConnections();
    await screen.findByText('Disconnected');
    say(`while away ${round}`);
    await screen.findByText('Connected', {}, { timeout: 5_000 });
    await until(`while away ${round}`, () => handled.includes(`while away ${round}`));
  }
  say('last');
  await until('last', () => handled.includes('last'));
  await settle();
  expect(handled).toEqual(said);

  view.unmount();
  server.say(order, ivan, 'to nobody');
  await settle();
  expect(handled).toEqual(said);
  expect(server.connections).toBe(6);
});

it('the component snippets render', async () => {
  scene();
  render(
    <StrictMode>
      <ViewportContext.Provider value={PlainViewport}>{components}</ViewportContext.Provider>
    </StrictMode>,
  );
  // The snippet's ids are placeholders: the chats say politely that there are no such chats.
  await waitFor(() => expect(screen.getAllByText('Такого чату немає')).toHaveLength(2), { timeout: 5_000 });
});

it('debug mode shows frames, and never a token', async () => {
  scene();
  const lines: unknown[] = [];
  vi.spyOn(console, 'debug').mockImplementation((...line: unknown[]) => void lines.push(line));
  render(<Debugging />);
  await screen.findByText('live');
  expect(globalThis.__chatDebug?.some(({ name }) => name === 'connect')).toBe(true);
  expect(JSON.stringify([lines, globalThis.__chatDebug])).not.toMatch(/eyJ/);
});
