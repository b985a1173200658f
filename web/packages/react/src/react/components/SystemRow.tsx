import { memo } from 'react';
import type { ComponentType, ReactElement } from 'react';
import type { StringKey } from '../../i18n/strings';
import { roomKind } from '../../protocol/events';
import type { ChatMessage } from '../../protocol/types';
import type { Params } from '../../i18n/translator';
import { useTheme, useTranslator } from '../context';
import { FlagIcon, ScalesIcon } from './icons';

/** Any translator that has the texts of the package. */
export interface Texts { t(key: StringKey, params?: Params): string; has(key: string): boolean }

/** What a system message says, in the reader's language where it is a change that we know; else its own words. */
export function systemText(message: ChatMessage, nameOf: (id: string) => string, { t, has }: Texts): string {
  const { change, content } = message;
  if (change === null) {
    const key = `status.${content.trim()}`;
    return has(key) ? t(key as StringKey) : content;
  }
  const name = change.by === null ? '' : nameOf(change.by);
  if (change.what === 'moderator') {
    return change.value === null ? t('change.noModerator') : t('change.moderator', { name: nameOf(change.value) });
  }
  const decided = change.disputeId !== null && change.value !== 'disputed' ? 'change.decided' : null;
  const back = change.previous === 'delivered' && change.value === 'in_progress' ? 'change.sentBack' : null;
  const key = decided ?? back ?? `change.${roomKind(message.room)}.${change.value ?? ''}`;
  if (!has(key)) return content;
  return t(key as StringKey, { name, status: change.value !== null && has(`status.${change.value}`) ? t(`status.${change.value}` as StringKey) : '' });
}

/** Something that happened, not something said. */
export const SystemRow: ComponentType<{ message: ChatMessage; nameOf(id: string): string }> = memo(
  function SystemRow({ message, nameOf }: { message: ChatMessage; nameOf(id: string): string }): ReactElement {
    const translator = useTranslator();
    const { t, time, full } = translator;
    const { change } = message;
    const by = change?.by == null ? '' : nameOf(change.by);
    const dispute = change?.value === 'disputed' || roomKind(message.room) === 'dispute';
    return (
      <article
        className="chat-system" data-dispute={dispute} tabIndex={-1}
        aria-label={t('message.system', { time: full(message.createdAt) })}
      >
        <div className="chat-system-line">
          {dispute ? <ScalesIcon /> : <FlagIcon />}
          <span dir="auto">{systemText(message, nameOf, translator)}</span>
          {change?.what === 'status' && by !== '' && <span>· <bdi>{by}</bdi></span>}
          <time dateTime={message.createdAt}>{time(message.createdAt)}</time>
        </div>
        {change !== null && change.note !== '' && <p className="chat-system-note" dir="auto">{change.note}</p>}
      </article>
    );
  },
);

/** A status as a word in a pill; an unknown one is shown as it came. */
export function StatusChip({ status }: { status: string }): ReactElement {
  const { t, has } = useTranslator();
  const theme = useTheme();
  const key = `status.${status}`;
  return <span className="chat-status chat-tokens" data-theme={theme} data-status={status}>{has(key) ? t(key) : status}</span>;
}
