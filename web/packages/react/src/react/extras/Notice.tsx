import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import type { RoomState } from '../../store/state';
import { ClockIcon, LockIcon } from '../components/icons';
import { useTranslator } from '../context';

/** Instead of a history: there is none without a connection, its page failed, or it is not for this reader. */
export function Notice({ client, roomKey, room }: { client: ChatClient; roomKey: RoomKey; room: RoomState }): ReactElement {
  const { t } = useTranslator();
  const { phase, error, older } = room;
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
    return (
      <div className="chat-list chat-notice" role="status">
        <ClockIcon />
        <h2>{t('room.waitingTitle')}</h2>
        <p>{t('room.waitingHint')}</p>
      </div>
    );
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
