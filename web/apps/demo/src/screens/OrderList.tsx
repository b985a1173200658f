import { Avatar, PresenceDot, StatusChip, systemText, usePresence } from '@rozmova/react';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import type { Person } from '../api';
import { Bell } from '../components/Bell';
import { Logo, PlusIcon, QueueIcon, PulseIcon, SearchIcon } from '../components/Icons';
import { Link } from '../components/Link';
import { Menu } from '../components/Menu';
import { MONITOR_PATH, QUEUE_PATH, disputePath, orderPath } from '../router';
import type { Place } from '../router';
import { useSettings } from '../settings';
import type { ListedDispute, ListedOrder, Lists } from '../use-orders';

type Tab = 'orders' | 'disputes' | 'unread';
const TABS: readonly Tab[] = ['orders', 'disputes', 'unread'];

export function OrderList(props: {
  lists: Lists; user: Person; place: Place; onNew(): void; onSignOut(): void;
}): ReactElement {
  const { lists, user, place, onNew, onSignOut } = props;
  const { translator: { t } } = useSettings();
  const [query, setQuery] = useState('');
  const [tab, setTab] = useState<Tab>(() => (place.kind === 'dispute' || user.role === 'moderator' ? 'disputes' : 'orders'));
  // Who goes over to the dispute of an order looks for it among the disputes.
  const [followed, setFollowed] = useState(place.kind);
  if (followed !== place.kind) {
    setFollowed(place.kind);
    if (tab !== 'unread' && (place.kind === 'order' || place.kind === 'dispute')) setTab(`${place.kind}s`);
  }
  const search = useRef<HTMLInputElement>(null);
  useSearchKey(search);

  const orders = (lists.orders ?? []).filter((one) => matches(one, one.number, one.title, query));
  const disputes = (lists.disputes ?? []).filter((one) => matches(one, one.order.number, one.order.title, query));
  const unread = (one: { unread: number }): boolean => one.unread > 0;
  const rows: ReactNode[] = [
    ...(tab === 'disputes' ? [] : orders.filter((one) => tab === 'orders' || unread(one)).map((order) => (
      <OrderRow key={order.id} order={order} me={user.id} open={place.kind === 'order' && place.id === order.id} />
    ))),
    ...(tab === 'orders' ? [] : disputes.filter((one) => tab === 'disputes' || unread(one)).map((dispute) => (
      <DisputeRow key={dispute.id} dispute={dispute} me={user.id} open={place.kind === 'dispute' && place.id === dispute.id} />
    ))),
  ];
  const waiting = (all: readonly { unread: number }[] | null): number => all?.filter(unread).length ?? 0;
  const counts: Record<Tab, number> = {
    orders: waiting(lists.orders), disputes: waiting(lists.disputes), unread: waiting(lists.orders) + waiting(lists.disputes),
  };
  const official = user.role === 'moderator' || user.role === 'admin';
  return (
    <nav className="pane-list" aria-label={t('orders.title')}>
      <header className="list-head">
        <Logo />
        <strong>{t('app.name')}</strong>
        <Bell titleOf={lists.titleOf} />
        {user.role === 'client' && (
          <button type="button" className="icon-button accent" onClick={onNew} aria-label={t('orders.new')} title={t('orders.new')}>
            <PlusIcon />
          </button>
        )}
      </header>
      {official && (
        <div className="list-links">
          <Link to={QUEUE_PATH} current={place.kind === 'queue'}><QueueIcon /> {t('queue.title')}</Link>
          {user.role === 'admin' && <Link to={MONITOR_PATH} current={place.kind === 'monitor'}><PulseIcon /> {t('monitor.title')}</Link>}
        </div>
      )}
      <div className="list-tools">
        <label className="search">
          <SearchIcon />
          <input
            ref={search} type="search" value={query} placeholder={t('orders.search')} aria-label={t('orders.search')}
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        <div className="tabs" role="group" aria-label={t('orders.show')}>
          {TABS.map((one) => (
            <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>
              {t(`tab.${one}`)}
              {counts[one] > 0 && one !== 'orders' && <span className="tab-count" aria-hidden="true">{counts[one]}</span>}
            </button>
          ))}
        </div>
      </div>
      <div className="list-body">
        {rows.length === 0
          ? <ListNotice lists={lists} filtered={query !== ''} tab={tab} />
          : <ul>{rows}</ul>}
      </div>
      <Menu user={user} onSignOut={onSignOut} />
    </nav>
  );
}

/** "/" goes to the search, unless somebody is writing. */
function useSearchKey(search: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const writing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select, [contenteditable]');
      if (event.key !== '/' || writing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [search]);
}

function OrderRow({ order, me, open }: { order: ListedOrder; me: string; open: boolean }): ReactElement {
  const { translator: { t } } = useSettings();
  const other = order.client.id === me ? order.performer : order.client;
  return (
    <Row one={order} to={orderPath(order.id)} title={order.title} number={order.number} person={other} me={me} open={open}>
      <StatusChip status={order.status} />
      {order.dispute !== null && order.status !== 'disputed' && order.dispute.status !== 'closed' && (
        <span className="chat-hidden">{t('disputes.has')}</span>
      )}
    </Row>
  );
}

function DisputeRow({ dispute, me, open }: { dispute: ListedDispute; me: string; open: boolean }): ReactElement {
  const { order, client, performer, status } = dispute;
  const person = client.id === me ? performer : client;
  return (
    <Row one={dispute} to={disputePath(dispute.id)} title={order.title} number={order.number} person={person} me={me} open={open} dispute>
      <StatusChip status={status} />
    </Row>
  );
}

function Row(props: {
  one: ListedOrder | ListedDispute; to: string; title: string; number: number; person: { id: string; name: string };
  me: string; open: boolean; dispute?: boolean; children: ReactNode;
}): ReactElement {
  const { one, to, title, number, person, me, open, dispute = false, children } = props;
  const { translator } = useSettings();
  const { t } = translator;
  const presence = usePresence(person.id);
  const at = one.lastMessage?.createdAt ?? one.createdAt;
  return (
    <li>
      <Link to={to} current={open} className="order-row" unread={one.unread > 0} dispute={dispute}>
        <span className="chat-avatar-box">
          <Avatar id={person.id} name={person.name} />
          <PresenceDot user={presence} />
        </span>
        <span className="order-row-text">
          <span className="order-row-line">
            <strong><bdi>{title}</bdi></strong>
            <time dateTime={at}>{translator.isToday(at) ? translator.time(at) : translator.day(at)}</time>
          </span>
          <span className="order-row-line">
            <span className="order-row-last" data-typing={one.typing} dir="auto">{useLastLine(one, me)}</span>
            {one.unread > 0 && (
              <span className="unread">
                <span aria-hidden="true">{one.unread > 99 ? '99+' : one.unread}</span>
                <span className="chat-hidden">{t('orders.unreadCount', { count: one.unread })}</span>
              </span>
            )}
          </span>
          <span className="order-row-line">
            <span className="order-row-who">{t('orders.number', { number: String(number) })} · <bdi>{person.name}</bdi></span>
            {children}
          </span>
        </span>
      </Link>
    </li>
  );
}

function useLastLine(one: ListedOrder | ListedDispute, me: string): string {
  const { translator } = useSettings();
  const { t } = translator;
  if (one.typing) return t('typing.short');
  const last = one.lastMessage;
  if (last === null) return t('orders.noMessages');
  if (last.deletedAt !== null) return t('message.deleted');
  const people = [one.client, one.performer, ...('moderator' in one && one.moderator !== null ? [one.moderator] : [])];
  if (last.type === 'system') return systemText(last, (id) => people.find((person) => person.id === id)?.name ?? '', translator);
  const text = last.content || last.attachments[0]?.fileName || '';
  return last.senderId === me ? t('orders.you', { text }) : text;
}

function ListNotice({ lists, filtered, tab }: { lists: Lists; filtered: boolean; tab: Tab }): ReactElement {
  const { translator: { t } } = useSettings();
  if (lists.orders === null && lists.failed) {
    return (
      <div className="list-notice" role="alert">
        <p>{t('orders.failed')}</p>
        <button type="button" className="button quiet" onClick={lists.reload}>{t('action.retry')}</button>
      </div>
    );
  }
  if (lists.orders === null) {
    return (
      <div className="list-skeleton" role="status">
        <span className="chat-hidden">{t('orders.loading')}</span><i /><i /><i />
      </div>
    );
  }
  if (filtered) return <div className="list-notice"><p>{t('orders.notFound')}</p></div>;
  if (tab === 'unread') return <div className="list-notice"><p>{t('orders.noUnread')}</p></div>;
  if (tab === 'disputes') return <div className="list-notice"><strong>{t('disputes.none')}</strong><p>{t('disputes.noneHint')}</p></div>;
  return <div className="list-notice"><strong>{t('orders.none')}</strong><p>{t('orders.noneHint')}</p></div>;
}

function matches(one: ListedOrder | ListedDispute, number: number, title: string, query: string): boolean {
  const text = `${number} ${title} ${one.client.name} ${one.performer.name}`.toLocaleLowerCase();
  return query.toLocaleLowerCase().split(/\s+/).every((word) => text.includes(word));
}
