/**
 * Runtime guards: what comes from the network is checked once, here, and is `null` when it is not what the
 * contract says. Unknown keys are ignored; optional ones get their neutral value.
 */
import { roomKey } from './events';
import type {
  Attachment, ChatMessage, JoinAck, NotificationEvent, ParticipantSnapshot, PresenceEvent, ReceiptEvent, Role,
  RoomKey, RoomKind, StatusEvent, TypingEvent,
} from './types';

type Raw = Record<string, unknown>;

export function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const whole = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

const ROLES: ReadonlySet<string> = new Set<Role>(['client', 'performer', 'moderator', 'admin']);
export function parseRole(value: unknown): Role | null {
  return typeof value === 'string' && ROLES.has(value) ? (value as Role) : null;
}

/** The chat that a payload names; `kind` says which key to look at. */
export function parseRoom(kind: RoomKind, raw: unknown): RoomKey | null {
  if (!isObject(raw)) return null;
  const id = text(kind === 'order' ? raw['orderId'] : raw['disputeId']);
  return id === null || id === '' ? null : roomKey(kind, id);
}

function parseAttachments(value: unknown): Attachment[] {
  if (!Array.isArray(value)) return [];
  const parsed: Attachment[] = [];
  for (const raw of value) {
    if (!isObject(raw)) continue;
    const fileUrl = text(raw['fileUrl']);
    if (fileUrl === null) continue;
    const id = text(raw['id']);
    parsed.push({
      ...(id === null ? {} : { id }),
      fileUrl,
      fileName: text(raw['fileName']) ?? fileUrl,
      size: whole(raw['size']),
      mimeType: text(raw['mimeType']),
      width: whole(raw['width']),
      height: whole(raw['height']),
    });
  }
  return parsed;
}

export function parseMessage(kind: RoomKind, raw: unknown): ChatMessage | null {
  const room = parseRoom(kind, raw);
  if (room === null || !isObject(raw)) return null;
  const id = text(raw['id']);
  const seq = whole(raw['seq']);
  const senderId = text(raw['senderId']);
  const createdAt = text(raw['createdAt']);
  if (id === null || seq === null || seq < 1 || senderId === null || createdAt === null) return null;
  const type = raw['type'];
  return {
    room,
    ...(kind === 'order' ? { orderId: text(raw['orderId'])! } : { disputeId: text(raw['disputeId'])! }),
    id,
    seq,
    senderId,
    receiverId: text(raw['receiverId']),
    content: text(raw['content']) ?? '',
    type: type === 'file' || type === 'system' ? type : 'text',
    fileUrl: text(raw['fileUrl']),
    fileName: text(raw['fileName']),
    attachments: parseAttachments(raw['attachments']),
    replyTo: text(raw['replyTo']),
    clientMessageId: text(raw['clientMessageId']),
    readAt: text(raw['readAt']),
    editedAt: text(raw['editedAt']),
    deletedAt: text(raw['deletedAt']),
    createdAt,
  };
}

export function parseMessages(kind: RoomKind, value: unknown): ChatMessage[] {
  if (!Array.isArray(value)) return [];
  return value.map((raw) => parseMessage(kind, raw)).filter((message) => message !== null);
}

function parseParticipants(value: unknown): ParticipantSnapshot[] {
  if (!Array.isArray(value)) return [];
  const parsed: ParticipantSnapshot[] = [];
  for (const raw of value) {
    if (!isObject(raw)) continue;
    const userId = text(raw['userId']);
    const role = parseRole(raw['role']);
    if (userId === null || role === null) continue;
    parsed.push({
      userId,
      role,
      name: text(raw['name']) ?? '',
      isOnline: typeof raw['isOnline'] === 'boolean' ? raw['isOnline'] : null,
      lastSeenAt: text(raw['lastSeenAt']),
    });
  }
  return parsed;
}

export function parseJoinAck(kind: RoomKind, raw: unknown): JoinAck | null {
  if (!isObject(raw)) return null;
  const reads: Record<string, number> = {};
  if (isObject(raw['reads'])) {
    for (const [userId, value] of Object.entries(raw['reads'])) {
      const seq = whole(value);
      if (seq !== null) reads[userId] = seq;
    }
  }
  const messages = parseMessages(kind, raw['messages']);
  return {
    status: text(raw['status']) ?? '',
    role: parseRole(raw['role']),
    lastSeq: whole(raw['lastSeq']) ?? messages.at(-1)?.seq ?? 0,
    lastReadSeq: whole(raw['lastReadSeq']) ?? 0,
    participants: parseParticipants(raw['participants']),
    reads,
    messages,
    hasMore: raw['hasMore'] === true,
    gap: raw['gap'] === true,
  };
}

export function parseTyping(raw: unknown): TypingEvent | null {
  if (!isObject(raw)) return null;
  const userId = text(raw['userId']);
  return userId === null ? null : { ...ids(raw), userId, isTyping: raw['isTyping'] === true };
}

export function parsePresence(raw: unknown): PresenceEvent | null {
  if (!isObject(raw)) return null;
  const userId = text(raw['userId']);
  return userId === null
    ? null
    : { userId, isOnline: raw['isOnline'] === true, lastSeenAt: text(raw['lastSeenAt']) };
}

export function parseReceipt(raw: unknown): ReceiptEvent | null {
  if (!isObject(raw)) return null;
  const userId = text(raw['userId']);
  const seq = whole(raw['seq']);
  return userId === null || seq === null ? null : { ...ids(raw), userId, seq, readAt: text(raw['readAt']) };
}

export function parseStatus(raw: unknown): StatusEvent | null {
  if (!isObject(raw)) return null;
  const status = text(raw['status']);
  if (status === null) return null;
  return {
    ...ids(raw),
    status,
    previousStatus: text(raw['previousStatus']),
    changedBy: text(raw['changedBy']),
    changedAt: text(raw['changedAt']),
    seq: whole(raw['seq']),
  };
}

export function parseNotification(raw: unknown): NotificationEvent | null {
  if (!isObject(raw)) return null;
  const id = text(raw['id']);
  if (id === null) return null;
  return {
    id,
    type: text(raw['type']) ?? '',
    content: text(raw['content']) ?? '',
    data: isObject(raw['data']) ? raw['data'] : {},
    createdAt: text(raw['createdAt']) ?? '',
    readAt: text(raw['readAt']),
  };
}

function ids(raw: Raw): { orderId?: string; disputeId?: string } {
  const orderId = text(raw['orderId']);
  const disputeId = text(raw['disputeId']);
  return { ...(orderId === null ? {} : { orderId }), ...(disputeId === null ? {} : { disputeId }) };
}
