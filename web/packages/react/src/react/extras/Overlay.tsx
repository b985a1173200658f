/** What opens over a chat: the menu of a message, the question before it is deleted, its pictures. */
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import { EDIT_WINDOW_MS } from '../../client/limits';
import { serverNow } from '../../clock';
import type { ChatError } from '../../protocol/errors';
import type { Attachment, ChatMessage, RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import type { Writing } from '../components/Composer';
import { DeleteDialog } from './DeleteDialog';
import { Lightbox } from './Lightbox';
import { MessageMenu } from './MessageMenu';
import type { MenuItem } from './MessageMenu';

export type Open =
  | { readonly kind: 'menu'; readonly message: ChatMessage; readonly anchor: HTMLElement }
  | { readonly kind: 'delete'; readonly message: ChatMessage }
  | { readonly kind: 'images'; readonly images: readonly Attachment[]; readonly at: number };

export interface OverlayProps {
  client: ChatClient;
  roomKey: RoomKey;
  open: Open;
  me: string | null;
  /** May the reader answer and change messages here? */
  writable: boolean;
  nameOf(userId: string): string;
  onOpen(next: Open): void;
  onClose(): void;
  onWriting(writing: Writing): void;
  onError?: ((error: ChatError) => void) | undefined;
}

export function Overlay(props: OverlayProps): ReactElement {
  const { client, roomKey, open, me, writable, nameOf, onOpen, onClose, onWriting, onError } = props;
  const { t } = useTranslator();
  if (open.kind === 'images') return <Lightbox client={client} images={open.images} startAt={open.at} onClose={onClose} />;
  const { message } = open;
  if (open.kind === 'delete') {
    return <DeleteDialog onClose={onClose} onConfirm={() => client.deleteMessage(roomKey, message.id)} onError={onError} />;
  }
  const pick = (item: MenuItem): void => {
    if (item === 'delete') return onOpen({ kind: 'delete', message });
    onClose();
    if (item === 'reply') onWriting({ kind: 'reply', message, name: message.senderId === me ? t('message.you') : nameOf(message.senderId) });
    else if (item === 'edit') onWriting({ kind: 'edit', message });
    else void navigator.clipboard?.writeText(message.content);
  };
  return <MessageMenu items={itemsOf(message, me, writable)} anchor={open.anchor} onClose={onClose} onPick={pick} />;
}

function itemsOf(message: ChatMessage, me: string | null, writable: boolean): MenuItem[] {
  const own = writable && message.senderId === me && serverNow() - Date.parse(message.createdAt) < EDIT_WINDOW_MS;
  const text = message.content !== '';
  return [
    ...(writable ? ['reply' as const] : []),
    ...(text ? ['copy' as const] : []),
    ...(own && text ? ['edit' as const] : []),
    ...(own ? ['delete' as const] : []),
  ];
}
