import type { ChatClient } from '@rozmova/react';
import { roomKey } from '@rozmova/react';
import { useState } from 'react';
import type { ReactElement } from 'react';
import { FlaskIcon } from '../components/Icons';
import { placeOf, usePath } from '../router';
import { spoilToken } from '../session';
import { useSettings } from '../settings';
import { cut, rules } from './network';
import type { Network } from './network';

const NETWORKS: readonly Network[] = ['ok', 'noWebSocket', 'restOnly', 'none'];
const DELAYS_MS = [0, 200, 1_000, 3_000] as const;
const FLOOD_MESSAGES = 100;

/** Levers for every state that a network can bring a chat into; in this tab alone. */
export default function LabPanel({ client }: { client: ChatClient }): ReactElement {
  const { translator: { t } } = useSettings();
  const [network, setNetwork] = useState<Network>(rules.network);
  const [delay, setDelay] = useState(rules.delayMs);
  const [dropAcks, setDropAcks] = useState(rules.dropAcks);
  const place = placeOf(usePath());
  const room = place.kind === 'order' || place.kind === 'dispute' ? roomKey(place.kind, place.id) : null;
  const flood = (): void => {
    if (room === null) return;
    for (let i = 1; i <= FLOOD_MESSAGES; i++) client.send(room, `${i}`).catch(() => {});
  };
  return (
    <details className="lab">
      <summary aria-label={t('lab.open')} title={t('lab.open')}><FlaskIcon /></summary>
      <div className="lab-body">
        <h2>{t('lab.title')}</h2>
        <p className="hint">{t('lab.hint')}</p>
        <label>
          {t('lab.network')}
          <select
            value={network}
            onChange={(event) => {
              rules.network = event.target.value as Network;
              setNetwork(rules.network);
              cut();
            }}
          >
            {NETWORKS.map((one) => <option key={one} value={one}>{t(`lab.${one}`)}</option>)}
          </select>
        </label>
        <label>
          {t('lab.delay')}
          <select
            value={delay}
            onChange={(event) => {
              rules.delayMs = Number(event.target.value);
              setDelay(rules.delayMs);
            }}
          >
            {DELAYS_MS.map((ms) => <option key={ms} value={ms}>{ms} {t('monitor.ms')}</option>)}
          </select>
        </label>
        <label className="lab-check">
          <input
            type="checkbox" checked={dropAcks}
            onChange={(event) => {
              rules.dropAcks = event.target.checked;
              setDropAcks(rules.dropAcks);
            }}
          />
          {t('lab.dropAcks')}
        </label>
        <button type="button" className="button quiet small" onClick={cut}>{t('lab.cut')}</button>
        <button
          type="button" className="button quiet small"
          onClick={() => {
            spoilToken(client);
            cut();
          }}
        >
          {t('lab.expire')}
        </button>
        <button type="button" className="button quiet small" disabled={room === null} onClick={flood}>{t('lab.flood', { count: FLOOD_MESSAGES })}</button>
      </div>
    </details>
  );
}
