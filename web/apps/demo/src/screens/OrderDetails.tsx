import { Avatar, PresenceText, StatusChip, usePresence } from '@rozmova/react';
import type { Role } from '@rozmova/react';
import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import type { Person } from '../api';
import { CloseIcon, WindowIcon } from '../components/Icons';
import { orderPath } from '../router';
import { openWindow, windowOf } from '../session';
import { useSettings } from '../settings';
import type { ListedOrder } from '../use-orders';

/** Beside the chat on a wide screen; elsewhere a drawer that `open` shows. */
export function OrderDetails(props: {
  order: ListedOrder; user: Person; open: boolean; onClose(): void;
}): ReactElement {
  const { order, user, open, onClose } = props;
  const closeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const opener = document.activeElement;
    closeButton.current?.focus();
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') onClose();
    };
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('keydown', escape);
      if (opener instanceof HTMLElement) opener.focus();
    };
    // The callback is new at every render; only opening and closing move the focus.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [open]);
  const { translator } = useSettings();
  const { t } = translator;
  const other = order.client.id === user.id ? order.performer : order.client;
  const path = orderPath(order.id);
  return (
    <section className="pane-details" aria-label={t('details.title')}>
      <header>
        <h2>{t('orders.number', { number: String(order.number) })}</h2>
        <button ref={closeButton} type="button" className="icon-button only-drawer" onClick={onClose} aria-label={t('details.close')}><CloseIcon /></button>
      </header>
      <p className="details-title"><bdi>{order.title}</bdi></p>
      <StatusChip status={order.status} />
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
      <div className="second">
        <p>{t('details.secondHint')}</p>
        <a
          className="button quiet" href={windowOf(other.id, path)} target="_blank" rel="noopener"
          onClick={(event) => {
            event.preventDefault();
            openWindow(other.id, path);
          }}
        >
          <WindowIcon /> {t('details.openAs', { name: other.name })}
        </a>
      </div>
    </section>
  );
}

function DetailsPerson({ id, name, role, me }: { id: string; name: string; role: Role; me: string }): ReactElement {
  const { translator: { t } } = useSettings();
  const presence = usePresence(id);
  return (
    <li>
      <Avatar id={id} name={name} />
      <span>
        <strong><bdi>{name}</bdi></strong>
        <span>{t(`role.${role}`)} · {id === me ? t('details.you') : <PresenceText user={presence} />}</span>
      </span>
    </li>
  );
}

function money(amount: number, currency: string | null, locale: string): string {
  const whole = Number.isInteger(amount) ? { maximumFractionDigits: 0 } : {};
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency', currency: currency ?? 'UAH', currencyDisplay: 'narrowSymbol', ...whole,
    }).format(amount);
  } catch {
    return `${amount} ${currency ?? ''}`;
  }
}
