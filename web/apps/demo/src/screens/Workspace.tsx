import OrderChat from '@/components/OrderChat';
import type { ChatClient } from '@rozmova/react';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { Person } from '../api';
import { BackIcon, ChevronIcon } from '../components/Icons';
import { navigate, orderIdOf, orderPath, usePath } from '../router';
import { useSettings } from '../settings';
import { useOrders } from '../use-orders';
import type { ListedOrder } from '../use-orders';
import { NewOrder } from './NewOrder';
import { OrderDetails } from './OrderDetails';
import { OrderList } from './OrderList';

const WIDE = '(min-width: 720px)';

/** List, chat, details: three panes on a wide screen, one at a time on a phone. */
export function Workspace(props: { client: ChatClient; user: Person; onSignOut(): void }): ReactElement {
  const { client, user, onSignOut } = props;
  const { translator: { t } } = useSettings();
  const path = usePath();
  const list = useOrders(client, user.id);
  const [creating, setCreating] = useState(false);
  const [details, setDetails] = useState(false);
  const openId = orderIdOf(path);
  const order = list.orders?.find(({ id }) => id === openId) ?? null;
  const unread = list.orders?.reduce((sum, one) => sum + one.unread, 0) ?? 0;

  // Where both fit side by side, an empty right half helps nobody.
  const firstId = list.orders?.[0]?.id;
  useEffect(() => {
    if (openId === null && firstId !== undefined && matchMedia(WIDE).matches) navigate(orderPath(firstId), 'replace');
  }, [openId, firstId]);
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${t('app.name')}`;
  }, [unread, t]);

  return (
    <main className="workspace" data-open={openId !== null} data-details={details}>
      <h1 className="chat-hidden">{order === null ? t('orders.title') : order.title}</h1>
      <OrderList list={list} user={user} openId={openId} onNew={() => setCreating(true)} onSignOut={onSignOut} />
      <div className="pane-chat">
        {openId === null ? (
          <div className="blank"><h2>{t('orders.pick')}</h2><p>{t('orders.pickHint')}</p></div>
        ) : (
          <OpenOrder orderId={openId} order={order} loading={list.orders === null} onDetails={() => setDetails(!details)} />
        )}
      </div>
      {order !== null && <OrderDetails order={order} user={user} open={details} onClose={() => setDetails(false)} />}
      {creating && (
        <NewOrder
          client={client} user={user} onClose={() => setCreating(false)}
          onCreated={(id) => {
            setCreating(false);
            list.reload();
            navigate(orderPath(id));
          }}
        />
      )}
    </main>
  );
}

function OpenOrder(props: {
  orderId: string; order: ListedOrder | null; loading: boolean; onDetails(): void;
}): ReactElement {
  const { orderId, order, loading, onDetails } = props;
  const { translator: { t } } = useSettings();
  const back = (
    <button type="button" className="icon-button only-narrow" onClick={() => navigate('/')} aria-label={t('orders.back')}>
      <BackIcon />
    </button>
  );
  if (order === null) {
    // A stranger's order is not in the list; the chat itself says so.
    return loading ? <div className="blank" /> : (
      <OrderChat
        orderId={orderId} participants={{ client: { id: '', name: '' }, performer: { id: '', name: '' } }}
        slots={{ Header: <header className="chat-header">{back}<strong>{t('orders.title')}</strong></header> }}
      />
    );
  }
  const strip = (
    <button type="button" className="order-strip" onClick={onDetails}>
      <span className="chat-hidden">{t('details.show')}: </span>
      <span className="order-strip-text">
        {t('orders.number', { number: String(order.number) })} · <bdi>{order.title}</bdi>
      </span>
      <ChevronIcon />
    </button>
  );
  return (
    <OrderChat
      orderId={orderId} participants={{ client: order.client, performer: order.performer }}
      slots={{ HeaderStart: back, BelowHeader: strip }}
    />
  );
}
