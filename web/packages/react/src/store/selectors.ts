/** Questions that components ask of the state; all pure. */
import type { ChatMessage, RoomKey } from '../protocol/types';
import { EMPTY_ROOM } from './state';
import type { ChatState, OutboxEntry, RoomState, UserState } from './state';

export function selectRoom(state: ChatState, room: RoomKey): RoomState {
  return state.rooms.get(room) ?? EMPTY_ROOM;
}

/** Own messages of a chat that are not confirmed yet, in the order they were written. */
export function selectPending(state: ChatState, room: RoomKey): OutboxEntry[] {
  return [...state.outbox.values()].filter((entry) => entry.room === room).sort((a, b) => a.order - b.order);
}

export function selectFailed(state: ChatState): OutboxEntry[] {
  return [...state.outbox.values()].filter((entry) => entry.state === 'failed');
}

const UNKNOWN_USER: UserState = { name: null, online: null, lastSeenAt: null };

/** Presence is only known over a live link: elsewhere it is unknown, not "offline". */
export function selectUser(state: ChatState, userId: string): UserState {
  const user = state.users.get(userId) ?? UNKNOWN_USER;
  return state.link.kind === 'live' || user.online === null ? user : { ...user, online: null };
}

/** Messages of others after my read position. */
export function countUnread(room: RoomState, me: string | null): number {
  const unseenHead = Math.max(0, room.headSeq - 1 - room.lastReadSeq);
  if (room.tailSeq === null) return 0;
  let count = unseenHead;
  for (let at = room.messages.length - 1; at >= 0; at--) {
    const message = room.messages[at]!;
    if (message.seq <= room.lastReadSeq) break;
    if (message.senderId !== me && message.type !== 'system') count++;
  }
  return count;
}

/** Has anybody else read this message of mine? */
export function isReadByOthers(room: RoomState, message: ChatMessage): boolean {
  if (message.readAt !== null) return true;
  for (const [userId, seq] of room.reads) {
    if (userId !== message.senderId && seq >= message.seq) return true;
  }
  return false;
}
