/** The order list: read over REST, kept live by hearing the newest chats, read again when anything hints at more. */
import { countUnread, roomKey, useChatState } from '@rozmova/react';
import type { ChatClient, ChatError, ChatMessage, ChatState, RoomState } from '@rozmova/react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { fetchOrders } from './api';
import type { Order } from './api';

/** Chats of the list that are heard live; the rest shows what REST said last. */
const LIVE_ROOMS_MAX = 20;
const REFRESH_MS = 20_000;

export interface ListedOrder extends Order { typing: boolean }
export interface Orders {
  orders: readonly ListedOrder[] | null;
  failed: boolean;
  reload(): void;
}

export function useOrders(client: ChatClient, me: string): Orders {
  const [fetched, setFetched] = useState<readonly Order[] | null>(null);
  const [failed, setFailed] = useState(false);
  const reload = useCallback(() => {
    fetchOrders(client).then(
      (orders) => {
        setFetched(orders);
        setFailed(false);
      },
      (_error: ChatError) => setFailed(true),
    );
  }, [client]);

  const live = useChatState(client, selectLive);
  useEffect(() => reload(), [reload, live]);
  useEffect(() => {
    const stop = [client.on('notification', reload), client.on('status', reload)];
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, REFRESH_MS);
    window.addEventListener('focus', reload);
    return () => {
      for (const one of stop) one();
      clearInterval(timer);
      window.removeEventListener('focus', reload);
    };
  }, [client, reload]);

  useLiveRooms(client, fetched);
  const rooms = useChatState(client, selectRooms);
  const orders = useMemo(
    () => fetched?.map((order) => withRoom(order, rooms.get(roomKey('order', order.id)), me))
      .sort((a, b) => activity(b).localeCompare(activity(a))) ?? null,
    [fetched, rooms, me],
  );
  return { orders, failed, reload };
}

const selectLive = (state: ChatState): boolean => state.link.kind === 'live';
const selectRooms = (state: ChatState): ChatState['rooms'] => state.rooms;

function useLiveRooms(client: ChatClient, orders: readonly Order[] | null): void {
  const ids = orders?.slice(0, LIVE_ROOMS_MAX).map(({ id }) => id).sort().join(' ') ?? '';
  useEffect(() => {
    if (ids === '' || orders === null) return;
    const wanted = orders.filter(({ id }) => ids.includes(id));
    const leave = wanted.map(({ id, lastSeq }) => client.joinRoom(roomKey('order', id), { afterSeq: lastSeq }));
    return () => leave.forEach((one) => one());
    // Only a change of the set of chats joins or leaves; their content changes all the time.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [client, ids]);
}

/** What REST said, with what was heard since. */
function withRoom(order: Order, room: RoomState | undefined, me: string): ListedOrder {
  if (room === undefined || room.tailSeq === null) return { ...order, typing: false };
  const last = room.messages.at(-1) ?? null;
  const newer = last !== null && last.seq >= (order.lastMessage?.seq ?? 0);
  return {
    ...order,
    status: room.status ?? order.status,
    lastMessage: newer ? last : order.lastMessage,
    unread: unreadOf(order, room, me),
    typing: [...room.typing.keys()].some((id) => id !== me),
  };
}

function unreadOf(order: Order, room: RoomState, me: string): number {
  if (room.headSeq <= room.lastReadSeq + 1) return countUnread(room, me);
  const read = Math.max(order.lastReadSeq, room.lastReadSeq);
  const isNew = ({ seq, senderId, type }: ChatMessage): boolean =>
    seq > Math.max(read, order.lastSeq) && senderId !== me && type !== 'system';
  const before = read > order.lastReadSeq ? Math.min(order.unread, Math.max(0, order.lastSeq - read)) : order.unread;
  return before + room.messages.filter(isNew).length;
}

function activity(order: Order): string {
  return order.lastMessage?.createdAt ?? order.createdAt;
}
