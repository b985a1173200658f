import { memo } from 'react';
import type { ComponentType, ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { ChatMessage, Role } from '../../protocol/types';
import { useTranslator } from '../context';
import type { DeliveryState, MessageRow as MessageRowData } from '../rows';
import { Attachments } from './Attachments';
import { Avatar } from './Avatar';
import { AlertIcon, CheckIcon, ChecksIcon, ClockIcon, FileIcon, MoreIcon } from './icons';
import { FailedActions } from './lazy';
import { MessageText } from './MessageText';
import { Quote } from './Quote';

export interface Person { id: string; name: string; avatar?: string | undefined; role: Role | null }

/** What one may do with a row; stable for the life of the list. */
export interface RowDeeds {
  retry(clientMessageId: string): void;
  discard(clientMessageId: string): void;
  /** Opens the menu of a message beside that element. */
  menu(messageId: string, anchor: HTMLElement): void;
  jump(messageId: string): void;
  /** Opens the pictures of a message, at this one. */
  image(messageId: string, image: number): void;
}
export interface MessageRowProps {
  client: ChatClient;
  row: MessageRowData;
  sender: Person;
  /** What it answers: null when nothing; `message` null while that is not loaded. */
  quoted: { message: ChatMessage | null; author: Person | null; mine: boolean } | null;
  /** Name and badge over the bubble: needed where more than two people write. */
  showName: boolean;
  /** Just jumped to. */
  flash: boolean;
  deeds: RowDeeds;
}

/** One bubble, with its time and tick inside at the end. */
export const MessageRow: ComponentType<MessageRowProps> = memo(function MessageRow(props: MessageRowProps): ReactElement {
  const { client, row, sender, quoted, showName, flash, deeds } = props;
  const { t, time, full } = useTranslator();
  const { message, pending } = row;
  const name = row.mine ? t('message.you') : sender.name || t('message.somebody');
  const deleted = message?.deletedAt != null;
  const official = sender.role === 'moderator' || sender.role === 'admin';
  return (
    <article
      className="chat-message"
      tabIndex={-1}
      data-id={message?.id}
      data-mine={row.mine}
      data-first={row.first}
      data-last={row.last}
      data-role={official ? 'moderator' : undefined}
      data-state={row.delivery ?? undefined}
      data-flash={flash || undefined}
      aria-label={t('message.from', { name, time: full(row.createdAt) })}
    >
      {!row.mine && row.last && <Avatar id={sender.id} name={sender.name} src={sender.avatar} size="small" />}
      <div className="chat-line">
        <div className="chat-bubble" data-deleted={deleted || undefined}>
          {row.first && !row.mine && (showName || official) && (
            <div className="chat-sender">
              <bdi>{name}</bdi>
              {official && <span className="chat-badge">{t(`role.${sender.role!}`)}</span>}
            </div>
          )}
          {quoted !== null && !deleted && (
            <Quote {...quoted} onOpen={() => deeds.jump((message?.replyTo ?? pending?.replyTo)!)} />
          )}
          {message !== null && message.attachments.length > 0 && !deleted && (
            <Attachments
              client={client} attachments={message.attachments} onOpen={(image) => deeds.image(message.id, image)}
            />
          )}
          {pending?.attachments.map((one) => (
            <span key={one.fileUrl} className="chat-file"><FileIcon /><bdi>{one.fileName}</bdi></span>
          ))}
          {deleted
            ? <em className="chat-deleted">{t('message.deleted')}</em>
            : row.content !== '' && <MessageText content={row.content} />}
          <span className="chat-meta">
            {message?.editedAt != null && !deleted && <span>{t('message.edited')}</span>}
            <time dateTime={row.createdAt} title={full(row.createdAt)}>{time(row.createdAt)}</time>
            {row.delivery !== null && !deleted && <Tick state={row.delivery} />}
          </span>
        </div>
        {message !== null && !deleted && (
          <button
            type="button" className="chat-more" tabIndex={-1} aria-haspopup="menu" aria-label={t('menu.open')}
            title={t('menu.open')} onClick={(event) => deeds.menu(message.id, event.currentTarget)}
          >
            <MoreIcon />
          </button>
        )}
      </div>
      {pending?.state === 'failed' && <FailedActions pending={pending} deeds={deeds} />}
    </article>
  );
});

const TICKS: Readonly<Record<DeliveryState, () => ReactElement>> = {
  queued: ClockIcon, sending: ClockIcon, sent: CheckIcon, read: ChecksIcon, failed: AlertIcon,
};

function Tick({ state }: { state: DeliveryState }): ReactElement {
  const { t } = useTranslator();
  const Icon = TICKS[state];
  const name = t(`state.${state}`);
  return (
    <span className="chat-tick" data-state={state} title={name}>
      <Icon />
      <span className="chat-hidden">{name}</span>
    </span>
  );
}
