/** `@rozmova/react/client`: the chat without React. */
export { ChatClient } from './client/client';
export type { ChatClientOptions, ChatEvents, SendOptions, TokenProvider } from './client/client';
export { IndexedDbOutboxStorage, MemoryOutboxStorage } from './client/outbox-storage';
export type { OutboxStorage } from './client/outbox-storage';
export type { UploadOptions } from './client/uploads';
export { readClaims } from './client/ids';
export type { Claims } from './client/ids';
export { Store } from './store/store';
export { EMPTY_ROOM, EMPTY_STATE } from './store/state';
export type {
  ChatState, LinkStatus, OutboxEntry, RoomPhase, RoomState, UserState,
} from './store/state';
export { hasHole, hasOlder } from './store/messages';
export {
  countUnread, isReadByOthers, selectFailed, selectPending, selectRoom, selectUser,
} from './store/selectors';
export * from './protocol';
