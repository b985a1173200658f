/**
 * The list of one chat. `seq` alone orders it, so that every interleaving of ack, broadcast, catch-up page and
 * duplicate ends in the same list:
 *
 *     … 38 39 [40 41 42 43] 45        head = 40, tail = 43: a run without holes; 45 waits for 44
 *
 * History extends the run downwards, live messages upwards.
 */
import type { ChatMessage, JoinAck, MessageEdit } from '../protocol/types';
import type { RoomState } from './state';

/** Two copies of one message; the result does not depend on their order. */
export function joinVersions(a: ChatMessage, b: ChatMessage): ChatMessage {
  const later = rank(b) > rank(a) ? b : a;
  const readAt = earliest(a.readAt, b.readAt);
  return later.readAt === readAt ? later : { ...later, readAt };
}

/** Inserts by `seq`; returns the very same array when nothing changes. */
export function insertMessages(
  list: readonly ChatMessage[],
  incoming: readonly ChatMessage[],
): readonly ChatMessage[] {
  let result: ChatMessage[] | null = null;
  for (const message of incoming) {
    const current = result ?? list;
    const at = lowerBound(current, message.seq);
    const existing = current[at];
    if (existing?.seq === message.seq) {
      const joined = joinVersions(existing, message);
      if (joined === existing) continue;
      result ??= [...list];
      result[at] = joined;
    } else {
      result ??= [...list];
      result.splice(at, 0, message);
    }
  }
  return result ?? list;
}

/** Adds messages from anywhere (ack, broadcast, catch-up, history) and moves the ends of the run. */
export function mergeMessages(room: RoomState, incoming: readonly ChatMessage[]): RoomState {
  const merged = insertMessages(room.messages, incoming);
  if (merged === room.messages) return room;
  const lastSeq = Math.max(room.lastSeq, merged.at(-1)?.seq ?? 0);
  const lastChangeSeq = incoming.reduce((last, { changeSeq }) => Math.max(last, changeSeq ?? 0), room.lastChangeSeq);
  const next = { ...room, lastSeq, lastChangeSeq };
  if (room.tailSeq === null) return { ...next, messages: merged };
  return withRun(next, merged, room.headSeq, room.tailSeq);
}

/** A message that was edited or deleted after it had come; one that is not held stays so. */
export function editMessage(room: RoomState, edit: MessageEdit): RoomState {
  const before = room.messages.find(({ id }) => id === edit.id);
  return before === undefined ? room : mergeMessages(room, [{ ...before, ...edit }]);
}

/** Takes in the answer of a join. `asked` is the `afterSeq` of the request, null for "the newest page". */
export function mergeSnapshot(room: RoomState, ack: JoinAck, asked: number | null): RoomState {
  const merged = insertMessages(room.messages, [...ack.changes, ...ack.messages]);
  const known = room.tailSeq;
  const lastChangeSeq = ack.hasMoreChanges ? (ack.changes.at(-1)?.changeSeq ?? room.lastChangeSeq) : ack.lastChangeSeq;
  const next = { ...room, lastChangeSeq, lastSeq: Math.max(room.lastSeq, ack.lastSeq, merged.at(-1)?.seq ?? 0) };
  if (asked !== null) {
    return known === null ? withRun(next, merged, asked + 1, asked) : withRun(next, merged, room.headSeq, known);
  }
  const first = ack.messages[0]?.seq ?? ack.lastSeq + 1;
  const last = ack.messages.at(-1)?.seq ?? ack.lastSeq;
  // What we held before stays if the page joins on to it without a hole.
  const touches = known !== null && known >= first - 1 && room.headSeq <= first;
  return withRun(next, merged, touches ? room.headSeq : first, last);
}

/** The server cannot continue from our place: its data is younger than ours, or a hole will not be filled. */
export function rewind(room: RoomState): RoomState {
  return { ...room, messages: [], headSeq: 1, tailSeq: null, lastSeq: 0, lastReadSeq: 0, lastChangeSeq: 0, reads: new Map() };
}

export function findById(room: RoomState, id: string): ChatMessage | null {
  return room.messages.find((one) => one.id === id) ?? null;
}

/** Forgets the oldest messages; history pages bring them back. */
export function trimOldest(room: RoomState, keep: number): RoomState {
  if (room.messages.length <= keep) return room;
  const messages = room.messages.slice(-keep);
  return { ...room, messages, headSeq: Math.max(room.headSeq, messages[0]!.seq) };
}

export function hasOlder(room: RoomState): boolean {
  return room.tailSeq !== null && room.headSeq > 1;
}
/** True while the server is known to have a message after the run that we do not hold. */
export function hasHole(room: RoomState): boolean {
  return room.tailSeq !== null && room.lastSeq > room.tailSeq;
}
export function findBySeq(room: RoomState, seq: number): ChatMessage | null {
  const found = room.messages[lowerBound(room.messages, seq)];
  return found?.seq === seq ? found : null;
}

function withRun(room: RoomState, merged: readonly ChatMessage[], head: number, tail: number): RoomState {
  let headSeq = head;
  for (let at = lowerBound(merged, headSeq) - 1; at >= 0 && merged[at]!.seq === headSeq - 1; at--) headSeq--;
  let tailSeq = tail;
  for (let at = lowerBound(merged, tailSeq + 1); merged[at]?.seq === tailSeq + 1; at++) tailSeq++;
  const from = lowerBound(merged, headSeq);
  return { ...room, messages: from === 0 ? merged : merged.slice(from), headSeq, tailSeq };
}

function lowerBound(list: readonly ChatMessage[], seq: number): number {
  let low = 0;
  let high = list.length;
  if (high > 0 && list[high - 1]!.seq < seq) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The greater change is the newer. Without numbers deleted beats edited beats fresh, among equals the later one: ISO
 * times compare as text, '0' before all.
 */
function rank(message: ChatMessage): string {
  return `${String(message.changeSeq ?? 0).padStart(16, '0')} ${message.deletedAt ?? '0'} ${message.editedAt ?? '0'}`;
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}
