/** What a chat needs only now and then: a part of its own, fetched when the page rests or when first used. */
export { Lightbox } from './Lightbox';
export { MessageMenu } from './MessageMenu';
export { DraftTray } from './DraftTray';
export { DeleteDialog } from './DeleteDialog';
export { installFileDrop } from './file-drop';
export { installListKeys } from './list-keys';
