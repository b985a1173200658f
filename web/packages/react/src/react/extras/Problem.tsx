import type { ReactElement } from 'react';
import type { StringKey } from '../../i18n/strings';
import type { RowDeeds } from '../components/MessageRow';
import { useTranslator } from '../context';
import type { OutboxEntry } from '../../store/state';

export type Undone = 'composer.notSaved' | 'menu.notDeleted' | 'state.failed';

/** What was not done, and why, in the reader's language. */
export function Problem({ what, code }: { what: Undone; code: string | undefined }): ReactElement {
  const { t, has } = useTranslator();
  // What the author of a message is refused is too old.
  if (code === 'FORBIDDEN' && what !== 'state.failed') return <>{t('composer.tooLate')}</>;
  const key = `error.${code ?? 'other'}`;
  return <>{t(what)}: {t(has(key) ? (key as StringKey) : 'error.other')}</>;
}

/** Under a message that was refused for good. */
export function FailedActions({ pending, deeds }: { pending: OutboxEntry; deeds: RowDeeds }): ReactElement {
  const { t } = useTranslator();
  const { clientMessageId, error } = pending;
  return (
    <div className="chat-failed" role="group" aria-label={t('state.failed')}>
      <span><Problem what="state.failed" code={error?.code} /></span>
      <button type="button" className="chat-link" onClick={() => deeds.retry(clientMessageId)}>{t('action.retry')}</button>
      <button type="button" className="chat-link" onClick={() => deeds.discard(clientMessageId)}>{t('action.delete')}</button>
    </div>
  );
}
