/**
 * Runtime guards: what comes from the network is checked once, here, and is `null` when it is not what the
 * contract says. Unknown keys are ignored; optional ones get their neutral value.
 */
import { roomKey } from './events';
import type {
  Attachment, ChatMessage, JoinAck, MessageChange, MessageEdit, NotificationEvent, ParticipantSnapshot, PresenceEvent, ReceiptEvent, Role,
  RoomKey, RoomKind, StatusEvent, TypingEvent, UnreadCounts,
} from './types';

type Raw = Record<string, unknown>;

export function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
/** Control and bidi-override characters would let a text pretend to be another ("fdp.exe" to be "exe.pdf"). */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g;
/** As it may be shown. New lines and tabs stay. */
export function plainText(value: string): string {
  return value.replace(UNSAFE, '');
}
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

export function parseAttachment(raw: unknown): Attachment | null {
  if (!isObject(raw)) return null;
  const fileUrl = text(raw['fileUrl']);
  if (fileUrl === null) return null;
  const id = text(raw['id']);
  return {
    ...(id === null ? {} : { id }),
    fileUrl,
    fileName: plainText(text(raw['fileName']) ?? fileUrl),
    size: whole(raw['size']),
    mimeType: text(raw['mimeType']),
    width: whole(raw['width']),
    height: whole(raw['height']),
  };
}
function parseAttachments(value: unknown): Attachment[] {
  return Array.isArray(value) ? value.map(parseAttachment).filter((one) => one !== null) : [];
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
    changeSeq: whole(raw['changeSeq']),
    change: parseChange(raw),
  };
}

/** `statusChange` or `assignment` of a system message. */
function parseChange(message: Raw): MessageChange | null {
  const [status, assignment] = [message['statusChange'], message['assignment']];
  const raw = isObject(status) ? status : isObject(assignment) ? assignment : null;
  if (raw === null) return null;
  const what = raw === status ? 'status' : 'moderator';
  return {
    what,
    value: text(raw[what === 'status' ? 'status' : 'moderatorId']),
    previous: text(raw[what === 'status' ? 'previousStatus' : 'previousModeratorId']),
    by: text(raw['changedBy']),
    note: text(raw['note']) ?? '',
    disputeId: text(raw['disputeId']),
    orderStatus: text(raw['orderStatus']),
  };
}

/** `…_message_edited` and `…_message_deleted` carry the whole message, or what has changed of it. */
export function parseEdit(raw: unknown): MessageEdit | null {
  if (!isObject(raw)) return null;
  const id = text(raw['messageId']) ?? text(raw['id']);
  if (id === null) return null;
  const [content, editedAt, deletedAt] = [text(raw['content']), text(raw['editedAt']), text(raw['deletedAt'])];
  return {
    id,
    ...(content === null ? {} : { content }),
    ...(editedAt === null ? {} : { editedAt }),
    ...(deletedAt === null ? {} : { deletedAt, content: '', attachments: [] }),
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
      name: plainText(text(raw['name']) ?? ''),
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
    changes: parseMessages(kind, raw['changes']),
    hasMoreChanges: raw['hasMoreChanges'] === true,
    lastChangeSeq: whole(raw['lastChangeSeq']) ?? 0,
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

/** Counts by the server's tables: of all chats, also those that nobody here has joined. */
export function parseUnread(raw: unknown): UnreadCounts | null {
  if (!isObject(raw)) return null;
  const counts = (value: unknown): Record<string, number> => {
    const found: Record<string, number> = {};
    if (isObject(value)) for (const [id, one] of Object.entries(value)) found[id] = whole(one) ?? 0;
    return found;
  };
  return {
    total: whole(raw['total']) ?? 0,
    orders: counts(raw['orders']),
    disputes: counts(raw['disputes']),
    notifications: whole(raw['notifications']) ?? 0,
  };
}

export function parseNotifications(value: unknown): NotificationEvent[] {
  return Array.isArray(value) ? value.map(parseNotification).filter((one) => one !== null) : [];
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
