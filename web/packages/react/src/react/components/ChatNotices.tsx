import { useEffect } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import type { RoomView } from '../use-room';
import { ChatIcon, LockIcon } from './icons';

/** Not a message to show, though there may be some: no snapshot yet, or one without history. */
export function isBare({ room, pending, hasOlder }: RoomView): boolean {
  if (pending.length > 0) return false;
  return room.tailSeq === null || (room.messages.length === 0 && hasOlder);
}

export function Skeleton({ label = '' }: { label?: string }): ReactElement {
  return (
    <div className="chat-list chat-skeleton" role="status">
      <span className="chat-hidden">{label}</span>
      <i /><i /><i /><i /><i />
    </div>
  );
}

/** Nothing to show yet: still coming, not allowed, or no connection. */
export function Waiting({ client, roomKey, view }: { client: ChatClient; roomKey: RoomKey; view: RoomView }): ReactElement {
  const { t } = useTranslator();
  const { hasOlder } = view;
  const { phase, error, older } = view.room;
  useEffect(() => {
    if (hasOlder && older === 'idle') void client.loadOlder(roomKey);
  }, [client, roomKey, hasOlder, older]);
  if (older === 'failed') {
    return (
      <div className="chat-list chat-notice" role="alert">
        <h2>{t('list.olderFailed')}</h2>
        <button type="button" className="chat-button" onClick={() => void client.loadOlder(roomKey)}>
          {t('action.retry')}
        </button>
      </div>
    );
  }
  if (phase !== 'refused') {
    return <Skeleton label={t('list.loading')} />;
  }
  const why = error?.code === 'FORBIDDEN' ? 'forbidden' : error?.code === 'NOT_FOUND' ? 'notFound' : 'error';
  return (
    <div className="chat-list chat-notice" role="alert">
      <LockIcon />
      <h2>{t(`room.${why}Title`)}</h2>
      <p>{t(`room.${why}Hint`)}</p>
      {why === 'error' && (
        <button type="button" className="chat-button" onClick={() => client.retryRoom(roomKey)}>{t('action.retry')}</button>
      )}
    </div>
  );
}

export function EmptyChat({ readOnly }: { readOnly: boolean }): ReactElement {
  const { t } = useTranslator();
  return (
    <div className="chat-notice">
      <ChatIcon />
      <h2>{t('list.emptyTitle')}</h2>
      <p>{t(readOnly ? 'list.emptyReadOnly' : 'list.emptyHint')}</p>
    </div>
  );
}
