import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { ReactElement, ReactNode } from 'react';
import type { ChatClient } from '../../client/client';
import { CONTENT_CHARS_MAX } from '../../client/limits';
import type { StringOverrides } from '../../i18n/strings';
import type { Locale } from '../../i18n/locales';
import type { ChatError } from '../../protocol/errors';
import { roomKind } from '../../protocol/events';
import type { Participant, Role, RoomKey } from '../../protocol/types';
import { TranslatorProvider, useChatClient, usePresentation, useTranslator } from '../context';
import type { Theme } from '../context';
import { useMyId, useRoom, useUser } from '../use-room';
import type { RoomView } from '../use-room';
import { Announcer, TypingIndicator } from './Announcer';
import { Avatar, PresenceDot, PresenceText } from './Avatar';
import { Composer } from './Composer';
import { ConnectionBar, UnsentBar } from './ConnectionBar';
import { ChatIcon, LockIcon } from './icons';
import { MessageList } from './MessageList';
import { StatusChip } from './MessageRow';
import type { Person } from './MessageRow';

/** What both chat components take beside the seed's props. */
export interface ChatOptions {
  client?: ChatClient;
  /** Default: the user of the client's token. */
  currentUserId?: string;
  locale?: Locale;
  timeZone?: string;
  strings?: StringOverrides;
  theme?: Theme;
  className?: string;
  readOnly?: boolean;
  maxLength?: number;
  onStatusChange?: (status: string) => void;
  onError?: (error: ChatError) => void;
  slots?: {
    /** Replaces the header; null leaves it out. */
    Header?: ReactNode;
    /** Before the person in the header: a back button, say. */
    HeaderStart?: ReactNode;
    HeaderEnd?: ReactNode;
    /** Between header and history: what the chat is about, say. */
    BelowHeader?: ReactNode;
    Empty?: ReactNode;
  };
}
export interface ChatPaneProps extends ChatOptions {
  roomKey: RoomKey;
  people: readonly { role: Role; person: Participant }[];
}

/** A whole chat: header, connection, history, composer. OrderChat and DisputeChat are this with their people. */
export function ChatPane(props: ChatPaneProps): ReactElement {
  const provided = useChatClient();
  const client = props.client ?? provided;
  const { locale, theme, translator } = usePresentation(props);
  useEffect(() => client.retain(), [client]);
  return (
    <TranslatorProvider value={translator}>
      <section
        className={`chat-root ${props.className ?? ''}`} data-theme={theme} data-kind={roomKind(props.roomKey)}
        lang={locale}
      >
        {/* By key: scroll place, draft and unread line belong to one chat. */}
        <ChatBody key={props.roomKey} {...props} client={client} />
      </section>
    </TranslatorProvider>
  );
}

function ChatBody(props: ChatPaneProps & { client: ChatClient }): ReactElement {
  const { client, roomKey, people, slots = {}, readOnly = false, maxLength = CONTENT_CHARS_MAX } = props;
  const view = useRoom(roomKey, client);
  const myId = useMyId(client);
  const me = props.currentUserId ?? myId;
  const person = usePeople(people, view);
  useCallbacks(props, view);

  const others = people.filter(({ person: { id } }) => id !== me);
  const typing = [...view.room.typing.keys()].filter((id) => id !== me).map((id) => person(id).name);
  const refused = view.room.phase === 'refused';
  const closed = ['closed', 'resolved', 'rejected'].includes(view.room.status ?? '') && roomKind(roomKey) === 'dispute';
  return (
    <>
      {slots.Header !== undefined ? slots.Header : (
        <ConversationHeader
          client={client} others={others} status={view.room.status} typing={typing.length > 0}
          start={slots.HeaderStart} end={slots.HeaderEnd}
        />
      )}
      {slots.BelowHeader}
      <ConnectionBar client={client} />
      {isBare(view) ? (
        <Waiting client={client} roomKey={roomKey} view={view} />
      ) : (
        <MessageList
          client={client} roomKey={roomKey} view={view} me={me} person={person} showNames={others.length > 1}
          empty={slots.Empty ?? <EmptyChat readOnly={readOnly} />}
        />
      )}
      {!refused && (
        <>
          <TypingIndicator names={typing} />
          <UnsentBar client={client} />
          <Composer
            client={client} roomKey={roomKey} maxLength={maxLength} readOnly={readOnly || closed} onError={props.onError}
          />
        </>
      )}
      <Announcer client={client} roomKey={roomKey} me={me} nameOf={(id) => person(id).name} />
    </>
  );
}

/** Who an id is: by the props, else as the server introduced him. */
function usePeople(people: ChatPaneProps['people'], view: RoomView): (userId: string) => Person {
  const { participants } = view.room;
  const cache = useMemo(() => {
    const all = new Map<string, Person>();
    for (const [id, { name, role }] of participants) all.set(id, { id, name, role });
    for (const { role, person } of people) {
      all.set(person.id, { id: person.id, name: person.name, avatar: person.avatar, role });
    }
    return all;
    // Callers write `participants` inline; what counts is who they are.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [participants, JSON.stringify(people)]);
  return useCallback(
    (id: string) => cache.get(id) ?? { id, name: id.slice(0, 8), role: null },
    [cache],
  );
}

function useCallbacks({ client, onStatusChange, onError }: ChatPaneProps & { client: ChatClient }, view: RoomView): void {
  const { status, error } = view.room;
  const before = useRef(status);
  const latest = useRef({ onStatusChange, onError });
  useEffect(() => {
    latest.current = { onStatusChange, onError };
  });
  useEffect(() => {
    if (status !== null && before.current !== null && status !== before.current) latest.current.onStatusChange?.(status);
    before.current = status;
  }, [status]);
  useEffect(() => {
    if (error !== null) latest.current.onError?.(error);
  }, [error, client]);
}

function ConversationHeader(props: {
  client: ChatClient;
  others: ChatPaneProps['people'];
  status: string | null;
  typing: boolean;
  start: ReactNode;
  end: ReactNode;
}): ReactElement {
  const { client, others, status, typing, start, end } = props;
  return (
    <header className="chat-header">
      {start}
      <div className="chat-people">
        {others.map(({ role, person }) => (
          <HeaderPerson key={role} client={client} role={role} person={person} typing={typing && others.length === 1} />
        ))}
      </div>
      {status !== null && status !== '' && <StatusChip status={status} />}
      {end}
    </header>
  );
}

function HeaderPerson(props: { client: ChatClient; role: Role; person: Participant; typing: boolean }): ReactElement {
  const { client, role, person, typing } = props;
  const { t } = useTranslator();
  const user = useUser(client, person.id);
  return (
    <div className="chat-person" data-role={role}>
      <span className="chat-avatar-box">
        <Avatar id={person.id} name={person.name} src={person.avatar} />
        <PresenceDot user={user} />
      </span>
      <div className="chat-person-text">
        <div className="chat-person-name"><bdi>{person.name}</bdi></div>
        <div className="chat-person-state">
          <span>{t(`role.${role}`)}</span>
          {' · '}
          <span className="chat-presence" data-typing={typing}>{typing ? t('typing.short') : <PresenceText user={user} />}</span>
        </div>
      </div>
    </div>
  );
}

/** Not a message to show, though there may be some: no snapshot yet, or one without history. */
function isBare({ room, pending, hasOlder }: RoomView): boolean {
  if (pending.length > 0) return false;
  return room.tailSeq === null || (room.messages.length === 0 && hasOlder);
}

/** Nothing to show yet: still coming, not allowed, or no connection. */
function Waiting({ client, roomKey, view }: { client: ChatClient; roomKey: RoomKey; view: RoomView }): ReactElement {
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
    return (
      <div className="chat-list chat-skeleton" role="status">
        <span className="chat-hidden">{t('list.loading')}</span>
        <i /><i /><i /><i /><i />
      </div>
    );
  }
  const known = error?.code === 'FORBIDDEN' ? 'forbidden' : error?.code === 'NOT_FOUND' ? 'notFound' : null;
  return (
    <div className="chat-list chat-notice" role="alert">
      <LockIcon />
      <h2>{t(known === null ? 'room.errorTitle' : `room.${known}Title`)}</h2>
      <p>{known === null ? error?.message : t(`room.${known}Hint`)}</p>
      {known === null && (
        <button type="button" className="chat-button" onClick={() => client.retryRoom(roomKey)}>{t('action.retry')}</button>
      )}
    </div>
  );
}

function EmptyChat({ readOnly }: { readOnly: boolean }): ReactElement {
  const { t } = useTranslator();
  return (
    <div className="chat-notice">
      <ChatIcon />
      <h2>{t('list.emptyTitle')}</h2>
      <p>{t(readOnly ? 'list.emptyReadOnly' : 'list.emptyHint')}</p>
    </div>
  );
}
