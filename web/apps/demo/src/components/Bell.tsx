import { notificationText, roomOfNotification, useNotifications } from '@rozmova/react';
import type { NotificationEvent } from '@rozmova/react';
import type { ReactElement } from 'react';
import { disputePath, navigate, orderPath } from '../router';
import { useSettings } from '../settings';
import { BellIcon } from './Icons';
import { usePopover } from './use-popover';

export function pathOfRoom(room: string): string {
  const id = room.slice(room.indexOf(':') + 1);
  return room.startsWith('dispute:') ? disputePath(id) : orderPath(id);
}

/** Notifications, new and old; opening the list reads nothing by itself, a look at each one does. */
export function Bell({ titleOf }: { titleOf(room: string): string | undefined }): ReactElement {
  const { translator } = useSettings();
  const { t } = translator;
  const { notifications, read } = useNotifications();
  const { open, setOpen, box, button } = usePopover();
  const unread = notifications.filter(({ readAt }) => readAt === null).length;
  const follow = (one: NotificationEvent): void => {
    read([one.id]).catch(() => {});
    const room = roomOfNotification(one);
    if (room === null) return;
    setOpen(false);
    navigate(pathOfRoom(room));
  };
  const label = unread === 0 ? t('bell.open') : t('bell.unread', { count: unread });
  return (
    <div className="bell" ref={box}>
      <button
        ref={button} type="button" className="icon-button" aria-expanded={open} aria-label={label} title={label}
        onClick={() => setOpen(!open)}
      >
        <BellIcon />
        {unread > 0 && <span className="bell-count" aria-hidden="true">{unread > 9 ? '9+' : unread}</span>}
      </button>
      {open && (
        <div className="bell-list" role="group" aria-label={t('bell.title')}>
          <header>
            <h2>{t('bell.title')}</h2>
            {unread > 0 && <button type="button" className="text-button" onClick={() => void read()}>{t('bell.readAll')}</button>}
          </header>
          {notifications.length === 0 ? <p className="hint">{t('bell.none')}</p> : (
            <ul>
              {notifications.map((one) => (
                <li key={one.id}>
                  <button type="button" data-unread={one.readAt === null} onClick={() => follow(one)}>
                    <span dir="auto">{notificationText(one, translator)}</span>
                    <About title={titleOf(roomOfNotification(one) ?? '')} />
                    <small>
                      {one.readAt === null && <span className="chat-hidden">{t('bell.new')} · </span>}
                      <time dateTime={one.createdAt} title={translator.full(one.createdAt)}>{translator.relative(one.createdAt)}</time>
                    </small>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </div>
  );
}

function About({ title }: { title: string | undefined }): ReactElement | null {
  return title === undefined ? null : <small className="bell-about"><bdi>{title}</bdi></small>;
}
