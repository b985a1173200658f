import { StatusChip } from '@rozmova/react';
import type { ChatClient } from '@rozmova/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { assignDispute, fetchDisputes } from '../api';
import type { Dispute, Person } from '../api';
import { Link } from '../components/Link';
import { disputePath } from '../router';
import { useSettings } from '../settings';
import { useProblem } from '../use-problem';

const REFRESH_MS = 10_000;
const HINT_MS = 250;
const WAITING = 'open,under_review';

/** Disputes that wait for a decision. Rows change in place; new ones wait behind a button, so that nothing jumps. */
export default function ModeratorQueue({ client, user, back }: { client: ChatClient; user: Person; back: ReactNode }): ReactElement {
  const { translator } = useSettings();
  const { t } = translator;
  const { shown, fresh, failed, showFresh, reload } = useQueue(client);
  const { problem, attempt } = useProblem();
  const act = (work: Promise<unknown>): void => void attempt(work.then(reload));
  return (
    <section className="board" aria-label={t('queue.title')}>
      <header className="board-head">{back}<h2>{t('queue.title')}</h2>
        {fresh > 0 && <button type="button" className="pill" onClick={showFresh}>{t('queue.fresh', { count: fresh })}</button>}
      </header>
      {problem !== null && <p className="problem" role="alert">{problem}</p>}
      {shown === null && failed && (
        <div className="list-notice" role="alert">
          <p>{t('orders.failed')}</p>
          <button type="button" className="button quiet" onClick={reload}>{t('action.retry')}</button>
        </div>
      )}
      {shown?.length === 0 && <div className="list-notice"><strong>{t('queue.none')}</strong><p>{t('queue.noneHint')}</p></div>}
      {shown !== null && shown.length > 0 && (
        <div className="board-scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('queue.order')}</th><th scope="col">{t('details.people')}</th><th scope="col">{t('queue.age')}</th>
                <th scope="col">{t('queue.state')}</th><th scope="col">{t('role.moderator')}</th>
                <th scope="col"><span className="chat-hidden">{t('queue.actions')}</span></th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.id}>
                  <th scope="row" data-label={t('queue.order')}>
                    <Link to={disputePath(one.id)}>{t('orders.number', { number: String(one.order.number) })} · <bdi>{one.order.title}</bdi></Link>
                    <small dir="auto">{one.reason}</small>
                  </th>
                  <td data-label={t('details.people')}><bdi>{one.client.name}</bdi><br /><bdi>{one.performer.name}</bdi></td>
                  <td data-label={t('queue.age')}><time dateTime={one.createdAt} title={translator.full(one.createdAt)}>{translator.relative(one.createdAt)}</time></td>
                  <td data-label={t('queue.state')}>
                    <StatusChip status={one.status} />
                    {one.unread > 0 && <span className="unread"><span className="chat-hidden">{t('orders.unreadCount', { count: one.unread })}</span><span aria-hidden="true">{one.unread}</span></span>}
                  </td>
                  <td data-label={t('role.moderator')}>{one.moderator === null ? <em>{t('queue.nobody')}</em> : <bdi>{one.moderator.name}</bdi>}</td>
                  <td className="board-actions">
                    {one.moderator === null && <button type="button" className="button small" onClick={() => act(assignDispute(client, one.id))}>{t('decide.claim')}</button>}
                    {one.moderator?.id === user.id && <button type="button" className="button quiet small" onClick={() => act(assignDispute(client, one.id, null))}>{t('decide.release')}</button>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function useQueue(client: ChatClient): {
  shown: readonly Dispute[] | null; fresh: number; failed: boolean; showFresh(): void; reload(): void;
} {
  const [all, setAll] = useState<readonly Dispute[] | null>(null);
  const [known, setKnown] = useState<ReadonlySet<string> | null>(null);
  const [failed, setFailed] = useState(false);
  const reload = useCallback(() => {
    fetchDisputes(client, WAITING).then(
      (found) => {
        // Who waits longest comes first.
        setAll(found.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt)));
        setKnown((before) => before ?? new Set(found.map(({ id }) => id)));
        setFailed(false);
      },
      () => setFailed(true),
    );
  }, [client]);
  const hinted = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    reload();
    const hint = (): void => {
      hinted.current ??= setTimeout(() => {
        hinted.current = null;
        reload();
      }, HINT_MS);
    };
    const stop = [client.on('status', hint), client.on('assignment', hint), client.on('notification', hint)];
    const timer = setInterval(reload, REFRESH_MS);
    return () => {
      stop.forEach((one) => one());
      clearInterval(timer);
      if (hinted.current !== null) clearTimeout(hinted.current);
      hinted.current = null;
    };
  }, [client, reload]);
  const fresh = all?.filter(({ id }) => known?.has(id) === false).length ?? 0;
  return {
    shown: all?.filter(({ id }) => known?.has(id) !== false) ?? null,
    fresh,
    failed,
    reload,
    showFresh: () => setKnown(new Set(all?.map(({ id }) => id))),
  };
}
