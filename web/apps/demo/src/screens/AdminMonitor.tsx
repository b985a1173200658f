import type { ChatClient } from '@rozmova/react';
import { useEffect, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { fetchPeople } from '../api';
import { Chart } from '../components/Chart';
import { useSettings } from '../settings';
import { useMonitor } from '../use-monitor';
import type { Connection, LogLine, Stats } from '../use-monitor';
import { useProblem } from '../use-problem';

/** The server as it lives: numbers, two charts, who is connected, and what happens. */
export default function AdminMonitor({ client, back }: { client: ChatClient; back: ReactNode }): ReactElement {
  const { translator } = useSettings();
  const { t } = translator;
  const { stats, samples, connections, log, failed, disconnect } = useMonitor(client);
  const names = useNames();
  const nameOf = (id: string): string => names.get(id) ?? id.slice(0, 8);
  const { problem, attempt } = useProblem();
  const { times, throughput, latency } = useMemo(() => ({
    times: samples.map(({ at }) => at),
    throughput: [
      { label: t('monitor.messages'), color: '--plot-a', values: samples.map(({ messages }) => messages) },
      { label: t('monitor.eventsOut'), color: '--plot-b', values: samples.map(({ eventsOut }) => eventsOut) },
    ],
    latency: [
      { label: t('monitor.ack50'), color: '--plot-a', values: samples.map(({ ackP50 }) => ackP50) },
      { label: t('monitor.ack99'), color: '--plot-c', values: samples.map(({ ackP99 }) => ackP99) },
      { label: t('monitor.delivery99'), color: '--plot-b', values: samples.map(({ deliveryP99 }) => deliveryP99) },
    ],
  }), [samples, t]);
  return (
    <section className="board" aria-label={t('monitor.title')}>
      <header className="board-head">{back}<h2>{t('monitor.title')}</h2>{stats !== null && <small>rozmova {stats.version}</small>}</header>
      {failed && stats === null && <p className="problem" role="alert">{t('monitor.failed')}</p>}
      {problem !== null && <p className="problem" role="alert">{problem}</p>}
      {stats !== null && <Tiles stats={stats} rate={samples.at(-1)?.messages ?? 0} />}
      <div className="charts">
        <Chart label={t('monitor.throughput')} times={times} lines={throughput} unit={t('monitor.perSecond')} />
        <Chart label={t('monitor.latency')} times={times} lines={latency} unit={t('monitor.ms')} />
      </div>
      <h3>{t('monitor.connections')}</h3>
      <Connections connections={connections} nameOf={nameOf} onDisconnect={(id) => void attempt(disconnect(id))} />
      <EventLog log={log} nameOf={nameOf} />
    </section>
  );
}

function useNames(): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    fetchPeople().then((people) => setNames(new Map(people.map(({ id, name }) => [id, name]))), () => {});
  }, []);
  return names;
}

function Tiles({ stats, rate }: { stats: Stats; rate: number }): ReactElement {
  const { translator } = useSettings();
  const { t, locale } = translator;
  const number = (value: number, digits = 0): string => value.toLocaleString(locale, { maximumFractionDigits: digits });
  const { websocket, polling } = stats.connections;
  const all = websocket + polling;
  const tiles: [string, string, string][] = [
    [t('monitor.live'), number(all), t('monitor.users', { count: stats.usersOnline })],
    [t('monitor.upgraded'), all === 0 ? '–' : `${number((100 * websocket) / all)} %`, t('monitor.ofPolling', { count: polling })],
    [t('monitor.messages'), number(rate, 1), t('monitor.stored', { count: stats.messages.stored })],
    [t('monitor.ack99'), `${number(stats.ackMs.p99, 1)} ${t('monitor.ms')}`, `p50 ${number(stats.ackMs.p50, 1)}`],
    [t('monitor.delivery99'), `${number(stats.deliveryMs.p99, 1)} ${t('monitor.ms')}`, `p50 ${number(stats.deliveryMs.p50, 1)}`],
    [t('monitor.rooms'), number(stats.rooms), t('monitor.slow', { count: stats.slowConsumers })],
  ];
  return (
    <dl className="tiles">
      {tiles.map(([name, value, more]) => <div key={name}><dt>{name}</dt><dd>{value}<small>{more}</small></dd></div>)}
    </dl>
  );
}

function Connections(props: {
  connections: readonly Connection[] | null; nameOf(id: string): string; onDisconnect(socketId: string): void;
}): ReactElement {
  const { connections, nameOf, onDisconnect } = props;
  const { translator } = useSettings();
  const { t, has } = translator;
  if (connections === null) return <div className="list-skeleton" role="status"><span className="chat-hidden">{t('orders.loading')}</span><i /></div>;
  return (
    <div className="board-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('monitor.user')}</th><th scope="col">{t('monitor.transport')}</th><th scope="col">{t('monitor.roomsShort')}</th>
            <th scope="col">{t('monitor.since')}</th><th scope="col">{t('monitor.address')}</th>
            <th scope="col"><span className="chat-hidden">{t('queue.actions')}</span></th>
          </tr>
        </thead>
        <tbody>
          {connections.map((one) => (
            <tr key={one.socketId}>
              <th scope="row" data-label={t('monitor.user')}>
                <bdi>{nameOf(one.userId)}</bdi><small>{has(`role.${one.role}`) ? t(`role.${one.role}` as 'role.client') : one.role}</small>
              </th>
              <td data-label={t('monitor.transport')}><span className="chat-status" data-transport={one.transport}>{one.transport}</span></td>
              <td data-label={t('monitor.roomsShort')}>{one.rooms.length}</td>
              <td data-label={t('monitor.since')}><time dateTime={one.connectedAt} title={translator.full(one.connectedAt)}>{translator.relative(one.connectedAt)}</time></td>
              <td data-label={t('monitor.address')}><code>{one.address}</code></td>
              <td className="board-actions">
                <button
                  type="button" className="button quiet small" onClick={() => onDisconnect(one.socketId)}
                  aria-label={t('monitor.disconnectWho', { name: nameOf(one.userId) })}
                >
                  {t('monitor.disconnect')}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EventLog({ log, nameOf }: { log: readonly LogLine[]; nameOf(id: string): string }): ReactElement {
  const { translator } = useSettings();
  const { t } = translator;
  const [held, setHeld] = useState<readonly LogLine[] | null>(null);
  const [query, setQuery] = useState('');
  const lines = (held ?? log).map((line) => ({ ...line, text: `${t(`log.${line.what}`)} · ${line.what === 'refused' ? line.who : nameOf(line.who)} · ${line.detail}` }));
  const shown = lines.filter(({ text }) => text.toLocaleLowerCase().includes(query.toLocaleLowerCase()));
  return (
    <>
      <div className="log-head">
        <h3>{t('monitor.log')}</h3>
        <input type="search" value={query} placeholder={t('monitor.filter')} aria-label={t('monitor.filter')} onChange={(event) => setQuery(event.target.value)} />
        <button type="button" className="button quiet small" aria-pressed={held !== null} onClick={() => setHeld(held === null ? log : null)}>
          {t(held === null ? 'monitor.pause' : 'monitor.resume')}
        </button>
      </div>
      {shown.length === 0 ? <p className="hint">{t('monitor.quiet')}</p> : (
        <ol className="log">
          {shown.map(({ id, at, what, text }) => (
            <li key={id} data-what={what}><time dateTime={at}>{translator.time(at)}</time> <span>{text}</span></li>
          ))}
        </ol>
      )}
    </>
  );
}
