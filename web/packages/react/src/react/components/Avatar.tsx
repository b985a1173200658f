import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';
import { serverNow } from '../../clock';
import type { UserState } from '../../store/state';
import { useTranslator } from '../context';

/** Eight calm grounds; a person keeps his own everywhere. White text has at least 4.5:1 on each. */
const TONES = 8;

export interface AvatarProps { id: string; name: string; src?: string | undefined; size?: 'small' | 'normal' }

/** Initials or picture. The name stands beside it in text, so it is decoration. */
export function Avatar({ id, name, src, size = 'normal' }: AvatarProps): ReactElement {
  // FNV-1a, then spread: ids that differ in one digit get different grounds.
  let hash = 0x811c9dc5;
  for (const char of id) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  const tone = (Math.imul(hash, 0x165667b1) >>> 24) % TONES;
  const [broken, setBroken] = useState('');
  const initials = name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0]).join('');
  return (
    <span className="chat-avatar" data-size={size} data-tone={tone} aria-hidden="true">
      {src === undefined || src === broken
        ? initials.toLocaleUpperCase()
        : <img src={src} alt="" loading="lazy" onError={() => setBroken(src)} />}
    </span>
  );
}

/** Says and shows whether somebody is there; without a live link it says that this is unknown. */
export function PresenceText({ user }: { user: UserState }): ReactElement {
  const { t, relative } = useTranslator();
  const away = user.online === false && user.lastSeenAt !== null;
  const now = useNow(away);
  if (user.online === true) return <>{t('presence.online')}</>;
  if (user.online === null) return <>{t('presence.unknown')}</>;
  if (user.lastSeenAt === null || now - Date.parse(user.lastSeenAt) < MINUTE_MS) return <>{t('presence.offline')}</>;
  return <>{t('presence.lastSeen', { when: relative(user.lastSeenAt, now) })}</>;
}

const MINUTE_MS = 60_000;

/** The present minute, while somebody needs it. */
function useNow(running: boolean): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!running) return;
    const tick = (): void => setNow(serverNow());
    const first = setTimeout(tick);
    const timer = setInterval(tick, MINUTE_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [running]);
  return now;
}

export function PresenceDot({ user }: { user: UserState }): ReactElement {
  const { t } = useTranslator();
  const state = user.online === null ? 'unknown' : user.online ? 'online' : 'offline';
  return <span className="chat-dot" data-state={state} role="img" aria-label={t(`presence.${state}`)} />;
}
