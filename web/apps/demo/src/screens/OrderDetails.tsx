import { StatusChip, StatusTimeline, roomKey, useChatClient } from '@rozmova/react';
import { useState } from 'react';
import type { ReactElement } from 'react';
import { openDispute } from '../api';
import type { Person } from '../api';
import { ActionDialog } from '../components/ActionDialog';
import { Details, DetailsPerson, SecondWindow, money } from '../components/Details';
import { QueueIcon } from '../components/Icons';
import { Link } from '../components/Link';
import { disputePath, navigate, orderPath } from '../router';
import { useSettings } from '../settings';
import type { ListedOrder } from '../use-orders';
import { useProblem } from '../use-problem';

export default function OrderDetails(props: {
  order: ListedOrder; user: Person; open: boolean; onClose(): void; onChanged(): void;
}): ReactElement {
  const { order, user, open, onClose, onChanged } = props;
  const { translator } = useSettings();
  const { t } = translator;
  const other = order.client.id === user.id ? order.performer : order.client;
  return (
    <Details label={t('details.title')} caption={t('orders.number', { number: String(order.number) })} open={open} onClose={onClose}>
      <p className="details-title"><bdi>{order.title}</bdi></p>
      <StatusChip status={order.status} />
      {order.dispute !== null && (
        <Link to={disputePath(order.dispute.id)} className="dispute-link">
          <QueueIcon /><span>{t('disputes.goTo')}</span><StatusChip status={order.dispute.status} />
        </Link>
      )}
      <OrderActions order={order} onChanged={onChanged} />
      <dl>
        {order.amount !== null && (
          <div><dt>{t('details.amount')}</dt><dd>{money(order.amount, order.currency, translator.locale)}</dd></div>
        )}
        {order.deadlineAt !== null && (
          <div>
            <dt>{t('details.deadline')}</dt>
            <dd>
              <time dateTime={order.deadlineAt} title={translator.full(order.deadlineAt)}>{translator.day(order.deadlineAt)}</time>
              <small>{translator.relative(order.deadlineAt)}</small>
            </dd>
          </div>
        )}
        <div>
          <dt>{t('details.created')}</dt>
          <dd><time dateTime={order.createdAt} title={translator.full(order.createdAt)}>{translator.day(order.createdAt)}</time></dd>
        </div>
      </dl>
      <h3>{t('details.people')}</h3>
      <ul className="details-people">
        <DetailsPerson id={order.client.id} name={order.client.name} role="client" me={user.id} />
        <DetailsPerson id={order.performer.id} name={order.performer.name} role="performer" me={user.id} />
      </ul>
      <Timeline room={roomKey('order', order.id)} />
      <SecondWindow person={other} path={orderPath(order.id)} />
    </Details>
  );
}

export function Timeline({ room }: { room: ReturnType<typeof roomKey> }): ReactElement {
  const { translator: { t } } = useSettings();
  return (
    <div className="details-timeline">
      <h3>{t('details.history')}</h3>
      <StatusTimeline roomKey={room} />
    </div>
  );
}

/** What this reader may do next, as the server says: one main step, the rest quiet; what hurts asks first. */
function OrderActions({ order, onChanged }: { order: ListedOrder; onChanged(): void }): ReactElement | null {
  const client = useChatClient();
  const { translator: { t, has } } = useSettings();
  const [asking, setAsking] = useState<string | null>(null);
  const { problem, attempt } = useProblem();
  const room = roomKey('order', order.id);
  const label = (status: string): string => {
    const key = status === 'in_progress' && order.status === 'delivered' ? 'do.sendBack' : `do.${status}`;
    return has(key) ? t(key) : status;
  };
  const go = (status: string, note = ''): Promise<unknown> => client.setStatus(room, status, note).then(onChanged);
  const asks = (status: string): boolean =>
    status === 'cancelled' || status === 'delivered' || (status === 'in_progress' && order.status === 'delivered');
  if (order.transitions.length === 0 && !order.mayDispute) return null;
  return (
    <div className="actions">
      {order.transitions.map((status) => (
        <button
          key={status} type="button" className={status === 'cancelled' || label(status) === t('do.sendBack') ? 'button quiet' : 'button'}
          onClick={() => (asks(status) ? setAsking(status) : void attempt(go(status)))}
        >
          {label(status)}
        </button>
      ))}
      {order.mayDispute && (
        <button type="button" className="button dispute" onClick={() => setAsking('dispute')}><QueueIcon /> {t('do.dispute')}</button>
      )}
      {problem !== null && <p className="problem" role="alert">{problem}</p>}
      {asking === 'dispute' && (
        <ActionDialog
          title={t('do.dispute')} hint={t('do.disputeHint')} note={t('do.disputeReason')} required confirm={t('do.dispute')}
          onClose={() => setAsking(null)}
          onConfirm={async (reason) => {
            const id = await openDispute(client, order.id, reason);
            onChanged();
            navigate(disputePath(id));
          }}
        />
      )}
      {asking !== null && asking !== 'dispute' && (
        <ActionDialog
          title={label(asking)} note={t('do.note')} confirm={label(asking)} danger={asking === 'cancelled'}
          required={label(asking) === t('do.sendBack')} onClose={() => setAsking(null)} onConfirm={(note) => go(asking, note)}
        />
      )}
    </div>
  );
}
