import { Avatar, PresenceDot, StatusChip, usePresence } from '@rozmova/react';
import { useState } from 'react';
import type { ReactElement } from 'react';
import type { Person } from '../api';
import { Logo, PlusIcon, SearchIcon } from '../components/Icons';
import { Menu } from '../components/Menu';
import { navigate, orderPath } from '../router';
import { useSettings } from '../settings';
import type { ListedOrder, Orders } from '../use-orders';

export function OrderList(props: {
  list: Orders; user: Person; openId: string | null; onNew(): void; onSignOut(): void;
}): ReactElement {
  const { list, user, openId, onNew, onSignOut } = props;
  const { translator: { t } } = useSettings();
  const [query, setQuery] = useState('');
  const [unreadOnly, setUnreadOnly] = useState(false);
  const shown = list.orders?.filter((order) => matches(order, query) && (!unreadOnly || order.unread > 0));
  return (
    <nav className="pane-list" aria-label={t('orders.title')}>
      <header className="list-head">
        <Logo />
        <strong>{t('app.name')}</strong>
        {user.role === 'client' && (
          <button type="button" className="icon-button accent" onClick={onNew} aria-label={t('orders.new')} title={t('orders.new')}>
            <PlusIcon />
          </button>
        )}
      </header>
      <div className="list-tools">
        <label className="search">
          <SearchIcon />
          <input
            type="search" value={query} placeholder={t('orders.search')} aria-label={t('orders.search')}
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        <div className="tabs" role="group" aria-label={t('orders.title')}>
          <button type="button" aria-pressed={!unreadOnly} onClick={() => setUnreadOnly(false)}>{t('orders.all')}</button>
          <button type="button" aria-pressed={unreadOnly} onClick={() => setUnreadOnly(true)}>{t('orders.unread')}</button>
        </div>
      </div>
      <div className="list-body">
        {shown === undefined || shown.length === 0 ? (
          <ListNotice list={list} filtered={query !== ''} unreadOnly={unreadOnly} />
        ) : (
          <ul>
            {shown.map((order) => (
              <li key={order.id}><OrderRow order={order} me={user.id} open={order.id === openId} /></li>
            ))}
          </ul>
        )}
      </div>
      <Menu user={user} onSignOut={onSignOut} />
    </nav>
  );
}

function OrderRow({ order, me, open }: { order: ListedOrder; me: string; open: boolean }): ReactElement {
  const { translator } = useSettings();
  const { t } = translator;
  const other = order.client.id === me ? order.performer : order.client;
  const presence = usePresence(other.id);
  const at = order.lastMessage?.createdAt ?? order.createdAt;
  return (
    <a
      className="order-row" href={orderPath(order.id)} aria-current={open ? 'page' : undefined} data-unread={order.unread > 0}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(orderPath(order.id));
      }}
    >
      <span className="chat-avatar-box">
        <Avatar id={other.id} name={other.name} />
        <PresenceDot user={presence} />
      </span>
      <span className="order-row-text">
        <span className="order-row-line">
          <strong><bdi>{order.title}</bdi></strong>
          <time dateTime={at}>{translator.isToday(at) ? translator.time(at) : translator.day(at)}</time>
        </span>
        <span className="order-row-line">
          <span className="order-row-last" data-typing={order.typing} dir="auto">{lastLine(order, me, t)}</span>
          {order.unread > 0 && (
            <span className="unread">
              <span aria-hidden="true">{order.unread > 99 ? '99+' : order.unread}</span>
              <span className="chat-hidden">{t('orders.unreadCount', { count: order.unread })}</span>
            </span>
          )}
        </span>
        <span className="order-row-line">
          <span className="order-row-who">{t('orders.number', { number: String(order.number) })} · <bdi>{other.name}</bdi></span>
          <StatusChip status={order.status} />
        </span>
      </span>
    </a>
  );
}

function lastLine(order: ListedOrder, me: string, t: ReturnType<typeof useSettings>['translator']['t']): string {
  if (order.typing) return t('typing.short');
  const last = order.lastMessage;
  if (last === null) return t('orders.noMessages');
  if (last.deletedAt !== null) return t('message.deleted');
  const text = last.content || last.attachments[0]?.fileName || '';
  return last.senderId === me && last.type !== 'system' ? t('orders.you', { text }) : text;
}

function ListNotice(props: { list: Orders; filtered: boolean; unreadOnly: boolean }): ReactElement {
  const { list, filtered, unreadOnly } = props;
  const { translator: { t } } = useSettings();
  if (list.orders === null && list.failed) {
    return (
      <div className="list-notice" role="alert">
        <p>{t('orders.failed')}</p>
        <button type="button" className="button quiet" onClick={list.reload}>{t('action.retry')}</button>
      </div>
    );
  }
  if (list.orders === null) {
    return (
      <div className="list-skeleton" role="status">
        <span className="chat-hidden">{t('orders.loading')}</span><i /><i /><i />
      </div>
    );
  }
  if (filtered) return <div className="list-notice"><p>{t('orders.notFound')}</p></div>;
  if (unreadOnly) return <div className="list-notice"><p>{t('orders.noUnread')}</p></div>;
  return <div className="list-notice"><strong>{t('orders.none')}</strong><p>{t('orders.noneHint')}</p></div>;
}

function matches(order: ListedOrder, query: string): boolean {
  const text = `${order.number} ${order.title} ${order.client.name} ${order.performer.name}`.toLocaleLowerCase();
  return query.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}
