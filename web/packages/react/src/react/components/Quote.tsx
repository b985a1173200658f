import type { ReactElement } from 'react';
import type { ChatMessage } from '../../protocol/types';
import { useTranslator } from '../context';
import type { Person } from './MessageRow';

const EXCERPT_CHARS = 140;

/** What a message answers, in one line; a click leads to it. `message` is null while it is not loaded. */
export function Quote(props: {
  message: ChatMessage | null; author: Person | null; mine: boolean; onOpen(): void;
}): ReactElement {
  const { message, author, mine, onOpen } = props;
  const { t } = useTranslator();
  const name = mine ? t('message.you') : (author?.name ?? '');
  return (
    <button type="button" className="chat-quote" tabIndex={-1} onClick={onOpen} title={t('quote.jump')}>
      <span className="chat-hidden">{t('quote.label')} </span>
      {message !== null && <strong><bdi>{name}</bdi></strong>}
      <span dir="auto"><Excerpt message={message} /></span>
    </button>
  );
}

/** One line of a message, whatever it is made of. */
export function Excerpt({ message }: { message: ChatMessage | null }): ReactElement {
  const { t } = useTranslator();
  if (message === null) return <>{t('quote.unknown')}</>;
  if (message.deletedAt !== null) return <>{t('message.deleted')}</>;
  return <>{message.content.slice(0, EXCERPT_CHARS) || message.attachments[0]?.fileName || ''}</>;
}
