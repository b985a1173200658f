/** The lists of orders and disputes: read over REST, kept live by hearing the newest chats, read again on any hint of more. */
import { countUnread, roomKey, toChatError, useChatState } from '@rozmova/react';
import type { ChatClient, ChatMessage, ChatState, RoomKey, RoomState } from '@rozmova/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { fetchDisputes, fetchOrders } from './api';
import type { Dispute, Order } from './api';
import { keep, recall } from './storage';

/** Chats of the list that are heard live; the rest shows what REST said last. */
const LIVE_ROOMS_MAX = 20;
const REFRESH_MS = 20_000;
/** Hints come in bursts; one look answers them all. */
const HINT_MS = 250;

/** What a row needs of an order or a dispute. */
interface Listed {
  id: string;
  status: string;
  lastMessage: ChatMessage | null;
  lastSeq: number;
  lastReadSeq: number;
  unread: number;
  createdAt: string;
  typing: boolean;
}
export type ListedOrder = Order & { typing: boolean };
export type ListedDispute = Dispute & { typing: boolean };
export interface Lists {
  orders: readonly ListedOrder[] | null;
  disputes: readonly ListedDispute[] | null;
  failed: boolean;
  reload(): void;
  /** What the order of a chat is called. */
  titleOf(room: string): string | undefined;
}

interface Fetched { orders: Order[]; disputes: Dispute[] }

/** The lists of the last visit, so that chats can be found and read without a network; gone with the sign-out. */
const KEPT = 'rozmova.lists';
function kept(me: string): Fetched | null {
  const found = JSON.parse(recall('localStorage', KEPT) ?? 'null') as (Fetched & { me: string }) | null;
  return found?.me === me ? found : null;
}
export function forgetLists(): void {
  keep('localStorage', KEPT, null);
}

export function useLists(client: ChatClient, me: string): Lists {
  const [fetched, setFetched] = useState<Fetched | null>(() => kept(me));
  const [failed, setFailed] = useState(false);
  const reload = useCallback(() => {
    // Who may see no disputes has none.
    const disputes = fetchDisputes(client).catch((cause: unknown) => {
      if (['NOT_FOUND', 'FORBIDDEN'].includes(toChatError(cause).code)) return [];
      throw cause;
    });
    Promise.all([fetchOrders(client), disputes]).then(
      ([orders, found]) => {
        const lists = { orders, disputes: found };
        setFetched(lists);
        keep('localStorage', KEPT, JSON.stringify({ me, ...lists }));
        setFailed(false);
      },
      () => setFailed(true),
    );
  }, [client, me]);
  useReload(client, reload);

  useLiveRooms(client, 'order', fetched?.orders ?? null);
  useLiveRooms(client, 'dispute', fetched?.disputes ?? null);
  const rooms = useChatState(client, selectRooms);
  return useMemo(() => ({
    orders: live(fetched?.orders ?? null, 'order', rooms, me),
    disputes: live(fetched?.disputes ?? null, 'dispute', rooms, me),
    failed,
    reload,
    titleOf: (room: string) => fetched?.orders.find(({ id }) => room === roomKey('order', id))?.title
      ?? fetched?.disputes.find(({ id }) => room === roomKey('dispute', id))?.order.title,
  }), [fetched, rooms, me, failed, reload]);
}

const selectLive = (state: ChatState): boolean => state.link.kind === 'live';
const selectRooms = (state: ChatState): ChatState['rooms'] => state.rooms;

function useReload(client: ChatClient, reload: () => void): void {
  const isLive = useChatState(client, selectLive);
  useEffect(() => reload(), [reload, isLive]);
  const hinted = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    const hint = (): void => {
      hinted.current ??= setTimeout(() => {
        hinted.current = null;
        reload();
      }, HINT_MS);
    };
    const stop = [client.on('notification', hint), client.on('status', hint), client.on('assignment', hint)];
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, REFRESH_MS);
    window.addEventListener('focus', hint);
    return () => {
      for (const one of stop) one();
      clearInterval(timer);
      if (hinted.current !== null) clearTimeout(hinted.current);
      hinted.current = null;
      window.removeEventListener('focus', hint);
    };
  }, [client, reload]);
}

function useLiveRooms(client: ChatClient, kind: 'order' | 'dispute', all: readonly (Order | Dispute)[] | null): void {
  const ids = all?.slice(0, LIVE_ROOMS_MAX).map(({ id }) => id).sort().join(' ') ?? '';
  useEffect(() => {
    if (ids === '' || all === null) return;
    const wanted = all.filter(({ id }) => ids.includes(id));
    const leave = wanted.map(({ id, lastSeq }) => client.joinRoom(roomKey(kind, id), { afterSeq: lastSeq }));
    return () => leave.forEach((one) => one());
    // Only a change of the set of chats joins or leaves; their content changes all the time.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [client, kind, ids]);
}

function live<T extends Order | Dispute>(
  all: readonly T[] | null, kind: 'order' | 'dispute', rooms: ReadonlyMap<RoomKey, RoomState>, me: string,
): (T & { typing: boolean })[] | null {
  return all?.map((one) => withRoom({ ...one, typing: false } as T & Listed, rooms.get(roomKey(kind, one.id)), me))
    .sort((a, b) => activity(b).localeCompare(activity(a))) ?? null;
}

/** What REST said, with what was heard since. */
function withRoom<T extends Listed>(one: T, room: RoomState | undefined, me: string): T {
  if (room === undefined || room.tailSeq === null) return one;
  const last = room.messages.at(-1) ?? null;
  const newer = last !== null && last.seq >= (one.lastMessage?.seq ?? 0);
  return {
    ...one,
    status: room.cached ? one.status : (room.status ?? one.status),
    lastMessage: newer ? last : one.lastMessage,
    unread: unreadOf(one, room, me),
    typing: [...room.typing.keys()].some((id) => id !== me),
  };
}

function unreadOf(one: Listed, room: RoomState, me: string): number {
  // Over REST alone a room does not know how far it was read; the list does.
  const read = Math.max(one.lastReadSeq, room.lastReadSeq);
  if (room.headSeq <= read + 1) return countUnread({ ...room, lastReadSeq: read }, me);
  const isNew = ({ seq, senderId, type }: ChatMessage): boolean =>
    seq > Math.max(read, one.lastSeq) && senderId !== me && type !== 'system';
  const before = read > one.lastReadSeq ? Math.min(one.unread, Math.max(0, one.lastSeq - read)) : one.unread;
  return before + room.messages.filter(isNew).length;
}

function activity(one: Listed): string {
  return one.lastMessage?.createdAt ?? one.createdAt;
}
