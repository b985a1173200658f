import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { StringKey } from '../../i18n/strings';
import { roomKey } from '../../protocol/events';
import type { ChatMessage, NotificationEvent, RoomKey } from '../../protocol/types';
import { selectRoom } from '../../store/selectors';
import type { ChatState } from '../../store/state';
import { useChatClient, useTheme, useTranslator } from '../context';
import { useChatState } from '../use-chat-state';
import { BellIcon, CloseIcon } from './icons';
import { systemText } from './SystemRow';
import type { Texts } from './SystemRow';

const SHOWN_MS = 7_000;
const TOASTS_MAX = 3;
/** Right after it has connected, a device is told what has waited for it: that is no news, and stands in the list. */
const WAITED_MS = 1_500;

const selectLive = (state: ChatState): boolean => state.link.kind === 'live';

export interface Toast { readonly id: string; readonly name: string; readonly text: string; readonly room: RoomKey | null }

/**
 * What happens elsewhere: notifications of the server, and messages of joined chats other than the open one. A toast
 * goes by itself, unless somebody points at it.
 */
export function NotificationToaster(props: {
  client?: ChatClient; openRoom: RoomKey | null; onOpen(room: RoomKey): void;
  /** What a chat is about, where the application knows. */
  titleOf?: (room: RoomKey) => string | undefined;
}): ReactElement {
  const provided = useChatClient();
  const { client = provided, openRoom, onOpen, titleOf } = props;
  const translator = useTranslator();
  const { t } = translator;
  const theme = useTheme();
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [held, setHeld] = useState(false);
  const latest = useRef({ translator, openRoom });
  useEffect(() => {
    latest.current = { translator, openRoom };
  });
  const isLive = useChatState(client, selectLive);
  const liveSince = useRef(Infinity);
  useEffect(() => {
    liveSince.current = isLive ? Date.now() : Infinity;
  }, [isLive]);
  const box = useRef<HTMLElement>(null);
  const cameFrom = useRef<EventTarget | null>(null);
  // What goes while it is pointed at, or in focus, sends no event of that.
  const close = useCallback((id: string) => {
    setHeld(false);
    setToasts((all) => all.filter((one) => one.id !== id));
  }, []);
  const dismiss = (id: string, button: HTMLElement): void => {
    close(id);
    const next = [...box.current!.querySelectorAll<HTMLElement>('.chat-tool')].find((one) => one !== button) ?? cameFrom.current;
    if (next instanceof HTMLElement) next.focus();
  };

  useEffect(() => {
    const show = (toast: Toast): void => {
      if (toast.room !== null && toast.room === latest.current.openRoom && document.hasFocus()) return;
      // One toast a chat: the newest word replaces the one before.
      setToasts((all) => [...all.filter(({ id }) => id !== toast.id), toast].slice(-TOASTS_MAX));
    };
    const stop = [
      client.on('notification', (event) => {
        if (event.readAt === null && Date.now() - liveSince.current > WAITED_MS) show(toastOf(event, latest.current.translator));
      }),
      client.on('message', (message) => {
        const { state } = client;
        if (message.senderId === state.me?.id) return;
        show(toastOfMessage(message, client, latest.current.translator));
      }),
    ];
    return () => stop.forEach((one) => one());
  }, [client]);
  useEffect(() => {
    const [first] = toasts;
    if (first === undefined || held) return;
    const timer = setTimeout(() => close(first.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toasts, held, close]);

  const head = (name: string, room: RoomKey | null): string =>
    [name, room === null ? '' : titleOf?.(room)].filter(Boolean).join(' · ');
  return (
    // Pointing at a toast, or being in it, holds it; nothing is done by that.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      ref={box} className="chat-toasts chat-tokens" data-theme={theme} aria-label={t('notify.region')}
      onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}
      onFocus={({ relatedTarget }) => {
        if (!box.current!.contains(relatedTarget)) cameFrom.current = relatedTarget;
        setHeld(true);
      }}
      onBlur={() => setHeld(false)}
    >
      <div role="status">
        {toasts.map(({ id, name, text, room }) => (
          <div key={id} className="chat-toast">
            <BellIcon />
            <button
              type="button" className="chat-toast-main" disabled={room === null}
              onClick={() => {
                close(id);
                if (room !== null) onOpen(room);
              }}
            >
              {head(name, room) !== '' && <strong><bdi>{head(name, room)}</bdi></strong>}
              <span dir="auto">{text}</span>
            </button>
            <button type="button" className="chat-tool" aria-label={t('notify.close')} title={t('notify.close')} onClick={(event) => dismiss(id, event.currentTarget)}>
              <CloseIcon />
            </button>
          </div>
        ))}
      </div>
    </section>
  );
}

/** The chat that a notification tells of. */
export function roomOfNotification({ data }: NotificationEvent): RoomKey | null {
  const { disputeId, orderId } = data;
  if (typeof disputeId === 'string') return roomKey('dispute', disputeId);
  return typeof orderId === 'string' ? roomKey('order', orderId) : null;
}
/** What a notification says, in the reader's language where it is of a kind that we know; else in the server's words. */
export function notificationText({ type, content, data }: NotificationEvent, { t, has }: Texts): string {
  const { senderName, status } = data;
  if (typeof senderName === 'string') return t('notify.message', { name: senderName });
  const key = `change.${type.replace('_status', '')}.${String(status)}`;
  return has(key) ? t(key as StringKey) : content;
}
function toastOf(event: NotificationEvent, texts: Texts): Toast {
  const room = roomOfNotification(event);
  return { id: room ?? event.id, name: '', text: notificationText(event, texts), room };
}
function toastOfMessage(message: ChatMessage, client: ChatClient, translator: ReturnType<typeof useTranslator>): Toast {
  const room = selectRoom(client.state, message.room);
  const nameOf = (id: string): string => room.participants.get(id)?.name ?? client.state.users.get(id)?.name ?? '';
  const text = message.type === 'system'
    ? systemText(message, nameOf, translator)
    : message.content || message.attachments.map(({ fileName }) => fileName).join(', ');
  return { id: message.room, name: message.type === 'system' ? '' : nameOf(message.senderId), text, room: message.room };
}
