import { memo } from 'react';
import type { ComponentType, ReactElement } from 'react';
import type { StringKey } from '../../i18n/strings';
import type { ChatMessage, Role } from '../../protocol/types';
import { useTranslator } from '../context';
import type { DeliveryState, MessageRow as MessageRowData } from '../rows';
import { Avatar } from './Avatar';
import { AlertIcon, CheckIcon, ChecksIcon, ClockIcon, FileIcon, FlagIcon } from './icons';
import { MessageText, safeFileUrl } from './MessageText';

export interface Person { id: string; name: string; avatar?: string | undefined; role: Role | null }

export interface MessageRowProps {
  row: MessageRowData;
  sender: Person;
  /** Name and badge over the bubble: needed where more than two people write. */
  showName: boolean;
  onRetry(clientMessageId: string): void;
  onDiscard(clientMessageId: string): void;
}

/** One bubble, with its time and tick inside at the end. */
export const MessageRow: ComponentType<MessageRowProps> = memo(function MessageRow(props: MessageRowProps): ReactElement {
  const { row, sender, showName } = props;
  const { t, time, full } = useTranslator();
  const name = row.mine ? t('message.you') : sender.name;
  const deleted = row.message?.deletedAt != null;
  return (
    <article
      className="chat-message"
      data-mine={row.mine}
      data-first={row.first}
      data-last={row.last}
      data-role={sender.role ?? undefined}
      data-state={row.delivery ?? undefined}
      aria-label={t('message.from', { name, time: full(row.createdAt) })}
    >
      {!row.mine && row.last && <Avatar id={sender.id} name={sender.name} src={sender.avatar} size="small" />}
      <div className="chat-bubble">
        {showName && row.first && !row.mine && (
          <div className="chat-sender">
            <bdi>{sender.name}</bdi>
            {sender.role === 'moderator' && <span className="chat-badge">{t('role.moderator')}</span>}
          </div>
        )}
        {deleted ? <em className="chat-deleted">{t('message.deleted')}</em> : <MessageText content={row.content} />}
        {!deleted && row.message !== null && <Attachments message={row.message} />}
        <span className="chat-meta">
          {row.message?.editedAt != null && !deleted && <span>{t('message.edited')} </span>}
          <time dateTime={row.createdAt} title={full(row.createdAt)}>{time(row.createdAt)}</time>
          {row.delivery !== null && <Tick state={row.delivery} />}
        </span>
      </div>
      {row.pending?.state === 'failed' && <FailedActions {...props} />}
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

function FailedActions({ row, onRetry, onDiscard }: MessageRowProps): ReactElement {
  const { t } = useTranslator();
  const { clientMessageId, error } = row.pending!;
  const key = `error.${error?.code ?? 'other'}`;
  const reason = t(KNOWN_ERRORS.has(key) ? (key as StringKey) : 'error.other');
  return (
    <div className="chat-failed" role="group" aria-label={t('state.failed')}>
      <span>{t('state.failed')}: {reason}</span>
      <button type="button" className="chat-link" onClick={() => onRetry(clientMessageId)}>{t('action.retry')}</button>
      <button type="button" className="chat-link" onClick={() => onDiscard(clientMessageId)}>{t('action.delete')}</button>
    </div>
  );
}
const KNOWN_ERRORS: ReadonlySet<string> = new Set<StringKey>([
  'error.FORBIDDEN', 'error.NOT_FOUND', 'error.CHAT_CLOSED', 'error.PAYLOAD_TOO_LARGE', 'error.INVALID_PAYLOAD',
  'error.RATE_LIMITED', 'error.EXPIRED_UNSENT',
]);

function Attachments({ message }: { message: ChatMessage }): ReactElement | null {
  const { t } = useTranslator();
  if (message.attachments.length === 0) return null;
  return (
    <ul className="chat-attachments">
      {message.attachments.map((one) => {
        const href = safeFileUrl(one.fileUrl);
        const isImage = one.mimeType?.startsWith('image/') === true && one.width != null && one.height != null;
        return (
          <li key={one.id ?? one.fileUrl}>
            {href === null ? (
              <span className="chat-file"><FileIcon /><bdi>{one.fileName}</bdi></span>
            ) : (
              <a className="chat-file" href={href} target="_blank" rel="noopener noreferrer nofollow" download={!isImage}>
                {isImage ? (
                  <img
                    src={href} alt={t('message.image', { name: one.fileName })} loading="lazy" decoding="async"
                    width={one.width!} height={one.height!}
                  />
                ) : (
                  <><FileIcon /><bdi>{one.fileName}</bdi></>
                )}
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Something that happened, not something said. A bare status word is told in the reader's language. */
export const SystemRow: ComponentType<{ message: ChatMessage }> = memo(function SystemRow({ message }: { message: ChatMessage }): ReactElement {
  const { t, time, full } = useTranslator();
  const key = `status.${message.content.trim()}`;
  return (
    <article className="chat-system" aria-label={t('message.system', { time: full(message.createdAt) })}>
      <FlagIcon />
      <span dir="auto">{STATUS_KEYS.has(key) ? t(key as StringKey) : message.content}</span>
      <time dateTime={message.createdAt}>{time(message.createdAt)}</time>
    </article>
  );
});
const STATUS_KEYS: ReadonlySet<string> = new Set<StringKey>([
  'status.created', 'status.accepted', 'status.in_progress', 'status.delivered', 'status.completed',
  'status.cancelled', 'status.disputed', 'status.open', 'status.under_review', 'status.resolved', 'status.rejected',
  'status.closed',
]);

/** A status as a word in a pill; an unknown one is shown as it came. */
export function StatusChip({ status }: { status: string }): ReactElement {
  const { t } = useTranslator();
  const key = `status.${status}`;
  const text = STATUS_KEYS.has(key) ? t(key as StringKey) : status;
  return <span className="chat-status" data-status={status}>{text}</span>;
}
