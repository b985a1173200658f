// @vitest-environment jsdom
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { StrictMode, useEffect } from 'react';
import type { ComponentType, ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ChatProvider, EvidencePanel, NotificationToaster, OrderChat, PlainViewport, StatusChip, ViewportContext,
} from '../src/index';
import type { OrderChatProps, ViewportProps } from '../src/index';
import { ChatClient, MemoryOutboxStorage } from '../src/client';
import { ContractServer, Refusal } from './contract-server';
import { settle, until } from './wait';

let server: ContractServer;
let clients: ChatClient[];
let olia: ReturnType<ContractServer['addUser']>;
let ivan: typeof olia;
let order: ReturnType<ContractServer['addChat']>;

beforeEach(async () => {
  server = new ContractServer();
  clients = [];
  olia = server.addUser('Оля Коваленко', 'client');
  ivan = server.addUser('Іван Мельник', 'performer');
  order = server.addChat('order', olia, ivan);
  await server.start();
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
});
afterEach(async () => {
  for (const client of clients) client.disconnect();
  vi.restoreAllMocks();
  await server.stop();
});

function clientOf(user: typeof olia): ChatClient {
  const client = new ChatClient({
    apiBase: server.apiBase, token: server.tokenOf(user), outboxStorage: new MemoryOutboxStorage(),
  });
  clients.push(client);
  return client;
}
function Chat(
  { client, viewport = PlainViewport, ...props }: Partial<OrderChatProps> & { client: ChatClient; viewport?: ComponentType<ViewportProps> },
): ReactElement {
  return (
    <StrictMode>
      <ViewportContext.Provider value={viewport}>
        <ChatProvider client={client} locale="en" timeZone="Europe/Kyiv">
          <OrderChat orderId={order.id} participants={{ client: olia, performer: ivan }} {...props} />
        </ChatProvider>
      </ViewportContext.Provider>
    </StrictMode>
  );
}
const list = (): HTMLElement => screen.getByRole('region', { name: 'Chat messages' });
const field = (): HTMLElement => screen.getByRole('textbox', { name: 'Message text' });
async function open(props: Partial<OrderChatProps> = {}): Promise<ChatClient> {
  const client = clientOf(olia);
  render(<Chat client={client} {...props} />);
  await until('live', () => client.state.link.kind === 'live');
  return client;
}

describe('OrderChat', () => {
  it('shows history with days, groups, and who wrote', async () => {
    server.say(order, ivan, 'Позавчора', { createdAt: '2025-03-01T09:00:00.000Z' });
    server.say(order, ivan, 'Ще', { createdAt: '2025-03-01T09:01:00.000Z' });
    server.say(order, olia, 'Відповідь', { createdAt: '2025-03-02T09:00:00.000Z' });
    server.say(order, ivan, 'accepted', { type: 'system', createdAt: '2025-03-02T10:00:00.000Z' });
    await open();
    const region = await screen.findByRole('region', { name: 'Chat messages' });
    const rows = await within(region).findAllByRole('article');
    expect(rows.map((row) => row.getAttribute('aria-label'))).toEqual([
      expect.stringMatching(/^Іван Мельник, .*(1 March|March 1,) 2025/), expect.stringMatching(/^Іван Мельник, /),
      expect.stringMatching(/^You, .*(2 March|March 2,) 2025/), expect.stringMatching(/^Event, /),
    ]);
    expect(rows.map((row) => [row.dataset['first'], row.dataset['last']]).slice(0, 3)).toEqual([
      ['true', 'false'], ['false', 'true'], ['true', 'true'],
    ]);
    expect(within(region).getByText('Accepted')).toBeInTheDocument();
    expect(within(region).getByText('Start of the conversation')).toBeInTheDocument();
    expect(region.querySelectorAll('.chat-day')).toHaveLength(2);
  });

  it('sends by Enter, keeps the focus, shows the ticks', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    await user.type(field(), 'Вітаю{Shift>}{Enter}{/Shift}вас{Enter}');
    expect(field()).toHaveValue('');
    expect(field()).toHaveFocus();
    await waitFor(() => expect(within(list()).getByText('Sent')).toBeInTheDocument());
    expect(order.messages[0]!['content']).toBe('Вітаю\nвас');
    const reader = clientOf(ivan);
    reader.retain();
    reader.joinRoom(`order:${order.id}`);
    await until('reader there', () => reader.state.rooms.get(`order:${order.id}`)?.tailSeq === 1);
    act(() => reader.markRead(`order:${order.id}`, 1));
    await waitFor(() => expect(within(list()).getByText('Read')).toBeInTheDocument());
  });

  it('does not send what an input method is still composing, nor nothing', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    await user.type(field(), '   {Enter}');
    field().dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
    await settle();
    expect(server.received.filter(({ event }) => event === 'order_message')).toEqual([]);
  });

  it('counts down near the limit and refuses beyond it', async () => {
    const user = userEvent.setup();
    await open({ maxLength: 10 });
    await screen.findByText('Your conversation starts here');
    await user.type(field(), '12345678');
    expect(screen.getByText('2 characters left')).toBeInTheDocument();
    await user.type(field(), '9012');
    expect(screen.getByText('2 characters too many')).toBeInTheDocument();
    await user.keyboard('{Enter}');
    await settle();
    expect(server.received.filter(({ event }) => event === 'order_message')).toEqual([]);
  });

  it('keeps a refused message with its reason, to retry or delete', async () => {
    const user = userEvent.setup();
    const onError = vi.fn();
    await open({ onError });
    await screen.findByText('Your conversation starts here');
    let closed = true;
    server.intercept = (event) => {
      if (event === 'order_message' && closed) throw new Refusal('CHAT_CLOSED');
    };
    await user.type(field(), 'Запізно{Enter}');
    await screen.findByText('Not sent: the chat is closed');
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'CHAT_CLOSED' }));
    closed = false;
    await user.click(screen.getByRole('button', { name: 'Retry' }));
    await waitFor(() => expect(within(list()).getByText('Sent')).toBeInTheDocument());
    expect(within(list()).getAllByText('Запізно')).toHaveLength(1);
  });

  it('shows typing and presence, and takes them back', async () => {
    await open();
    const other = clientOf(ivan);
    other.retain();
    other.joinRoom(`order:${order.id}`);
    await screen.findByText('online', { selector: '.chat-presence' });
    await until('there', () => other.state.rooms.get(`order:${order.id}`)?.phase === 'ready');
    act(() => other.setTyping(`order:${order.id}`, true));
    await waitFor(() => expect(screen.getAllByText('Іван Мельник is typing…').length).toBeGreaterThan(0));
    act(() => other.setTyping(`order:${order.id}`, false));
    await waitFor(() => expect(screen.queryByText('Іван Мельник is typing…')).not.toBeInTheDocument());
    other.disconnect();
    await screen.findByText('offline', { selector: '.chat-presence' });
  });

  it('tells a screen reader of what others say now, and of nothing else', async () => {
    server.say(order, ivan, 'Історія');
    await open();
    await within(await screen.findByRole('region', { name: 'Chat messages' })).findByText('Історія');
    const log = screen.getByRole('log');
    act(() => void server.say(order, ivan, 'Новина'));
    await waitFor(() => expect(log).toHaveTextContent('Іван Мельник: Новина'), { timeout: 3_000 });
    expect(log).not.toHaveTextContent('Історія');
    expect(list()).not.toHaveAttribute('aria-live');
    act(() => {
      server.say(order, ivan, 'раз');
      server.say(order, ivan, 'два');
      server.say(order, olia, 'моє');
    });
    await waitFor(() => expect(log).toHaveTextContent('2 new messages'), { timeout: 3_000 });
    expect(log).not.toHaveTextContent('моє');
  });

  it('draws the unread line once, where the reader had been', async () => {
    server.say(order, ivan, 'прочитане');
    order.reads.set(olia.id, 1);
    server.say(order, ivan, 'нове 1');
    server.say(order, ivan, 'нове 2');
    await open();
    const region = await screen.findByRole('region', { name: 'Chat messages' });
    await within(region).findByText('нове 2');
    expect(region.textContent).toMatch(/прочитане.*New messages.*нове 1.*нове 2/);
    await until('marked read', () => order.reads.get(olia.id) === 3);
    expect(within(region).getAllByText('New messages')).toHaveLength(1);
  });

  it('marks nothing read while the unread line is above what is shown', async () => {
    const Above = (props: ViewportProps): ReactElement => {
      const { onAtEnd, ...rest } = props;
      useEffect(() => onAtEnd(props.startAt === null), [onAtEnd, props.startAt]);
      return <PlainViewport {...rest} onAtEnd={stay} />;
    };
    const stay = (): void => {};
    server.say(order, ivan, 'прочитане');
    order.reads.set(olia.id, 1);
    server.say(order, ivan, 'нове');
    const client = clientOf(olia);
    render(<Chat client={client} viewport={Above} />);
    await within(await screen.findByRole('region', { name: 'Chat messages' })).findByText('New messages');
    await settle(400);
    expect(order.reads.get(olia.id)).toBe(1);
  });

  it('draws the unread line on return to a chat that was kept', async () => {
    const key = `order:${order.id}` as const;
    server.say(order, ivan, 'прочитане');
    order.reads.set(olia.id, 1);
    const client = clientOf(olia);
    client.retain();
    client.joinRoom(key)();
    const again = client.joinRoom(key);
    await until('ready', () => client.state.rooms.get(key)?.phase === 'ready');
    again();
    await until('left', () => client.state.rooms.get(key)?.phase === 'unjoined');
    server.say(order, ivan, 'нове');
    render(<Chat client={client} />);
    const region = await screen.findByRole('region', { name: 'Chat messages' });
    await within(region).findByText('нове');
    expect(region.textContent).toMatch(/прочитане.*New messages.*нове/);
  });

  it('does not mark as read what nobody looks at', async () => {
    vi.spyOn(document, 'hasFocus').mockReturnValue(false);
    server.say(order, ivan, 'непомічене');
    await open();
    await within(await screen.findByRole('region', { name: 'Chat messages' })).findByText('непомічене');
    await settle(400);
    expect(order.reads.get(olia.id)).toBeUndefined();
    vi.spyOn(document, 'hasFocus').mockReturnValue(true);
    act(() => void window.dispatchEvent(new Event('focus')));
    await until('marked', () => order.reads.get(olia.id) === 1);
  });

  it('says why a chat is closed to a stranger, and offers no field', async () => {
    const stranger = clientOf(server.addUser('Чужий', 'client'));
    render(<Chat client={stranger} />);
    await screen.findByText('This chat is not yours');
    expect(screen.queryByRole('textbox')).not.toBeInTheDocument();
  });

  it('shows the loss of the link after a second, with a button, and its return', async () => {
    const user = userEvent.setup();
    await open();
    await server.stop();
    await screen.findByText(/Connection lost|No connection/, {}, { timeout: 5_000 });
    await server.start();
    const retry = screen.queryByRole('button', { name: 'Try now' });
    if (retry !== null) await user.click(retry);
    await screen.findByText('Back online', {}, { timeout: 8_000 });
  });

  it('keeps hostile text as text, and links to http and mail only', async () => {
    server.say(order, ivan, '<b>жирно</b> javascript:alert(1) https://example.com/x mailto:a@example.com \u202Etxt.exe');
    await open();
    const region = await screen.findByRole('region', { name: 'Chat messages' });
    await within(region).findByText(/<b>жирно<\/b>/);
    const links = within(region).getAllByRole('link').map((link) => link.getAttribute('href'));
    expect(links).toEqual(['https://example.com/x', 'mailto:a@example.com']);
    expect(region.textContent).not.toContain('\u202E');
  });

  it('tells of a status change and speaks Ukrainian by default', async () => {
    const onStatusChange = vi.fn();
    const client = await open({ onStatusChange, locale: 'uk' });
    await screen.findByText('У роботі');
    await until('ready', () => client.state.rooms.get(`order:${order.id}`)?.phase === 'ready');
    act(() => server.emitTo(order, 'order_status_update', { orderId: order.id, status: 'delivered' }));
    await screen.findByText('Здано');
    expect(onStatusChange).toHaveBeenCalledWith('delivered');
  });

  it('says that it waits for a connection where nothing was kept', async () => {
    const client = clientOf(olia);
    await server.stop();
    render(<Chat client={client} />);
    expect(await screen.findByText('Waiting for a connection')).toBeInTheDocument();
    await server.start();
    act(() => client.retryNow());
    await screen.findByText('Your conversation starts here');
  });

  it('gives its parts colours of their own outside a chat', () => {
    const client = clientOf(olia);
    render(
      <ChatProvider client={client} locale="en" theme="dark">
        <StatusChip status="delivered" />
        <NotificationToaster openRoom={null} onOpen={() => {}} />
        <EvidencePanel roomKey={`order:${order.id}`} />
      </ChatProvider>,
    );
    const parts = [screen.getByText('Delivered'), screen.getByRole('region'), screen.getByText(/No evidence yet/)];
    for (const part of parts) {
      expect(part).toHaveClass('chat-tokens');
      expect(part.dataset['theme']).toBe('dark');
    }
  });

  it('renders on a server without a browser', () => {
    const html = renderToString(<Chat client={clientOf(olia)} />);
    expect(html).toContain('Іван Мельник');
  });
});
