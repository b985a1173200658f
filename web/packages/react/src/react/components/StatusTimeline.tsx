import type { ReactElement } from 'react';
import type { RoomKey } from '../../protocol/types';
import { selectRoom } from '../../store/selectors';
import type { ChatState, RoomState } from '../../store/state';
import { useChatClient, useTheme, useTranslator } from '../context';
import { useChatState } from '../use-chat-state';
import { systemText } from './SystemRow';
import { useCallback } from 'react';

/** What happened to an order or a dispute, as far as its history is loaded: oldest first. */
export function StatusTimeline({ roomKey }: { roomKey: RoomKey }): ReactElement | null {
  const client = useChatClient();
  const translator = useTranslator();
  const theme = useTheme();
  const room: RoomState = useChatState(client, useCallback((state: ChatState) => selectRoom(state, roomKey), [roomKey]));
  const nameOf = (id: string): string => room.participants.get(id)?.name ?? '';
  const changes = room.messages.filter(({ type, change }) => type === 'system' && change !== null);
  if (changes.length === 0) return null;
  return (
    <ol className="chat-timeline chat-tokens" data-theme={theme}>
      {changes.map((message) => (
        <li key={message.id} data-status={message.change?.value ?? ''}>
          <span>{systemText(message, nameOf, translator)}</span>
          <small>
            {message.change?.by != null && nameOf(message.change.by) !== '' && <><bdi>{nameOf(message.change.by)}</bdi> · </>}
            <time dateTime={message.createdAt} title={translator.full(message.createdAt)}>
              {translator.day(message.createdAt)}, {translator.time(message.createdAt)}
            </time>
          </small>
        </li>
      ))}
    </ol>
  );
}
