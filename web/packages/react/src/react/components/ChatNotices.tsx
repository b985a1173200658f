import { useEffect } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import type { ChatState } from '../../store/state';
import { useChatState } from '../use-chat-state';
import type { RoomView } from '../use-room';
import { ChatIcon } from './icons';
import { Notice } from './lazy';

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
  const { phase, older } = view.room;
  const hopeful = useChatState(client, selectHopeful);
  useEffect(() => {
    if (hasOlder && older === 'idle') void client.loadOlder(roomKey);
  }, [client, roomKey, hasOlder, older]);
  if (older === 'failed' || phase === 'refused' || !hopeful) return <Notice client={client} roomKey={roomKey} room={view.room} />;
  return <Skeleton label={t('list.loading')} />;
}
const selectHopeful = ({ link }: ChatState): boolean => /^(idle|connecting|live)$/.test(link.kind);

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
