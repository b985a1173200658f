import { useCallback, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import type { Attachment, RoomKey } from '../../protocol/types';
import { selectRoom } from '../../store/selectors';
import type { ChatState } from '../../store/state';
import { useChatClient, useTheme, useTranslator } from '../context';
import { useChatState } from '../use-chat-state';
import { Attachments, isImage } from './Attachments';
import { Lightbox } from './lazy';

/** All files of a chat in one place, by who gave them, as far as its history is loaded. */
export function EvidencePanel({ roomKey }: { roomKey: RoomKey }): ReactElement {
  const client = useChatClient();
  const { t, day } = useTranslator();
  const theme = useTheme();
  const room = useChatState(client, useCallback((state: ChatState) => selectRoom(state, roomKey), [roomKey]));
  const [open, setOpen] = useState<{ images: readonly Attachment[]; at: number } | null>(null);
  const given = useMemo(
    () => room.messages.filter(({ attachments, deletedAt }) => attachments.length > 0 && deletedAt === null),
    [room.messages],
  );
  if (given.length === 0) return <p className="chat-evidence-none chat-tokens" data-theme={theme}>{t('evidence.none')}</p>;
  return (
    <div className="chat-evidence chat-tokens" data-theme={theme}>
      {given.map((message) => (
        <div key={message.id}>
          <p><bdi>{room.participants.get(message.senderId)?.name ?? ''}</bdi> · {day(message.createdAt)}</p>
          <Attachments
            client={client} attachments={message.attachments}
            onOpen={(at) => setOpen({ images: message.attachments.filter(isImage), at })}
          />
        </div>
      ))}
      {open !== null && <Lightbox client={client} images={open.images} startAt={open.at} onClose={() => setOpen(null)} />}
    </div>
  );
}
