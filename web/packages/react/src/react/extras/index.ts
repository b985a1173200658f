/** What a chat needs only now and then: a part of its own, fetched when the page rests or when first used. */
export { Lightbox } from './Lightbox';
export { NewsLog } from './NewsLog';
export { Overlay } from './Overlay';
export { DraftTray } from './DraftTray';
export { WritingBanner } from './WritingBanner';
export { installFileDrop } from './file-drop';
export { installListKeys } from './list-keys';
export { FailedActions, Problem } from './Problem';
export { Notice } from './Notice';
