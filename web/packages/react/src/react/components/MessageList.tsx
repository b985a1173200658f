import { useCallback, useContext, useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react';
import type { ComponentType, ReactElement, ReactNode, Ref } from 'react';
import type { ChatClient } from '../../client/client';
import type { ChatError } from '../../protocol/errors';
import type { ChatMessage, RoomKey } from '../../protocol/types';
import { findById } from '../../store/messages';
import { selectRoom } from '../../store/selectors';
import { useTranslator } from '../context';
import type { Open } from '../extras/Overlay';
import { buildRows, firstUnread } from '../rows';
import type { Row } from '../rows';
import type { RoomView } from '../use-room';
import { isImage } from './Attachments';
import type { Writing } from './Composer';
import { ArrowDownIcon } from './icons';
import { Overlay, whenExtras } from './lazy';
import { MessageRow } from './MessageRow';
import type { MessageRowProps, Person, RowDeeds } from './MessageRow';
import { SystemRow } from './SystemRow';
import { ViewportContext } from './viewport';
import type { ViewportHandle } from './viewport';

export interface MessageListHandle { openLastOwn(): void }
export interface MessageListProps {
  client: ChatClient;
  roomKey: RoomKey;
  view: RoomView;
  me: string | null;
  person(userId: string): Person;
  showNames: boolean;
  /** May the reader answer and change messages here? */
  writable: boolean;
  onWriting(writing: Writing): void;
  onError?: ((error: ChatError) => void) | undefined;
  /** Shown when there is no message at all. */
  empty: ReactNode;
  Row?: ComponentType<MessageRowProps> | undefined;
  handle?: Ref<MessageListHandle>;
}

/** First guesses before a row is measured; a near one keeps the scroll bar calm. */
const ROW_HEIGHT_PX: Readonly<Record<Row['kind'], number>> = { top: 48, day: 48, unread: 40, system: 44, message: 46 };
const CHARS_A_LINE = 46;
const LINE_HEIGHT_PX = 22;
const QUOTE_HEIGHT_PX = 48;
const FILES_HEIGHT_PX = 200;
const FLASH_MS = 1_600;

/** The history of one chat. Mount it anew (by key) for another chat. */
export function MessageList(props: MessageListProps): ReactElement {
  const { client, roomKey, view, me, person, showNames, writable, onWriting, onError, empty, handle: outer } = props;
  const Bubble = props.Row ?? MessageRow;
  const { room, pending, hasOlder } = view;
  const translator = useTranslator();
  const { t } = translator;
  const Viewport = useContext(ViewportContext);
  const handle = useRef<ViewportHandle>(null);
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [leftAtSeq, setLeftAtSeq] = useState<number | null>(null);
  const [open, setOpen] = useState<Open | null>(null);
  // Frozen at the server's first answer: what was shown before it may be of an earlier visit, and afterwards the line
  // does not wander while one reads. Nothing is at its end, or read, until the viewport has gone to the line.
  const [unreadFrom, setUnreadFrom] = useState<number | null>();
  if (unreadFrom === undefined && room.phase === 'ready' && !room.cached) {
    const from = firstUnread(room, me);
    setUnreadFrom(from);
    if (from !== null) setAtEnd(false);
  }

  const rows = useMemo(
    () => buildRows({ room, pending, me, firstUnreadSeq: unreadFrom ?? null, dayKey: translator.dayKey }),
    [room, pending, me, unreadFrom, translator],
  );
  const line = rows.findIndex(({ kind }) => kind === 'unread');
  const startAt = line === -1 ? null : line;
  const { flash, jump } = useJump(client, roomKey, rows, handle);

  const tail = room.tailSeq ?? 0;
  useReadMarks(client, roomKey, tail, atEnd && unreadFrom !== undefined);
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

  const deeds = useMemo((): RowDeeds => {
    const find = (id: string): ChatMessage | null => findById(selectRoom(client.state, roomKey), id);
    return {
      retry: (id) => client.retryMessage(id),
      discard: (id) => client.discardMessage(id),
      jump,
      menu: (id, anchor) => {
        const message = find(id);
        if (message !== null) setOpen({ kind: 'menu', message, anchor });
      },
      image: (id, at) => setOpen({ kind: 'images', images: (find(id)?.attachments ?? []).filter(isImage), at }),
    };
  }, [client, roomKey, jump]);
  const openMenuOf = useCallback((element: Element | null | undefined): void => {
    const anchor = element?.querySelector<HTMLElement>('.chat-more');
    const id = element?.closest<HTMLElement>('[data-id]')?.dataset['id'];
    if (anchor != null && id !== undefined) deeds.menu(id, anchor);
  }, [deeds]);
  useEffect(() => {
    const element = box.current;
    return element === null ? undefined : whenExtras(({ installListKeys }) => installListKeys(element, openMenuOf));
  }, [openMenuOf]);
  useImperativeHandle(outer, () => ({
    openLastOwn: () => {
      const own = box.current?.querySelectorAll('.chat-message[data-mine="true"][data-id]');
      openMenuOf(own?.[own.length - 1]);
    },
  }), [openMenuOf]);

  const close = useCallback(() => {
    setOpen((before) => {
      if (before?.kind === 'menu') before.anchor.closest<HTMLElement>('.chat-message')?.focus({ preventScroll: true });
      return null;
    });
  }, []);
  const byId = useMemo(() => new Map(room.messages.map((message) => [message.id, message])), [room.messages]);
  const nameOf = useCallback((id: string): string => person(id).name, [person]);
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
        return <SystemRow message={row.message} nameOf={nameOf} />;
      case 'message': {
        const to = row.message?.replyTo ?? row.pending?.replyTo ?? null;
        const message = to === null ? null : (byId.get(to) ?? null);
        return (
          <Bubble
            client={client} row={row} sender={person(row.senderId)} showName={showNames} flash={row.key === flash} deeds={deeds}
            quoted={to === null ? null : {
              message, author: message === null ? null : person(message.senderId), mine: message?.senderId === me,
            }}
          />
        );
      }
    }
  }, [rows, view, client, roomKey, translator, t, person, nameOf, showNames, flash, deeds, byId, me, Bubble]);
  const estimate = useCallback((index: number) => {
    const row = rows[index];
    if (row === undefined) return 0;
    if (row.kind !== 'message') return ROW_HEIGHT_PX[row.kind];
    const lines = Math.max(0, Math.ceil(row.content.length / CHARS_A_LINE) - 1);
    const quote = row.message?.replyTo == null ? 0 : QUOTE_HEIGHT_PX;
    const files = row.message?.attachments.some(isImage) === true ? FILES_HEIGHT_PX : 0;
    return ROW_HEIGHT_PX.message + lines * LINE_HEIGHT_PX + quote + files;
  }, [rows]);

  const isEmpty = room.messages.length === 0 && pending.length === 0 && !hasOlder;
  const below = leftAtSeq === null
    ? 0
    : room.messages.filter(({ seq, senderId }) => seq > leftAtSeq && senderId !== me).length;
  return (
    <div className="chat-list" ref={box}>
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
      {open !== null && (
        <Overlay
          client={client} roomKey={roomKey} open={open} me={me} writable={writable} nameOf={nameOf} onOpen={setOpen}
          onClose={close} onWriting={onWriting} onError={onError}
        />
      )}
    </div>
  );
}

/** Leads to a message, loading earlier pages as needed, and lights it up for a moment. */
function useJump(
  client: ChatClient, room: RoomKey, rows: readonly Row[], handle: { readonly current: ViewportHandle | null },
): { flash: string | null; jump(messageId: string): void } {
  const [target, setTarget] = useState<string | null>(null);
  const [flash, setFlash] = useState<string | null>(null);
  const jump = useCallback((messageId: string): void => {
    void client.seek(room, messageId).then((found) => found && setTarget(messageId));
  }, [client, room]);
  useEffect(() => {
    if (target === null) return;
    const at = rows.findIndex((row) => row.kind === 'message' && row.message?.id === target);
    if (at === -1) return;
    const scroll = setTimeout(() => {
      handle.current?.toRow(at);
      setTarget(null);
      setFlash(rows[at]!.key);
    });
    return () => clearTimeout(scroll);
  }, [target, rows, handle]);
  useEffect(() => {
    if (flash === null) return;
    const fade = setTimeout(() => setFlash(null), FLASH_MS);
    return () => clearTimeout(fade);
  }, [flash]);
  return { flash, jump };
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
