import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ComponentType, ReactElement, ReactNode } from 'react';
import type { ChatClient } from '../../client/client';
import { CONTENT_CHARS_MAX } from '../../client/limits';
import type { StringOverrides } from '../../i18n/strings';
import type { Locale } from '../../i18n/locales';
import type { Translator } from '../../i18n/translator';
import type { ChatError } from '../../protocol/errors';
import { roomKind } from '../../protocol/events';
import type { Participant, Role, RoomKey, RoomKind } from '../../protocol/types';
import type { RoomState } from '../../store/state';
import { TranslatorProvider, useChatClient, usePresentation, useTranslator } from '../context';
import type { Theme } from '../context';
import { useMyId, useRoom } from '../use-room';
import type { RoomView } from '../use-room';
import { EmptyChat, Skeleton, Waiting, isBare } from './ChatNotices';
import { Composer } from './Composer';
import type { ComposerHandle, ComposerProps, Uploader, Writing } from './Composer';
import { ConnectionBar, UnsentBar } from './ConnectionBar';
import { ConversationHeader } from './ConversationHeader';
import { NewsLog, preloadExtras, whenExtras } from './lazy';
import { MessageList } from './MessageList';
import type { MessageListHandle } from './MessageList';
import type { MessageRowProps, Person } from './MessageRow';
import { TypingIndicator } from './TypingIndicator';

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
  /** Where files go: default to the server's own uploads; false: nobody attaches files here. */
  upload?: Uploader | false;
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
    /** Instead of the bubble, and of the field at the bottom. */
    Message?: ComponentType<MessageRowProps>;
    Composer?: ComponentType<ComposerProps>;
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
  const { locale, theme, translator, ready } = usePresentation(props);
  useEffect(() => client.retain(), [client]);
  useEffect(() => preloadExtras(), []);
  return (
    <TranslatorProvider value={translator}>
      <section
        className={`chat-root ${props.className ?? ''}`} data-theme={theme} data-kind={roomKind(props.roomKey)}
        lang={locale}
      >
        {/* By key: scroll place, draft and unread line belong to one chat. */}
        {ready ? <ChatBody key={props.roomKey} {...props} client={client} /> : <Skeleton />}
      </section>
    </TranslatorProvider>
  );
}

const NEW: Writing = { kind: 'new' };

function ChatBody(props: ChatPaneProps & { client: ChatClient }): ReactElement {
  const { client, roomKey, people, slots = {}, maxLength = CONTENT_CHARS_MAX } = props;
  const translator = useTranslator();
  const view = useRoom(roomKey, client);
  const myId = useMyId(client);
  const me = props.currentUserId ?? myId;
  const person = usePeople(client, people, view);
  useCallbacks(props, view);
  const [writing, setWriting] = useState<Writing>(NEW);
  const list = useRef<MessageListHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const pane = useRef<HTMLDivElement>(null);

  const others = people.filter(({ person: { id } }) => id !== me);
  const typing = [...view.room.typing.keys()].filter((id) => id !== me);
  const refused = view.room.phase === 'refused';
  const readOnly = whyReadOnly(roomKind(roomKey), view.room, props.readOnly === true, translator);
  const [dropping, setDropping] = useState(false);
  const mayDrop = !refused && readOnly === null && props.upload !== false;
  useEffect(() => {
    const element = pane.current;
    if (element === null || !mayDrop) return;
    return whenExtras(({ installFileDrop }) => installFileDrop(element, setDropping, (files) => composer.current?.addFiles(files)));
  }, [mayDrop]);
  const nameOf = useCallback((id: string): string => person(id).name, [person]);
  const Field = slots.Composer ?? Composer;
  return (
    <>
      {slots.Header !== undefined ? slots.Header : (
        <ConversationHeader
          client={client} others={others} status={view.room.status} typing={typing}
          start={slots.HeaderStart} end={slots.HeaderEnd}
        />
      )}
      {slots.BelowHeader}
      <ConnectionBar client={client} />
      <div className="chat-pane" data-phase={view.room.phase} ref={pane}>
        {isBare(view) ? (
          <Waiting client={client} roomKey={roomKey} view={view} />
        ) : (
          <MessageList
            client={client} roomKey={roomKey} view={view} me={me} person={person} showNames={others.length > 1}
            writable={readOnly === null} onWriting={setWriting} Row={slots.Message} handle={list} onError={props.onError}
            empty={slots.Empty ?? <EmptyChat readOnly={readOnly !== null} />}
          />
        )}
        {!refused && (
          <>
            <TypingIndicator names={typing.map(nameOf)} />
            <UnsentBar client={client} />
            <Field
              // Another text in the field: what was being written waits until editing is over.
              key={writing.kind === 'edit' ? writing.message.id : 'new'}
              client={client} roomKey={roomKey} maxLength={maxLength} readOnly={readOnly} writing={writing}
              onWriting={setWriting} onLastOwn={() => list.current?.openLastOwn()} upload={props.upload}
              onError={props.onError} handle={composer}
            />
          </>
        )}
        {dropping && <div className="chat-drop" aria-hidden="true">{translator.t('composer.drop')}</div>}
      </div>
      <NewsLog client={client} roomKey={roomKey} me={me} nameOf={nameOf} />
    </>
  );
}

function whyReadOnly(kind: RoomKind, room: RoomState, wished: boolean, { t }: Translator): string | null {
  if (wished) return t('composer.readOnly');
  if (kind === 'dispute') return room.status === 'closed' ? t('composer.closedDispute') : null;
  if (room.status === 'cancelled') return t('composer.closedOrder');
  return room.role === 'moderator' ? t('composer.moderator') : null;
}

/** Who an id is: by the props, else as the server introduced him, here or in another chat. */
function usePeople(client: ChatClient, people: ChatPaneProps['people'], view: RoomView): (userId: string) => Person {
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
    (id: string) => cache.get(id) ?? { id, name: client.state.users.get(id)?.name ?? '', role: null },
    [cache, client],
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
