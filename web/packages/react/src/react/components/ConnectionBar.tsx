import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import type { ChatClient } from '../../client/client';
import type { Translator } from '../../i18n/translator';
import { selectFailed } from '../../store/selectors';
import type { ChatState, LinkStatus } from '../../store/state';
import { useTranslator } from '../context';
import { sameItems, useChatState } from '../use-chat-state';
import { useSeconds } from './use-seconds';

/** Shorter losses are nobody's business. */
const PATIENCE_MS = 1_000;
const BACK_NOTICE_MS = 2_000;

type Phase = 'quiet' | 'shown' | 'back';

/** A thin bar that appears when the link is lost for more than a second, and says when it is back. */
export function ConnectionBar({ client }: { client: ChatClient }): ReactElement {
  const translator = useTranslator();
  const { t } = translator;
  const link = useChatState(client, selectLink);
  const live = link.kind === 'live';
  const phase = usePhase(live || link.kind === 'idle');
  const now = useSeconds(phase === 'shown' && 'retryAt' in link);
  const retry = !live && (link.kind === 'reconnecting' || link.kind === 'degraded' || link.kind === 'offline');
  return (
    <div className="chat-connection" data-phase={phase} data-link={link.kind}>
      <span role="status">{phase === 'shown' ? textOf(link, now, translator) : phase === 'back' ? t('link.back') : ''}</span>
      {phase === 'shown' && retry && (
        <button type="button" className="chat-link" onClick={() => client.retryNow()}>{t('action.retryNow')}</button>
      )}
    </div>
  );
}

const selectLink = (state: ChatState): LinkStatus => state.link;

function textOf(link: LinkStatus, now: number, { t }: Translator): string {
  switch (link.kind) {
    case 'reconnecting': {
      const seconds = Math.ceil((link.retryAt - now) / 1000);
      return seconds > 0 ? t('link.retryIn', { count: seconds }) : t('link.reconnecting');
    }
    case 'degraded':
      return t('link.degraded');
    case 'offline':
      return t('link.offline');
    case 'auth-failed':
      return t('link.authFailed');
    case 'closed':
      return t('link.closed');
    default:
      return t('link.connecting');
  }
}

function usePhase(good: boolean): Phase {
  const [phase, setPhase] = useState<Phase>('quiet');
  useEffect(() => {
    if (!good) {
      const timer = setTimeout(() => setPhase('shown'), PATIENCE_MS);
      return () => clearTimeout(timer);
    }
    const greet = setTimeout(() => setPhase((before) => (before === 'shown' ? 'back' : 'quiet')));
    const hush = setTimeout(() => setPhase('quiet'), BACK_NOTICE_MS);
    return () => {
      clearTimeout(greet);
      clearTimeout(hush);
    };
  }, [good]);
  return phase;
}

/** "3 not sent": all of them again, or none. */
export function UnsentBar({ client }: { client: ChatClient }): ReactElement | null {
  const { t } = useTranslator();
  const failed = useChatState(client, selectFailed, sameItems);
  if (failed.length < 2) return null;
  return (
    <div className="chat-unsent">
      <span>{t('unsent.count', { count: failed.length })}</span>
      <button type="button" className="chat-link" onClick={() => client.retryAllFailed()}>{t('action.retryAll')}</button>
      <button type="button" className="chat-link" onClick={() => client.discardAllFailed()}>{t('action.deleteAll')}</button>
    </div>
  );
}
