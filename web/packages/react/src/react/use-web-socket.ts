import { useEffect, useMemo } from 'react';
import type { ChatClient, TokenProvider } from '../client/client';
import { roomKey } from '../protocol/events';
import type { ChatError } from '../protocol/errors';
import type {
  AttachmentInput, DisputeChatMessage, DisputeStatusEvent, NotificationEvent, OrderChatMessage, OrderStatusEvent,
  PresenceEvent, ReceiptEvent, RoomKey, TypingEvent,
} from '../protocol/types';
import type { ChatState, LinkStatus } from '../store/state';
import { sharedClient, useChatClient, useProvidedClient } from './context';
import { HookScope } from './scope';
import { useChatState } from './use-chat-state';

export type Unsub = () => void;

export interface UseWebSocketOptions {
  /** `console.debug` of every frame, and the last 500 in `window.__chatDebug`; tokens are never shown. */
  debug?: boolean;
  /** Default: the client of <ChatProvider>; without one, a shared client made by configureChat() or from here. */
  client?: ChatClient;
  url?: string;
  apiBase?: string;
  /** A function may be written inline: the newest is asked whenever a token is needed, no sooner. */
  token?: TokenProvider;
  /** false: do not connect. */
  enabled?: boolean;
}

export interface WebSocketMethods {
  connect(): void;
  disconnect(): void;
  retryNow(): void;

  joinOrderChat(orderId: string): Unsub;
  leaveOrderChat(orderId: string): void;
  joinDisputeChat(disputeId: string): Unsub;
  leaveDisputeChat(disputeId: string): void;

  /** Resolves when the server has stored the message; stays pending while offline; rejects with ChatError. */
  sendOrderMessage(
    orderId: string, content: string, attachments?: readonly AttachmentInput[],
  ): Promise<OrderChatMessage>;
  sendDisputeMessage(
    disputeId: string, content: string, attachments?: readonly AttachmentInput[],
  ): Promise<DisputeChatMessage>;
  retryMessage(clientMessageId: string): void;
  discardMessage(clientMessageId: string): void;

  setOrderTyping(orderId: string, isTyping: boolean): void;
  setDisputeTyping(disputeId: string, isTyping: boolean): void;
  markOrderRead(orderId: string, upToSeq: number): void;
  markDisputeRead(disputeId: string, upToSeq: number): void;

  onOrderMessage(handler: (message: OrderChatMessage) => void): Unsub;
  onDisputeMessage(handler: (message: DisputeChatMessage) => void): Unsub;
  onOrderTyping(handler: (event: TypingEvent) => void): Unsub;
  onDisputeTyping(handler: (event: TypingEvent) => void): Unsub;
  onOrderStatusUpdate(handler: (event: OrderStatusEvent) => void): Unsub;
  onDisputeStatusUpdate(handler: (event: DisputeStatusEvent) => void): Unsub;
  onNotification(handler: (event: NotificationEvent) => void): Unsub;
  onUserPresence(handler: (event: PresenceEvent) => void): Unsub;
  /** Read marks of either kind of chat. */
  onMessageStatus(handler: (event: ReceiptEvent) => void): Unsub;
}

export interface WebSocketApi extends WebSocketMethods {
  /** A live socket, over WebSocket or polling. */
  readonly isConnected: boolean;
  readonly status: LinkStatus;
  readonly transport: 'websocket' | 'polling' | 'rest' | null;
  readonly lastError: ChatError | null;
  readonly unsentCount: number;
}

/**
 * The chat connection for a component. All hooks of one client share one connection; methods never change
 * identity; everything that a component joined or listens to is undone when it unmounts.
 */
export function useWebSocket(options: UseWebSocketOptions = {}): WebSocketApi {
  const { debug, url, apiBase, token, enabled = true } = options;
  const provided = useProvidedClient();
  const client = options.client ?? provided ?? sharedClient(defined({ url, apiBase, token }));
  const scope = useMemo(() => new HookScope(client), [client]);
  const methods = useMemo(() => methodsOf(scope), [scope]);

  useEffect(() => {
    if (debug !== undefined) client.setDebug(debug);
  }, [client, debug]);
  const isShared = options.client === undefined && provided === null;
  useEffect(() => {
    if (isShared && token !== undefined) giveToken(client, token);
  }, [client, isShared, token]);
  useEffect(() => (enabled ? client.retain() : undefined), [client, enabled]);
  useEffect(() => () => scope.clear(), [scope]);

  const status = useChatState(client, selectLink);
  const lastError = useChatState(client, selectLastError);
  const unsentCount = useChatState(client, selectUnsent);
  return useMemo(
    () => ({
      ...methods, status, lastError, unsentCount, isConnected: status.kind === 'live', transport: transportOf(status),
    }),
    [methods, status, lastError, unsentCount],
  );
}

/** Just the state of the connection, for indicators. */
export function useConnection(): Pick<WebSocketApi, 'isConnected' | 'status' | 'transport' | 'retryNow'> {
  const client = useChatClient();
  const status = useChatState(client, selectLink);
  return useMemo(
    () => ({
      status, isConnected: status.kind === 'live', transport: transportOf(status), retryNow: () => client.retryNow(),
    }),
    [client, status],
  );
}

const selectLink = (state: ChatState): LinkStatus => state.link;
const selectLastError = (state: ChatState): ChatError | null => state.lastError;
const selectUnsent = (state: ChatState): number => state.outbox.size;

type AskToken = Exclude<TokenProvider, string>;
interface Asker { token: AskToken; ask: AskToken }
const askers: WeakMap<ChatClient, Asker> = new WeakMap();
/** To the client a function is the same one for ever: another at every render must not begin a handshake. */
function giveToken(client: ChatClient, token: TokenProvider): void {
  if (typeof token === 'string') return client.setToken(token);
  const asker: Asker = askers.get(client) ?? { token, ask: (reason) => asker.token(reason) };
  asker.token = token;
  askers.set(client, asker);
  client.setToken(asker.ask);
}

function transportOf(status: LinkStatus): WebSocketApi['transport'] {
  if (status.kind === 'live') return status.transport;
  return status.kind === 'degraded' ? 'rest' : null;
}

function methodsOf(scope: HookScope): WebSocketMethods {
  const { client } = scope;
  const order = (id: string): RoomKey => roomKey('order', id);
  const dispute = (id: string): RoomKey => roomKey('dispute', id);
  const send = (room: RoomKey, content: string, attachments: readonly AttachmentInput[] = []): Promise<never> =>
    client.send(room, content, { attachments }) as Promise<never>;
  return {
    connect: () => client.connect(),
    disconnect: () => client.disconnect(),
    retryNow: () => client.retryNow(),
    joinOrderChat: (id) => scope.join(order(id)),
    leaveOrderChat: (id) => scope.leave(order(id)),
    joinDisputeChat: (id) => scope.join(dispute(id)),
    leaveDisputeChat: (id) => scope.leave(dispute(id)),
    sendOrderMessage: (id, content, attachments) => send(order(id), content, attachments),
    sendDisputeMessage: (id, content, attachments) => send(dispute(id), content, attachments),
    retryMessage: (id) => client.retryMessage(id),
    discardMessage: (id) => client.discardMessage(id),
    setOrderTyping: (id, isTyping) => client.setTyping(order(id), isTyping),
    setDisputeTyping: (id, isTyping) => client.setTyping(dispute(id), isTyping),
    markOrderRead: (id, seq) => client.markRead(order(id), seq),
    markDisputeRead: (id, seq) => client.markRead(dispute(id), seq),
    onOrderMessage: (handler) => scope.on('message', 'order', handler as never),
    onDisputeMessage: (handler) => scope.on('message', 'dispute', handler as never),
    onOrderTyping: (handler) => scope.on('typing', 'order', handler as never),
    onDisputeTyping: (handler) => scope.on('typing', 'dispute', handler as never),
    onOrderStatusUpdate: (handler) => scope.on('status', 'order', handler as never),
    onDisputeStatusUpdate: (handler) => scope.on('status', 'dispute', handler as never),
    onNotification: (handler) => scope.on('notification', null, handler as never),
    onUserPresence: (handler) => scope.on('presence', null, handler as never),
    onMessageStatus: (handler) => {
      const stop = [scope.on('receipt', 'order', handler as never), scope.on('receipt', 'dispute', handler as never)];
      return () => stop.forEach((one) => one());
    },
  };
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}

export default useWebSocket;
