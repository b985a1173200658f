import DisputeChat from '@/components/DisputeChat';
import OrderChat from '@/components/OrderChat';
import { NotificationToaster, roomKey, useChatState } from '@rozmova/react';
import type { ChatClient, ChatState } from '@rozmova/react';
import { Suspense, lazy, useCallback, useEffect, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { fetchDispute } from '../api';
import type { Dispute, Person } from '../api';
import { pathOfRoom } from '../components/Bell';
import { BackIcon, ChevronIcon } from '../components/Icons';
import { QUEUE_PATH, navigate, orderPath, placeOf, usePath } from '../router';
import type { Place } from '../router';
import { useSettings } from '../settings';
import { useLists } from '../use-orders';
import type { Lists, ListedDispute, ListedOrder } from '../use-orders';
import { OrderList } from './OrderList';

const OrderDetails = lazy(() => import('./OrderDetails'));
const DisputeDetails = lazy(() => import('./DisputeDetails'));
const NewOrder = lazy(() => import('./NewOrder'));
const ModeratorQueue = lazy(() => import('./ModeratorQueue'));
const AdminMonitor = lazy(() => import('./AdminMonitor'));

const WIDE = '(min-width: 720px)';
const selectEnded = (state: ChatState): boolean => state.link.kind === 'auth-failed';

/** List, chat, details: three panes on a wide screen, one at a time on a phone. */
export function Workspace(props: { client: ChatClient; user: Person; onSignOut(): void }): ReactElement {
  const { client, user, onSignOut } = props;
  const { translator: { t } } = useSettings();
  const place = placeOf(usePath());
  const lists = useLists(client, user.id);
  const [creating, setCreating] = useState(false);
  const [details, setDetails] = useState(false);
  const order = place.kind === 'order' ? (lists.orders?.find(({ id }) => id === place.id) ?? null) : null;
  const dispute = useDispute(client, lists, place);
  const unread = [...(lists.orders ?? []), ...(lists.disputes ?? [])].reduce((sum, one) => sum + one.unread, 0);

  // Where both fit side by side, an empty right half helps nobody.
  const first = user.role === 'moderator' ? QUEUE_PATH : lists.orders?.[0] === undefined ? null : orderPath(lists.orders[0].id);
  useEffect(() => {
    if (place.kind === 'none' && first !== null && matchMedia(WIDE).matches) navigate(first, 'replace');
  }, [place.kind, first]);
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${t('app.name')}`;
  }, [unread, t]);
  const ended = useChatState(client, selectEnded);
  useEffect(() => {
    if (ended) onSignOut();
  }, [ended, onSignOut]);
  useStepKeys(lists, place);

  const openRoom = place.kind === 'order' || place.kind === 'dispute' ? roomKey(place.kind, place.id) : null;
  const onOpen = useCallback((room: string) => navigate(pathOfRoom(room)), []);
  const close = (): void => setDetails(false);
  const toggle = (): void => setDetails(!details);
  const heading = order?.title ?? dispute?.order.title ?? t('orders.title');
  return (
    <main className="workspace" data-open={place.kind !== 'none'} data-details={details}>
      <h1 className="chat-hidden">{heading}</h1>
      <OrderList lists={lists} user={user} place={place} onNew={() => setCreating(true)} onSignOut={onSignOut} />
      <div className="pane-chat">
        {place.kind === 'none' && <div className="blank"><h2>{t('orders.pick')}</h2><p>{t('orders.pickHint')}</p></div>}
        {place.kind === 'order' && <OpenOrder id={place.id} order={order} loading={lists.orders === null} onDetails={toggle} />}
        {place.kind === 'dispute' && <OpenDispute id={place.id} dispute={dispute} loading={lists.disputes === null} onDetails={toggle} />}
        <Suspense fallback={<div className="blank" />}>
          {place.kind === 'queue' && <ModeratorQueue client={client} user={user} back={<Back />} />}
          {place.kind === 'monitor' && <AdminMonitor client={client} back={<Back />} />}
        </Suspense>
      </div>
      <Suspense fallback={order === null && dispute === null ? null : <section className="pane-details" aria-hidden="true" />}>
        {order !== null && <OrderDetails order={order} user={user} open={details} onClose={close} onChanged={lists.reload} />}
        {dispute !== null && <DisputeDetails dispute={dispute} user={user} open={details} onClose={close} onChanged={lists.reload} />}
        {creating && (
          <NewOrder
            client={client} user={user} onClose={() => setCreating(false)}
            onCreated={(id) => {
              setCreating(false);
              lists.reload();
              navigate(orderPath(id));
            }}
          />
        )}
      </Suspense>
      <NotificationToaster openRoom={openRoom} onOpen={onOpen} titleOf={lists.titleOf} />
    </main>
  );
}

/** From the list; one that is not there (an old one, or of others) is asked for by itself. */
function useDispute(client: ChatClient, lists: Lists, place: Place): ListedDispute | null {
  const id = place.kind === 'dispute' ? place.id : null;
  const listed = id === null ? null : (lists.disputes?.find((one) => one.id === id) ?? null);
  const [fetched, setFetched] = useState<Dispute | null>(null);
  const missing = id !== null && lists.disputes !== null && listed === null;
  useEffect(() => {
    if (!missing || id === null) return;
    let current = true;
    fetchDispute(client, id).then((found) => current && setFetched(found), () => {});
    return () => {
      current = false;
    };
  }, [client, id, missing]);
  return listed ?? (fetched !== null && fetched.id === id ? { ...fetched, typing: false } : null);
}

/** Alt and an arrow: the conversation before or after. F6: from pane to pane. */
function useStepKeys(lists: Lists, place: Place): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'F6') {
        event.preventDefault();
        const panes = ['.pane-list .order-row[aria-current], .pane-list a, .pane-list button', '.chat-viewport', '.chat-input', '.pane-details button, .pane-details a'];
        const stops = panes.map((one) => document.querySelector<HTMLElement>(one)).filter((one) => one !== null && one.offsetParent !== null);
        const here = stops.findIndex((one) => one === document.activeElement);
        stops[(here + (event.shiftKey ? stops.length - 1 : 1)) % stops.length]?.focus();
        return;
      }
      if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') || place.kind !== 'order') return;
      const all = lists.orders ?? [];
      const next = all[all.findIndex(({ id }) => id === place.id) + (event.key === 'ArrowUp' ? -1 : 1)];
      if (next === undefined) return;
      event.preventDefault();
      navigate(orderPath(next.id));
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [lists, place]);
}

function Back(): ReactElement {
  const { translator: { t } } = useSettings();
  return (
    <button type="button" className="icon-button only-narrow" onClick={() => navigate('/')} aria-label={t('orders.back')}>
      <BackIcon />
    </button>
  );
}

function Strip(props: { dispute?: boolean; onDetails(): void; children: ReactNode }): ReactElement {
  const { translator: { t } } = useSettings();
  return (
    <button type="button" className="order-strip" data-dispute={props.dispute} onClick={props.onDetails}>
      <span className="chat-hidden">{t('details.show')}: </span>
      <span className="order-strip-text">{props.children}</span>
      <ChevronIcon />
    </button>
  );
}

const NOBODY = { id: '', name: '' };
function useBareHeader(): ReactElement {
  const { translator: { t } } = useSettings();
  return <header className="chat-header"><Back /><strong>{t('orders.title')}</strong></header>;
}

function OpenOrder(props: { id: string; order: ListedOrder | null; loading: boolean; onDetails(): void }): ReactElement {
  const { id, order, loading, onDetails } = props;
  const { translator: { t } } = useSettings();
  const bare = useBareHeader();
  // A stranger's order is not in the list; the chat itself says so.
  if (order === null) {
    return loading ? <div className="blank" /> : (
      <OrderChat orderId={id} participants={{ client: NOBODY, performer: NOBODY }} slots={{ Header: bare }} />
    );
  }
  return (
    <OrderChat
      orderId={id} participants={{ client: order.client, performer: order.performer }}
      slots={{
        HeaderStart: <Back />,
        BelowHeader: (
          <Strip onDetails={onDetails}>{t('orders.number', { number: String(order.number) })} · <bdi>{order.title}</bdi></Strip>
        ),
      }}
    />
  );
}

function OpenDispute(props: { id: string; dispute: ListedDispute | null; loading: boolean; onDetails(): void }): ReactElement {
  const { id, dispute, loading, onDetails } = props;
  const { translator } = useSettings();
  const { t } = translator;
  const bare = useBareHeader();
  if (dispute === null) {
    return loading ? <div className="blank" /> : (
      <DisputeChat disputeId={id} orderId="" participants={{ client: NOBODY, performer: NOBODY }} slots={{ Header: bare }} />
    );
  }
  const { order, client, performer, moderator, createdAt } = dispute;
  const opened = `${translator.day(createdAt)}, ${translator.time(createdAt)}`;
  return (
    <DisputeChat
      disputeId={id} orderId={order.id}
      participants={{ client, performer, ...(moderator === null ? {} : { moderator }) }}
      slots={{
        HeaderStart: <Back />,
        BelowHeader: (
          <>
            <p className="chat-strip">{t('disputes.strip', { when: opened })}</p>
            <Strip dispute onDetails={onDetails}>{t('orders.number', { number: String(order.number) })} · <bdi>{order.title}</bdi></Strip>
          </>
        ),
      }}
    />
  );
}
