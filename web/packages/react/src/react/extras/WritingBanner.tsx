import type { ReactElement } from 'react';
import type { Writing } from '../components/Composer';
import { CloseIcon } from '../components/icons';
import { Excerpt } from '../components/Quote';
import { useTranslator } from '../context';
import { PenIcon, ReplyIcon } from './icons';

/** Over the field: what is answered, or changed. */
export function WritingBanner({ writing, onCancel }: { writing: Exclude<Writing, { kind: 'new' }>; onCancel(): void }): ReactElement {
  const { t } = useTranslator();
  return (
    <div className="chat-writing">
      {writing.kind === 'reply' ? <ReplyIcon /> : <PenIcon />}
      <span className="chat-writing-text">
        <strong>{writing.kind === 'reply' ? t('composer.replyTo', { name: writing.name }) : t('composer.editing')}</strong>
        <span dir="auto"><Excerpt message={writing.message} /></span>
      </span>
      <button type="button" className="chat-tool" aria-label={t('composer.cancel')} title={t('composer.cancel')} onClick={onCancel}>
        <CloseIcon />
      </button>
    </div>
  );
}
