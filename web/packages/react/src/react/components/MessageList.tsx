import { useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import type { ChatClient } from '../../client/client';
import type { RoomKey } from '../../protocol/types';
import { useTranslator } from '../context';
import { buildRows, firstUnread } from '../rows';
import type { Row } from '../rows';
import type { RoomView } from '../use-room';
import { ArrowDownIcon } from './icons';
import { MessageRow, SystemRow } from './MessageRow';
import type { Person } from './MessageRow';
import { ViewportContext } from './viewport';
import type { ViewportHandle } from './viewport';

export interface MessageListProps {
  client: ChatClient;
  roomKey: RoomKey;
  view: RoomView;
  me: string | null;
  person(userId: string): Person;
  showNames: boolean;
  /** Shown when there is no message at all. */
  empty: ReactNode;
}

/** First guesses before a row is measured; a near one keeps the scroll bar calm. */
const ROW_HEIGHT_PX: Readonly<Record<Row['kind'], number>> = { top: 48, day: 48, unread: 40, system: 44, message: 46 };
const CHARS_A_LINE = 46;
const LINE_HEIGHT_PX = 22;

/** The history of one chat. Mount it anew (by key) for another chat. */
export function MessageList(props: MessageListProps): ReactElement {
  const { client, roomKey, view, me, person, showNames, empty } = props;
  const { room, pending, hasOlder } = view;
  const translator = useTranslator();
  const { t } = translator;
  const Viewport = useContext(ViewportContext);
  const handle = useRef<ViewportHandle>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [leftAtSeq, setLeftAtSeq] = useState<number | null>(null);
  // Frozen when the chat opens: the line does not wander while one reads.
  const [unreadFrom] = useState(() => firstUnread(room, me));

  const rows = useMemo(
    () => buildRows({ room, pending, me, firstUnreadSeq: unreadFrom, dayKey: translator.dayKey }),
    [room, pending, me, unreadFrom, translator],
  );
  const [startAt] = useState(() => {
    const at = rows.findIndex(({ kind }) => kind === 'unread');
    return at === -1 ? null : at;
  });

  const tail = room.tailSeq ?? 0;
  useReadMarks(client, roomKey, tail, atEnd);
  const onAtEnd = useCallback((end: boolean) => {
    setAtEnd(end);
    setLeftAtSeq((before) => (end ? null : (before ?? tail)));
    if (end) client.trimRoom(roomKey);
  }, [client, roomKey, tail]);

  const { older } = room;
  const onNearTop = useCallback(() => {
    if (hasOlder && older === 'idle') void client.loadOlder(roomKey);
  }, [client, roomKey, hasOlder, older]);

  // What I send I want to see, wherever I have scrolled to.
  const lastPending = pending.at(-1)?.clientMessageId;
  useEffect(() => {
    if (lastPending !== undefined) handle.current?.toEnd();
  }, [lastPending]);

  const onRetry = useCallback((id: string) => client.retryMessage(id), [client]);
  const onDiscard = useCallback((id: string) => client.discardMessage(id), [client]);
  const render = useCallback((index: number): ReactNode => {
    const row = rows[index];
    switch (row?.kind) {
      case undefined:
        return null;
      case 'top':
        return <TopRow view={view} onRetry={() => void client.loadOlder(roomKey)} />;
      case 'day':
        return <div className="chat-day"><time dateTime={translator.dayKey(row.at)}>{translator.day(row.at)}</time></div>;
      case 'unread':
        return <div className="chat-unread-line">{t('list.unread')}</div>;
      case 'system':
        return <SystemRow message={row.message} />;
      case 'message':
        return (
          <MessageRow
            row={row} sender={person(row.senderId)} showName={showNames} onRetry={onRetry} onDiscard={onDiscard}
          />
        );
    }
  }, [rows, view, client, roomKey, translator, t, person, showNames, onRetry, onDiscard]);
  const estimate = useCallback((index: number) => {
    const row = rows[index];
    if (row === undefined) return 0;
    const lines = row.kind === 'message' ? Math.ceil(row.content.length / CHARS_A_LINE) - 1 : 0;
    return ROW_HEIGHT_PX[row.kind] + Math.max(0, lines) * LINE_HEIGHT_PX;
  }, [rows]);

  const isEmpty = room.messages.length === 0 && pending.length === 0 && !hasOlder;
  const below = leftAtSeq === null
    ? 0
    : room.messages.filter(({ seq, senderId }) => seq > leftAtSeq && senderId !== me).length;
  return (
    <div className="chat-list">
      {isEmpty ? empty : (
        // A stable component out of a context, not one made here.
        // oxlint-disable-next-line react/static-components
        <Viewport
          rows={rows} render={render} estimate={estimate} label={t('list.label')} startAt={startAt}
          onNearTop={onNearTop} onAtEnd={onAtEnd} handle={handle}
        />
      )}
      {!isEmpty && !atEnd && (
        <button type="button" className="chat-to-latest" onClick={() => handle.current?.toEnd()}>
          <ArrowDownIcon />
          <span className={below > 0 ? undefined : 'chat-hidden'}>
            {below > 0 ? t('list.newBelow', { count: below }) : t('list.toLatest')}
          </span>
        </button>
      )}
    </div>
  );
}

function TopRow({ view, onRetry }: { view: RoomView; onRetry(): void }): ReactElement {
  const { t } = useTranslator();
  if (view.room.older === 'failed') {
    return (
      <div className="chat-top">
        {t('list.olderFailed')} <button type="button" className="chat-link" onClick={onRetry}>{t('action.retry')}</button>
      </div>
    );
  }
  return <div className="chat-top">{view.hasOlder ? t('list.loadingOlder') : t('list.beginning')}</div>;
}

/** A message is read when its end is in sight of somebody who is looking. */
function useReadMarks(client: ChatClient, room: RoomKey, tail: number, atEnd: boolean): void {
  useEffect(() => {
    const mark = (): void => {
      const looking = document.visibilityState === 'visible' && document.hasFocus();
      if (atEnd && looking && tail > 0) client.markRead(room, tail);
    };
    mark();
    window.addEventListener('focus', mark);
    document.addEventListener('visibilitychange', mark);
    return () => {
      window.removeEventListener('focus', mark);
      document.removeEventListener('visibilitychange', mark);
    };
  }, [client, room, tail, atEnd]);
}
