/**
 * The payloads of the Rozmova contract, as they travel: order and dispute chats have the same events,
 * so a chat is named by its kind and id and most types exist once.
 */

export type Role = 'client' | 'performer' | 'moderator' | 'admin';
export type RoomKind = 'order' | 'dispute';
/** Name of a chat inside the client: kind and lower-case UUID. */
export type RoomKey = `${RoomKind}:${string}`;

export type OrderStatus =
  | 'created' | 'accepted' | 'in_progress' | 'delivered' | 'completed' | 'cancelled' | 'disputed';
export type DisputeStatus = 'open' | 'under_review' | 'resolved' | 'rejected' | 'closed';

export interface Attachment {
  id?: string;
  fileUrl: string;
  fileName: string;
  size?: number | null;
  mimeType?: string | null;
  width?: number | null;
  height?: number | null;
}
/** What a sender gives; the server fills in the rest. */
export type AttachmentInput = Pick<Attachment, 'fileUrl' | 'fileName'>;

export interface MessageBase {
  id: string;
  /** Place in the chat: 1, 2, 3… without gaps, the same for every reader. */
  seq: number;
  senderId: string;
  receiverId: string | null;
  content: string;
  type: 'text' | 'file' | 'system';
  fileUrl: string | null;
  fileName: string | null;
  attachments: readonly Attachment[];
  replyTo: string | null;
  clientMessageId: string | null;
  /** ISO-8601, UTC, milliseconds; so are all times below. */
  readAt: string | null;
  editedAt: string | null;
  deletedAt: string | null;
  createdAt: string;
  /** Place of its last edit or deletion among those of the chat; null while it is as it was sent. */
  changeSeq: number | null;
  /** Of a system message: what happened, for programs; `content` tells it in words. */
  change: MessageChange | null;
}
/** A status that has changed, or who has a dispute now. */
export interface MessageChange {
  what: 'status' | 'moderator';
  /** The status, or the moderator's id; null: nobody. */
  value: string | null;
  previous: string | null;
  /** Null: the marketplace's own back end. */
  by: string | null;
  note: string;
  /** In an order's chat: the dispute that made it so. */
  disputeId: string | null;
  /** In a dispute's chat: what its decision made of the order. */
  orderStatus: string | null;
}
export interface OrderChatMessage extends MessageBase { orderId: string }
export interface DisputeChatMessage extends MessageBase { disputeId: string }
/** A message of either kind, with the chat it belongs to. */
export interface ChatMessage extends MessageBase {
  room: RoomKey;
  orderId?: string;
  disputeId?: string;
}
/** What became of a message after it was sent. */
export type MessageEdit = Partial<Pick<MessageBase, 'content' | 'editedAt' | 'deletedAt' | 'attachments'>> & { id: string };

export interface ParticipantSnapshot {
  userId: string;
  role: Role;
  name: string;
  isOnline: boolean | null;
  lastSeenAt: string | null;
}

export interface JoinAck {
  /** Null where only REST was heard. */
  status: string | null;
  role: Role | null;
  lastSeq: number;
  lastReadSeq: number;
  participants: readonly ParticipantSnapshot[];
  reads: Readonly<Record<string, number>>;
  messages: readonly ChatMessage[];
  hasMore: boolean;
  gap: boolean;
  /** Messages up to `afterSeq` that were edited or deleted since. */
  changes: readonly ChatMessage[];
  hasMoreChanges: boolean;
  lastChangeSeq: number;
}

export interface TypingEvent { orderId?: string; disputeId?: string; userId: string; isTyping: boolean }
export interface StatusEvent {
  orderId?: string;
  disputeId?: string;
  status: string;
  previousStatus: string | null;
  changedBy: string | null;
  changedAt: string | null;
  seq: number | null;
}
export type OrderStatusEvent = StatusEvent & { orderId: string };
export type DisputeStatusEvent = StatusEvent & { disputeId: string };
export interface NotificationEvent {
  id: string;
  type: string;
  content: string;
  data: Readonly<Record<string, unknown>>;
  createdAt: string;
  readAt: string | null;
}
/** Messages of others after one's read position, by chat; chats without any are left out. */
export interface UnreadCounts {
  total: number;
  orders: Readonly<Record<string, number>>;
  disputes: Readonly<Record<string, number>>;
  /** Unread notifications. */
  notifications: number;
}
/** Somebody has a dispute now, or nobody. */
export interface AssignmentEvent { disputeId: string; moderator: { id: string; name: string } | null }
export interface PresenceEvent { userId: string; isOnline: boolean; lastSeenAt: string | null }
/** Somebody's read position moved forward. */
export interface ReceiptEvent {
  orderId?: string;
  disputeId?: string;
  userId: string;
  seq: number;
  readAt: string | null;
}

export interface Participant { id: string; name: string; avatar?: string }

export type ChatErrorCode =
  | 'UNAUTHORIZED' | 'TOKEN_EXPIRED' | 'TOKEN_REVOKED' | 'FORBIDDEN' | 'NOT_FOUND' | 'INVALID_PAYLOAD'
  | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'CONFLICT' | 'ILLEGAL_TRANSITION' | 'CHAT_CLOSED' | 'UNAVAILABLE'
  | 'INTERNAL'
  // Known to the client alone:
  | 'TIMEOUT' | 'DISCONNECTED' | 'EXPIRED_UNSENT' | 'DISCARDED';
