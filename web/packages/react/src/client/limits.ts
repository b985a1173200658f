/** Every number of the client that is a decision, with its unit in the name. */

/** Socket.IO's default of 20 s is too long to notice a WebSocket that hangs. */
export const CONNECT_TIMEOUT_MS = 4_000;
export const REQUEST_TIMEOUT_MS = 8_000;

export const BACKOFF_BASE_MS = 300;
export const BACKOFF_MAX_VISIBLE_MS = 10_000;
export const BACKOFF_MAX_HIDDEN_MS = 60_000;
/** Each delay is spread by this share up and down, so that many clients do not return at once. */
export const BACKOFF_JITTER = 0.5;

/** A component that unmounts and mounts again (StrictMode, navigation) keeps the connection and the room. */
export const RELEASE_GRACE_MS = 50;

/** REST polling starts after this long without a socket, or after this many attempts. */
export const DEGRADED_AFTER_MS = 8_000;
export const DEGRADED_AFTER_ATTEMPTS = 3;
export const POLL_INTERVAL_MS = 3_000;
export const POLL_INTERVAL_LATER_MS = 5_000;
export const POLL_LATER_AFTER_MS = 60_000;
export const POLL_INTERVAL_HIDDEN_MS = 15_000;

export const HISTORY_PAGE_MESSAGES = 50;
export const CATCH_UP_PAGE_MESSAGES = 200;
/** Having missed more than this, a room starts again from its newest page. */
export const CATCH_UP_MESSAGES_MAX = 2_000;
/** A hole in the numbers may close by itself (an ack overtakes a broadcast); then ask. */
export const HOLE_PATIENCE_MS = 150;
export const JOIN_RETRY_MS = 1_000;
export const JOIN_RETRY_MAX_MS = 10_000;

export const CACHE_MESSAGES_MAX = 60;
/** Chats are written to the cache at most this often. */
export const CACHE_WRITE_MS = 1_000;
export const FILES_CACHED_MAX = 60;
export const NOTIFICATIONS_PAGE = 50;
export const UPLOAD_BYTES_MAX: number = 25 * 1024 * 1024;
/** A message may be edited or deleted for this long, unless the server was told otherwise. */
export const EDIT_WINDOW_MS: number = 15 * 60_000;
/** Older pages that are loaded to find a message that somebody answered. */
export const SEEK_PAGES_MAX = 20;

export const CONTENT_CHARS_MAX = 10_000;
export const ATTACHMENTS_MAX = 10;
export const OUTBOX_ENTRIES_MAX = 500;
export const OUTBOX_AGE_MAX_MS: number = 24 * 60 * 60 * 1000;
/** INTERNAL errors are retried this often; network trouble without limit. */
export const OUTBOX_INTERNAL_TRIES_MAX = 5;
export const OUTBOX_RETRY_MS = 1_000;

/** Without Web Locks: how often a tab with unsent messages says that it lives, and when it is believed dead. A hidden
 * tab's timers may run once a minute only. */
export const TAB_STAMP_MS = 5_000;
export const TAB_GONE_MS = 90_000;

export const TYPING_REPEAT_MS = 3_000;
/** No keystroke for this long: stopped typing. */
export const TYPING_IDLE_MS = 4_000;
/** The other side's indicator goes out by itself, like the server's. */
export const TYPING_EXPIRE_MS = 6_000;

export const READ_COALESCE_MS = 250;
/** A mark that the server had no time for; not sooner than that. */
export const READ_RETRY_MS = 1_000;
export const DEBUG_FRAMES_MAX = 500;
