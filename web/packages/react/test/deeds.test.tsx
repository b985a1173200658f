// @vitest-environment jsdom
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { StrictMode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatProvider, DisputeChat, NotificationToaster, OrderChat, PlainViewport, ViewportContext } from '../src/index';
import type { OrderChatProps } from '../src/index';
import { ChatClient, ChatError, MemoryOutboxStorage } from '../src/client';
import { ContractServer, Refusal } from './contract-server';
import { settle, until } from './wait';

let server: ContractServer;
let client: ChatClient;
let olia: ReturnType<ContractServer['addUser']>;
let ivan: typeof olia;
let mariia: typeof olia;
let order: ReturnType<ContractServer['addChat']>;

beforeEach(async () => {
  server = new ContractServer();
  olia = server.addUser('Оля Коваленко', 'client');
  ivan = server.addUser('Іван Мельник', 'performer');
  mariia = server.addUser('Марія Бойко', 'moderator');
  order = server.addChat('order', olia, ivan);
  await server.start();
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  URL.createObjectURL = () => 'blob:test';
  URL.revokeObjectURL = () => {};
});
afterEach(async () => {
  client.disconnect();
  vi.restoreAllMocks();
  await server.stop();
});

async function open(user = olia, chat: React.ReactElement | null = null, props: Partial<OrderChatProps> = {}): Promise<void> {
  client = new ChatClient({
    apiBase: server.apiBase, token: server.tokenOf(user), outboxStorage: new MemoryOutboxStorage(), cache: false,
  });
  render(
    <StrictMode>
      <ViewportContext.Provider value={PlainViewport}>
        <ChatProvider client={client} locale="en" timeZone="Europe/Kyiv">
          {chat ?? <OrderChat orderId={order.id} participants={{ client: olia, performer: ivan }} {...props} />}
        </ChatProvider>
      </ViewportContext.Provider>
    </StrictMode>,
  );
  await until('live', () => client.state.link.kind === 'live');
}
const list = (): HTMLElement => screen.getByRole('region', { name: 'Chat messages' });
const field = (): HTMLElement => screen.getByRole('textbox', { name: 'Message text' });
async function bubble(text: string): Promise<HTMLElement> {
  return (await within(await screen.findByRole('region', { name: 'Chat messages' })).findByText(text)).closest('article')!;
}
async function pick(text: string, item: string): Promise<void> {
  const user = userEvent.setup();
  await user.click(within(await bubble(text)).getByRole('button', { name: 'Message actions' }));
  await user.click(await screen.findByRole('menuitem', { name: item }));
}
const last = () => order.messages.at(-1)!;

describe('what one does with messages', () => {
  it('answers one: the quote goes along and leads back', async () => {
    const user = userEvent.setup();
    const asked = server.say(order, ivan, 'Коли зручно?');
    await open();
    await pick('Коли зручно?', 'Reply');
    await screen.findByText('Reply to Іван Мельник');
    await user.type(field(), 'Завтра{Enter}');
    await until('stored', () => order.messages.length === 2);
    expect(last()['replyTo']).toBe(asked['id']);
    const quote = within(await bubble('Завтра')).getByRole('button', { name: /In reply to:.*Коли зручно/ });
    await user.click(quote);
    await waitFor(async () => expect((await bubble('Завтра')).parentElement!.parentElement!.querySelector('[data-flash]')).not.toBeNull());
    expect(screen.queryByText('Reply to Іван Мельник')).not.toBeInTheDocument();
  });

  it('edits its own, with Escape as the way out, and shows what others edit', async () => {
    const user = userEvent.setup();
    const theirs = server.say(order, ivan, 'Ціна 100');
    server.say(order, olia, 'Завтар');
    await open();
    await bubble('Завтар');
    await user.type(field(), 'чернетка');
    await pick('Завтар', 'Edit');
    const editor = screen.getByRole('textbox', { name: 'Editing the message' });
    expect(editor).toHaveValue('Завтар');
    await user.keyboard('{Escape}');
    expect(field()).toHaveValue('чернетка');
    await pick('Завтар', 'Edit');
    await user.clear(screen.getByRole('textbox', { name: 'Editing the message' }));
    await user.keyboard('Завтра{Enter}');
    expect(within(await bubble('Завтра')).getByText('edited')).toBeInTheDocument();
    expect(await screen.findByRole('textbox', { name: 'Message text' })).toHaveValue('чернетка');
    act(() => server.emitTo(order, 'order_message_edited', { ...theirs, content: 'Ціна 200', editedAt: new Date().toISOString() }));
    await bubble('Ціна 200');
    act(() => server.emitTo(order, 'order_message_edited', {
      orderId: order.id, messageId: theirs['id'], content: 'Ціна 300', editedAt: new Date(Date.now() + 1000).toISOString(),
    }));
    await bubble('Ціна 300');
  });

  it('says why an edit or a deletion failed, and keeps what was written', async () => {
    const user = userEvent.setup();
    HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) { this.open = true; };
    HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) { this.open = false; };
    server.say(order, olia, 'Завтар');
    await open();
    let closed = true;
    server.intercept = (event) => {
      if (/_message_(edit|delete)$/.test(event) && closed) throw new Refusal('CHAT_CLOSED');
    };
    await pick('Завтар', 'Edit');
    await user.clear(screen.getByRole('textbox', { name: 'Editing the message' }));
    await user.keyboard('Завтра{Enter}');
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('Not saved: the chat is closed'));
    expect(screen.getByRole('textbox', { name: 'Editing the message' })).toHaveValue('Завтра');
    await user.keyboard('{Escape}');
    await pick('Завтар', 'Delete');
    await user.click(await screen.findByRole('button', { name: 'Delete' }));
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('Not deleted: the chat is closed'));
    closed = false;
    await user.click(screen.getByRole('button', { name: 'Delete' }));
    await within(list()).findByText('Message deleted');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('keeps in the field what the client itself refuses to send', async () => {
    const user = userEvent.setup();
    await open();
    await user.type(field(), 'зайве');
    vi.spyOn(client, 'send').mockRejectedValueOnce(new ChatError('UNAVAILABLE'));
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('Not sent: too much is waiting'));
    expect(field()).toHaveValue('зайве');
    await user.keyboard('{Enter}');
    await until('stored', () => order.messages.length === 1);
    expect(field()).toHaveValue('');
  });

  it('deletes its own after asking, and nothing of others', async () => {
    const user = userEvent.setup();
    HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) { this.open = true; };
    HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) { this.open = false; };
    server.say(order, ivan, 'Чуже');
    server.say(order, olia, 'Зайве');
    await open();
    await user.click(within(await bubble('Чуже')).getByRole('button', { name: 'Message actions' }));
    await screen.findByRole('menuitem', { name: 'Reply' });
    expect(screen.queryByRole('menuitem', { name: 'Delete' })).not.toBeInTheDocument();
    await user.keyboard('{Escape}');
    const closedIn = vi.spyOn(HTMLDialogElement.prototype, 'close');
    let inPage = false;
    closedIn.mockImplementation(function close(this: HTMLDialogElement) {
      inPage = this.isConnected;
      this.open = false;
    });
    await pick('Зайве', 'Delete');
    await user.click(await screen.findByRole('button', { name: 'Cancel' }));
    // A browser gives the focus back only from a dialog that is still in the page.
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(inPage).toBe(true);
    await pick('Зайве', 'Delete');
    await user.click(await screen.findByRole('button', { name: 'Delete' }));
    await within(list()).findByText('Message deleted');
    expect(within(list()).queryByText('Зайве')).not.toBeInTheDocument();
    expect(last()['deletedAt']).not.toBeNull();
  });

  it('does not change what is too old', async () => {
    const user = userEvent.setup();
    server.say(order, olia, 'Давнє', { createdAt: new Date(Date.now() - 3_600_000).toISOString() });
    await open();
    await user.click(within(await bubble('Давнє')).getByRole('button', { name: 'Message actions' }));
    await screen.findByRole('menuitem', { name: 'Copy text' });
    expect(screen.queryByRole('menuitem', { name: 'Edit' })).not.toBeInTheDocument();
  });

  it('opens the menu of its last message by arrow up, and walks the history by keys', async () => {
    const user = userEvent.setup();
    server.say(order, ivan, 'перше');
    server.say(order, olia, 'друге');
    await open();
    await bubble('друге');
    await user.click(field());
    await user.keyboard('{ArrowUp}');
    await waitFor(() => expect(screen.getByRole('menuitem', { name: 'Reply' })).toHaveFocus());
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(screen.getByRole('menuitem', { name: 'Edit' })).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(await bubble('друге')).toHaveFocus();
    await user.keyboard('{ArrowUp}');
    expect(await bubble('перше')).toHaveFocus();
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.getByRole('menuitem', { name: 'Reply' })).toHaveFocus());
    await user.keyboard('{Enter}');
    expect(field()).toHaveFocus();
  });

  it('says how long the server wants to wait, and sends by itself then', async () => {
    const user = userEvent.setup();
    await open();
    let hurry = true;
    server.intercept = (event) => {
      if (event === 'order_message' && hurry) throw new Refusal('RATE_LIMITED', 'slower', 1_400);
    };
    await screen.findByText('Your conversation starts here');
    await user.type(field(), 'Швидко{Enter}');
    await screen.findByText(/A little slower: sending in [12] seconds?/);
    hurry = false;
    await until('sent', () => order.messages.length === 1);
    await waitFor(() => expect(screen.queryByText(/A little slower/)).not.toBeInTheDocument());
  });
});

describe('files', () => {
  const file = (name: string, type: string, size = 12): File => new File([new Uint8Array(size)], name, { type });

  it('go up when they are picked, and with the message when it is sent', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    const input = document.querySelector<HTMLInputElement>('input[type="file"]')!;
    await user.upload(input, [file('ескіз.png', 'image/png'), file('кошторис.pdf', 'application/pdf')]);
    await waitFor(() => expect(screen.getAllByRole('listitem').filter(({ dataset }) => dataset['state'] === 'done')).toHaveLength(2));
    await user.click(screen.getByRole('button', { name: 'Remove кошторис.pdf' }));
    await user.click(screen.getByRole('button', { name: 'Send' }));
    await until('stored', () => order.messages.length === 1);
    expect(last()['attachments']).toMatchObject([{ fileName: 'ескіз.png', width: 640, height: 400 }]);
    const picture = await within(list()).findByRole('button', { name: 'Image: ескіз.png' });
    expect(picture.style.aspectRatio).toBe('320 / 200');
    await user.click(picture);
    await screen.findByRole('dialog', { name: 'Image viewer', hidden: true });
  });

  it('hold the message back while one has failed; it can be tried again', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    let broken = true;
    server.intercept = (event) => {
      if (event === 'upload' && broken) throw new Refusal('UNAVAILABLE');
    };
    await user.upload(document.querySelector<HTMLInputElement>('input[type="file"]')!, file('ескіз.png', 'image/png'));
    await screen.findByText('Not uploaded');
    expect(screen.getByRole('button', { name: 'Send' })).toHaveAttribute('aria-disabled', 'true');
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Retry ескіз.png' }));
    await waitFor(() => expect(screen.getByRole('button', { name: 'Send' })).toHaveAttribute('aria-disabled', 'false'));
  });

  it('are refused when they are too large, and no more than ten are taken', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    const input = document.querySelector<HTMLInputElement>('input[type="file"]')!;
    const huge = file('велике.bin', 'application/octet-stream');
    Object.defineProperty(huge, 'size', { value: 30 * 1024 * 1024 });
    await user.upload(input, huge);
    await screen.findByText('Larger than 26.2 MB');
    await user.upload(input, Array.from({ length: 12 }, (_, at) => file(`${at}.txt`, 'text/plain')));
    await screen.findByText('At most 10 files in a message');
    expect(screen.getByRole('list', { name: 'Attach a file' }).children).toHaveLength(10);
  });

  it('are taken from the clipboard, and text is left alone', async () => {
    const user = userEvent.setup();
    await open();
    await screen.findByText('Your conversation starts here');
    await user.click(field());
    const data = new DataTransferStub([file('вставлене.png', 'image/png')]);
    await user.paste(data as unknown as DataTransfer);
    await screen.findByText('вставлене.png');
    await user.paste('звичайний текст');
    expect(field()).toHaveValue('звичайний текст');
  });
});

/** jsdom has no DataTransfer. */
class DataTransferStub {
  readonly files: File[];
  readonly types = ['Files'];
  readonly items: object[] = [];
  constructor(files: File[]) {
    this.files = files;
  }
  getData(): string {
    return '';
  }
}

describe('orders and disputes', () => {
  it('tell what happened in the reader’s language, with who and why', async () => {
    await open();
    await screen.findByText('Your conversation starts here');
    act(() => void server.setStatus(order, ivan, { status: 'delivered', note: 'Усе готово' }));
    const row = await bubble('The work was delivered');
    expect(row).toHaveTextContent('Іван Мельник');
    expect(row).toHaveTextContent('Усе готово');
    act(() => void server.setStatus(order, olia, { status: 'in_progress' }));
    await bubble('The work was sent back');
  });

  it('close a dispute for writing when it is closed, and show its three people', async () => {
    const dispute = server.openDispute(order, olia, 'Не те, що замовляли');
    await open(olia, (
      <DisputeChat
        disputeId={dispute.id} orderId={order.id} participants={{ client: olia, performer: ivan, moderator: mariia }}
      />
    ));
    await bubble('The dispute was opened');
    expect(screen.getByText('Марія Бойко')).toBeInTheDocument();
    act(() => void server.say(dispute, mariia, 'Вітаю, я розгляну ваш спір'));
    expect((await bubble('Вітаю, я розгляну ваш спір')).dataset['role']).toBe('moderator');
    act(() => void server.setStatus(dispute, mariia, { status: 'closed' }));
    await screen.findByText('The dispute is closed: this chat is read-only');
    expect(screen.queryByRole('textbox')).not.toBeInTheDocument();
  });

  it('are told of in toasts, but not what has waited, nor the open chat', async () => {
    const user = userEvent.setup();
    const other = server.addChat('order', olia, ivan);
    const opened = vi.fn();
    await open(olia, (
      <>
        <OrderChat orderId={order.id} participants={{ client: olia, performer: ivan }} />
        <NotificationToaster openRoom={`order:${order.id}`} onOpen={opened} />
      </>
    ));
    const toasts = within(screen.getByRole('region', { name: 'Notifications' }));
    client.joinRoom(`order:${other.id}`);
    act(() => void server.notify(olia, 'Чекало', { orderId: other.id }));
    await until('joined', () => client.state.rooms.get(`order:${other.id}`)?.phase === 'ready');
    await settle(1_600);
    act(() => {
      server.say(order, ivan, 'У відкритому');
      server.say(other, ivan, 'Деінде');
      server.notify(olia, 'Оголошення');
    });
    await toasts.findByText('Деінде');
    await toasts.findByText('Оголошення');
    expect(toasts.queryByText('У відкритому')).not.toBeInTheDocument();
    expect(toasts.queryByText('Чекало')).not.toBeInTheDocument();
    await user.click(toasts.getByText('Деінде'));
    expect(opened).toHaveBeenCalledWith(`order:${other.id}`);
    await user.click(screen.getByRole('button', { name: 'Dismiss the notification' }));
    await waitFor(() => expect(toasts.queryByText('Оголошення')).not.toBeInTheDocument());
  });

  it('lead the focus on when they are dismissed by keys, and the next goes by itself', async () => {
    const user = userEvent.setup();
    await open(olia, (
      <>
        <OrderChat orderId={order.id} participants={{ client: olia, performer: ivan }} />
        <NotificationToaster openRoom={`order:${order.id}`} onOpen={() => {}} />
      </>
    ));
    await settle(1_600);
    act(() => {
      server.notify(olia, 'Перше');
      server.notify(olia, 'Друге');
    });
    const toasts = within(screen.getByRole('region', { name: 'Notifications' }));
    await toasts.findByText('Друге');
    await user.click(field());
    act(() => toasts.getAllByRole('button', { name: 'Dismiss the notification' })[0]!.focus());
    await user.keyboard('{Enter}');
    expect(toasts.queryByText('Перше')).not.toBeInTheDocument();
    expect(toasts.getByRole('button', { name: 'Dismiss the notification' })).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(field()).toHaveFocus();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    act(() => void server.notify(olia, 'Третє'));
    await toasts.findByText('Третє');
    expect(timers.mock.calls.map(([, ms]) => ms)).toContain(7_000);
  });

  it('keep unread counts and notifications as the server tells them', async () => {
    await open();
    await until('asked', () => client.state.unread !== null);
    act(() => void server.notify(olia, 'Нове повідомлення', { orderId: order.id }));
    await until('heard', () => client.state.notifications.length === 1);
    server.emitAll('unread', { total: 3, orders: { [order.id]: 3 }, disputes: {}, notifications: 1 });
    await until('counted', () => client.state.unread?.total === 3);
    await client.readNotifications();
    expect(client.state.notifications[0]!.readAt).not.toBeNull();
    await client.loadNotifications();
    expect(client.state.notifications).toHaveLength(1);
    expect(client.state.notifications[0]!.readAt).not.toBeNull();
    await settle();
  });
});
