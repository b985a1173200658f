import { useEffect, useMemo, useRef } from 'react';
import type { NotificationEvent, OrderChatMessage, UnreadCounts } from '../protocol/types';
import type { ChatState, OutboxEntry } from '../store/state';
import { useChatClient } from './context';
import { sameItems, useChatState } from './use-chat-state';
import { useWebSocket } from './use-web-socket';

const selectNotifications = (state: ChatState): readonly NotificationEvent[] => state.notifications;
const selectUnread = (state: ChatState): UnreadCounts | null => state.unread;
const selectOutbox = (state: ChatState): OutboxEntry[] => [...state.outbox.values()].sort((a, b) => a.order - b.order);

export interface NotificationsView {
  /** Newest first. */
  readonly notifications: readonly NotificationEvent[];
  /** As the server counts, over all chats; null until it has. */
  readonly unread: UnreadCounts | null;
  /** All of them without ids. */
  read(ids?: readonly string[]): Promise<void>;
}
/** Notifications of this user, those from before included. */
export function useNotifications(): NotificationsView {
  const client = useChatClient();
  const notifications = useChatState(client, selectNotifications);
  const unread = useChatState(client, selectUnread);
  useEffect(() => {
    client.loadNotifications().catch(() => {});
  }, [client]);
  return useMemo(
    () => ({ notifications, unread, read: (ids) => client.readNotifications(ids ?? null) }),
    [client, notifications, unread],
  );
}

/** Own messages of all chats that are not stored yet, oldest first. */
export function useOutbox(): readonly OutboxEntry[] {
  return useChatState(useChatClient(), selectOutbox, sameItems);
}

/** Joins the chat of an order while mounted and calls the newest handler for each new message. */
export function useOrderMessage(orderId: string, handler: (message: OrderChatMessage) => void): void {
  const { joinOrderChat, onOrderMessage } = useWebSocket();
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => {
    const stop = [onOrderMessage((message) => latest.current(message)), joinOrderChat(orderId)];
    return () => stop.forEach((one) => one());
  }, [joinOrderChat, onOrderMessage, orderId]);
}
