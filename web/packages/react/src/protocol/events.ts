import type { RoomKey, RoomKind } from './types';

/** Event names of one kind of chat, and the payload key that carries its id. */
export interface RoomEvents {
  readonly idKey: 'orderId' | 'disputeId';
  readonly collection: 'orders' | 'disputes';
  readonly join: string;
  readonly leave: string;
  readonly message: string;
  readonly typing: string;
  readonly read: string;
  readonly edited: string;
  readonly deleted: string;
  readonly edit: string;
  readonly remove: string;
  readonly status: string;
  readonly statusUpdate: string;
}

function eventsOf(kind: RoomKind): RoomEvents {
  return {
    idKey: kind === 'order' ? 'orderId' : 'disputeId',
    collection: kind === 'order' ? 'orders' : 'disputes',
    join: `join_${kind}_chat`,
    leave: `leave_${kind}_chat`,
    message: `${kind}_message`,
    typing: `${kind}_typing`,
    read: `${kind}_read`,
    edited: `${kind}_message_edited`,
    deleted: `${kind}_message_deleted`,
    edit: `${kind}_message_edit`,
    remove: `${kind}_message_delete`,
    status: `${kind}_status`,
    statusUpdate: `${kind}_status_update`,
  };
}

export const ROOM_EVENTS: Readonly<Record<RoomKind, RoomEvents>> = {
  order: eventsOf('order'),
  dispute: eventsOf('dispute'),
};
export const ROOM_KINDS: readonly RoomKind[] = ['order', 'dispute'];

export function roomKey(kind: RoomKind, id: string): RoomKey {
  return `${kind}:${id.toLowerCase()}`;
}
export function roomKind(room: RoomKey): RoomKind {
  return room.startsWith('order:') ? 'order' : 'dispute';
}
export function roomId(room: RoomKey): string {
  return room.slice(room.indexOf(':') + 1);
}
/** `{orderId}` or `{disputeId}`: the part that every payload of a chat starts with. */
export function roomRef(room: RoomKey): Record<string, string> {
  return { [ROOM_EVENTS[roomKind(room)].idKey]: roomId(room) };
}
