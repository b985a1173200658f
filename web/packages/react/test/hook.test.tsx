// @vitest-environment jsdom
import { act, render, renderHook } from '@testing-library/react';
import { StrictMode, useEffect, version } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatProvider, useOrderMessage, useOrderMessages, usePresentation, useWebSocket } from '../src/index';
import type { WebSocketApi } from '../src/index';
import { ChatClient, MemoryOutboxStorage } from '../src/client';
import { HookScope } from '../src/react/scope';
import { ContractServer } from './contract-server';
import { settle, until } from './wait';

let server: ContractServer;
let client: ChatClient;
let order: ReturnType<ContractServer['addChat']>;
let olia: ReturnType<ContractServer['addUser']>;
let ivan: typeof olia;

beforeEach(async () => {
  server = new ContractServer();
  olia = server.addUser('Оля', 'client');
  ivan = server.addUser('Іван', 'performer');
  order = server.addChat('order', olia, ivan);
  await server.start();
  client = new ChatClient({
    apiBase: server.apiBase, token: server.tokenOf(olia), outboxStorage: new MemoryOutboxStorage(),
  });
});
afterEach(async () => {
  client.disconnect();
  await server.stop();
});

const wrapper = ({ children }: { children: ReactNode }): ReactElement => (
  <StrictMode><ChatProvider client={client}>{children}</ChatProvider></StrictMode>
);
const sent = (event: string): number => server.received.filter((one) => one.event === event).length;
async function connectedHook(): Promise<{ current: WebSocketApi }> {
  const { result } = renderHook(() => useWebSocket(), { wrapper });
  await until('connected', () => result.current.isConnected);
  return result;
}

describe('useWebSocket', () => {
  it('runs with the React that was asked for', () => {
    expect(version).toMatch(process.env['ROZMOVA_REACT'] === '18' ? /^18\.3/ : /^19\./);
  });

  it('opens one connection for many components, StrictMode included', async () => {
    const hooks = await Promise.all([connectedHook(), connectedHook(), connectedHook()]);
    expect(hooks.every(({ current }) => current.isConnected)).toBe(true);
    expect(server.connections).toBe(1);
  });

  it('keeps its methods, and itself until the state changes', async () => {
    const { result, rerender } = renderHook(() => useWebSocket(), { wrapper });
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);
    await until('connected', () => result.current.isConnected);
    expect(result.current).not.toBe(before);
    expect(result.current.sendOrderMessage).toBe(before.sendOrderMessage);
    expect(['polling', 'websocket']).toContain(result.current.transport);
  });

  it('does not connect when told not to', async () => {
    const { result } = renderHook(() => useWebSocket({ enabled: false }), { wrapper });
    await settle();
    expect(result.current.status.kind).toBe('idle');
    expect(server.connections).toBe(0);
  });

  it('takes an inline token function for one and the same, and asks the newest', async () => {
    const asked: number[] = [];
    const { result, rerender, unmount } = renderHook(({ turn }) => useWebSocket({
      apiBase: server.apiBase,
      token: () => {
        asked.push(turn);
        return server.tokenOf(olia);
      },
    }), { initialProps: { turn: 1 } });
    await until('connected', () => result.current.isConnected);
    const before = asked.length;
    for (let turn = 2; turn < 6; turn++) rerender({ turn });
    await settle();
    expect([server.connections, asked.length]).toEqual([1, before]);
    act(() => result.current.disconnect());
    server.revoke(olia.id);
    act(() => result.current.connect());
    await until('asked again', () => asked.length > before);
    expect(asked.at(-1)).toBe(5);
    unmount();
    result.current.disconnect();
  });

  it('joins once though mounted twice, and leaves when the last component goes', async () => {
    const Joined = (): null => {
      const { isConnected, joinOrderChat } = useWebSocket();
      useEffect(() => (isConnected ? joinOrderChat(order.id) : undefined), [isConnected, joinOrderChat]);
      return null;
    };
    const first = render(<Joined />, { wrapper });
    const second = render(<Joined />, { wrapper });
    await until('joined', () => sent('join_order_chat') > 0);
    first.unmount();
    await settle();
    expect([sent('join_order_chat'), sent('leave_order_chat')]).toEqual([1, 0]);
    second.unmount();
    await until('closed', () => client.state.link.kind === 'idle');
  });

  it('sends, hears, and undoes what it registered', async () => {
    const result = await connectedHook();
    const heard = vi.fn();
    result.current.joinOrderChat(order.id);
    const off = result.current.onOrderMessage(heard);
    result.current.onOrderMessage(heard);
    const message = await act(() => result.current.sendOrderMessage(order.id, 'Вітаю'));
    expect(message).toMatchObject({ orderId: order.id, content: 'Вітаю', seq: 1 });
    await until('heard', () => heard.mock.calls.length === 1);
    off();
    result.current.leaveOrderChat(order.id);
    server.say(order, ivan, 'нікому');
    await settle();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('passes on typing, status, presence, notifications and read marks', async () => {
    const result = await connectedHook();
    const log: string[] = [];
    const { current: api } = result;
    api.joinOrderChat(order.id);
    api.onOrderTyping(({ userId, isTyping }) => log.push(`typing ${userId === ivan.id} ${isTyping}`));
    api.onOrderStatusUpdate(({ status }) => log.push(`status ${status}`));
    api.onUserPresence(({ userId }) => log.push(`presence ${userId === ivan.id}`));
    api.onNotification(({ content }) => log.push(`notification ${content}`));
    api.onMessageStatus(({ seq }) => log.push(`read ${seq}`));
    await until('joined', () => sent('join_order_chat') === 1);
    server.emitTo(order, 'order_typing', { orderId: order.id, userId: ivan.id, isTyping: true });
    server.emitTo(order, 'order_status_update', { orderId: order.id, status: 'delivered' });
    server.emitTo(order, 'user_presence', { userId: ivan.id, isOnline: true });
    server.emitTo(order, 'notification', { id: 'n1', type: 'status', content: 'Здано', createdAt: '' });
    server.emitTo(order, 'order_read', { orderId: order.id, userId: ivan.id, seq: 3 });
    await until('all heard', () => log.length >= 5);
    expect(log).toEqual(['typing true true', 'status delivered', 'presence true', 'notification Здано', 'read 3']);
  });

  it('follows an order message hook to another order', async () => {
    const other = server.addChat('order', olia, ivan);
    const heard: unknown[] = [];
    const { rerender } = renderHook(({ id }) => useOrderMessage(id, ({ content }) => heard.push(content)), {
      wrapper, initialProps: { id: order.id },
    });
    await until('joined', () => sent('join_order_chat') === 1);
    rerender({ id: other.id });
    await until('joined the other', () => client.state.rooms.get(`order:${other.id}`)?.phase === 'ready');
    act(() => void server.say(other, ivan, 'тут'));
    await until('heard', () => heard.length === 1);
    expect(heard).toEqual(['тут']);
  });

  it('gives the messages of a chat for a UI of one’s own', async () => {
    server.say(order, ivan, 'раніше');
    const { result } = renderHook(() => {
      useWebSocket();
      return useOrderMessages(order.id);
    }, { wrapper });
    await until('history', () => result.current.messages.length === 1);
    act(() => void server.say(order, ivan, 'тепер'));
    await until('live', () => result.current.messages.length === 2);
    expect(result.current.phase).toBe('ready');
    expect(result.current.hasOlder).toBe(false);
  });
});

describe('a hook scope', () => {
  const other = (): typeof order => server.addChat('order', olia, ivan);

  it('drops the handlers of a join with its leave, and no others', async () => {
    const second = other();
    client.retain();
    const scope = new HookScope(client);
    const [a, b, before] = [vi.fn(), vi.fn(), vi.fn()];
    // Two effects of one component, in one commit; one of them listens first and joins afterwards.
    scope.join(`order:${order.id}`);
    scope.on('message', 'order', a as never);
    scope.on('message', 'order', before as never);
    scope.join(`order:${second.id}`);
    scope.on('message', 'order', b as never);
    await until('both joined', () => sent('join_order_chat') === 2);
    await settle();
    scope.leave(`order:${order.id}`);
    server.say(second, ivan, 'друге');
    await until('heard', () => b.mock.calls.length === 1);
    expect(a).not.toHaveBeenCalled();
    expect(before).not.toHaveBeenCalled();
  });

  it('adopts a handler that was registered just before its join', async () => {
    client.retain();
    const scope = new HookScope(client);
    const heard = vi.fn();
    scope.on('message', 'order', heard as never);
    scope.join(`order:${order.id}`);
    await until('joined', () => sent('join_order_chat') === 1);
    scope.leave(`order:${order.id}`);
    scope.on('message', 'order', heard as never);
    scope.join(`order:${order.id}`);
    await settle();
    server.say(order, ivan, 'раз');
    await until('heard', () => heard.mock.calls.length === 1);
    await settle();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('hears its own rooms only; without rooms, all', async () => {
    const second = other();
    client.retain();
    client.joinRoom(`order:${second.id}`);
    const [mine, any] = [new HookScope(client), new HookScope(client)];
    const [heard, everything] = [vi.fn(), vi.fn()];
    mine.join(`order:${order.id}`);
    mine.on('message', 'order', heard as never);
    any.on('message', 'order', everything as never);
    await until('joined', () => sent('join_order_chat') === 2);
    await settle();
    server.say(second, ivan, 'друге');
    server.say(order, ivan, 'перше');
    await until('all', () => everything.mock.calls.length === 2);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('makes the formatters of a locale once for all who speak it', () => {
    const made = vi.spyOn(Intl, 'DateTimeFormat');
    const one = renderHook(() => usePresentation({ locale: 'en', timeZone: 'Asia/Tokyo' }));
    const count = made.mock.calls.length;
    const two = renderHook(() => usePresentation({ locale: 'en', timeZone: 'Asia/Tokyo' }));
    expect(two.result.current.translator).toBe(one.result.current.translator);
    expect(made.mock.calls.length).toBe(count);
    made.mockRestore();
  });

  it('survives a handler that throws', async () => {
    const thrown: unknown[] = [];
    const listener = (event: ErrorEvent): void => {
      event.preventDefault();
      thrown.push(event.error);
    };
    const onUncaught = (error: unknown): void => void thrown.push(error);
    window.addEventListener('error', listener);
    const uncaught = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', onUncaught);
    try {
      client.retain();
      const scope = new HookScope(client);
      const heard = vi.fn();
      scope.join(`order:${order.id}`);
      scope.on('message', 'order', (() => { throw new Error('consumer'); }) as never);
      scope.on('message', 'order', heard as never);
      await until('joined', () => sent('join_order_chat') === 1);
      await settle();
      server.say(order, ivan, 'раз');
      await until('reported', () => thrown.length > 0);
      expect(heard).toHaveBeenCalledTimes(1);
    } finally {
      process.removeListener('uncaughtException', onUncaught);
      for (const one of uncaught) process.on('uncaughtException', one);
      window.removeEventListener('error', listener);
    }
  });
});
