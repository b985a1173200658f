import { useCallback, useEffect, useMemo } from 'react';
import type { ChatClient } from '../client/client';
import { roomKey } from '../protocol/events';
import type { ChatMessage, RoomKey, RoomKind } from '../protocol/types';
import { hasOlder } from '../store/messages';
import { countUnread, selectPending, selectRoom, selectUser } from '../store/selectors';
import type { ChatState, OutboxEntry, RoomState, UserState } from '../store/state';
import { useChatClient } from './context';
import { sameItems, useChatState } from './use-chat-state';

export interface RoomView {
  readonly room: RoomState;
  /** Own messages that are not stored yet. */
  readonly pending: readonly OutboxEntry[];
  readonly unread: number;
  readonly hasOlder: boolean;
  loadOlder(): Promise<void>;
}

/** A chat by its key: joined while mounted, its state as it changes. */
export function useRoom(key: RoomKey, client: ChatClient): RoomView {
  useEffect(() => client.joinRoom(key), [client, key]);
  const room = useChatState(client, useCallback((state: ChatState) => selectRoom(state, key), [key]));
  const pending = useChatState(
    client, useCallback((state: ChatState) => selectPending(state, key), [key]), sameItems,
  );
  const me = useChatState(client, selectMe);
  return useMemo(
    () => ({
      room, pending, unread: countUnread(room, me), hasOlder: hasOlder(room), loadOlder: () => client.loadOlder(key),
    }),
    [room, pending, me, client, key],
  );
}

export function useMyId(client: ChatClient): string | null {
  return useChatState(client, selectMe);
}
const selectMe = (state: ChatState): string | null => state.me?.id ?? null;

export function useUser(client: ChatClient, userId: string): UserState {
  return useChatState(
    client,
    useCallback((state: ChatState) => selectUser(state, userId), [userId]),
    (a, b) => a.online === b.online && a.lastSeenAt === b.lastSeenAt && a.name === b.name,
  );
}

export interface MessagesView {
  readonly messages: readonly ChatMessage[];
  readonly pending: readonly OutboxEntry[];
  readonly phase: RoomState['phase'];
  readonly hasOlder: boolean;
  readonly unread: number;
  /** Ids of those who are typing now. */
  readonly typing: readonly string[];
  loadOlder(): Promise<void>;
}

function useMessages(kind: RoomKind, id: string): MessagesView {
  const { room, pending, unread, hasOlder: more, loadOlder } = useRoom(roomKey(kind, id), useChatClient());
  return useMemo(
    () => ({
      messages: room.messages, pending, phase: room.phase, hasOlder: more, unread, typing: [...room.typing.keys()],
      loadOlder,
    }),
    [room, pending, more, unread, loadOlder],
  );
}
/** Joins the chat of an order while mounted and gives its messages: for a UI of your own. */
export function useOrderMessages(orderId: string): MessagesView {
  return useMessages('order', orderId);
}
export function useDisputeMessages(disputeId: string): MessagesView {
  return useMessages('dispute', disputeId);
}
/** Online, last seen and name of a user, as far as a joined room tells. */
export function usePresence(userId: string): UserState {
  return useUser(useChatClient(), userId);
}
