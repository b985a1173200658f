import { Avatar, useConnection } from '@rozmova/react';
import type { Locale, Theme } from '@rozmova/react';
import { useId } from 'react';
import type { ReactElement } from 'react';
import type { Person } from '../api';
import { useSettings } from '../settings';
import { MoreIcon } from './Icons';
import { usePopover } from './use-popover';

const LANGUAGES: readonly { value: Locale; label: string; lang: string }[] = [
  { value: 'uk', label: 'Українська', lang: 'uk' },
  { value: 'en', label: 'English', lang: 'en' },
];
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export function LanguageChoice(): ReactElement {
  const { wanted, setLocale, translator: { t } } = useSettings();
  return (
    <Choice
      label={t('me.language')} value={wanted} onChange={setLocale}
      options={LANGUAGES.map(({ value, label, lang }) => ({ value, label, lang }))}
    />
  );
}
export function ThemeChoice(): ReactElement {
  const { theme, setTheme, translator: { t } } = useSettings();
  return (
    <Choice
      label={t('me.theme')} value={theme} onChange={setTheme}
      options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
    />
  );
}

function Choice<T extends string>(props: {
  label: string; value: T; options: readonly { value: T; label: string; lang?: string }[]; onChange(value: T): void;
}): ReactElement {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend>{props.label}</legend>
      <div>
        {props.options.map(({ value, label, lang }) => (
          <label key={value} lang={lang}>
            <input type="radio" name={name} checked={value === props.value} onChange={() => props.onChange(value)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Me, my connection, and what one changes seldom. */
export function Menu({ user, onSignOut }: { user: Person; onSignOut(): void }): ReactElement {
  const { translator: { t } } = useSettings();
  const { open, setOpen, box, button } = usePopover();
  return (
    <div className="me" ref={box}>
      <Avatar id={user.id} name={user.name} />
      <div className="me-text">
        <div className="me-name"><bdi>{user.name}</bdi></div>
        <div className="me-state">{t(`role.${user.role}`)} · <LinkState /></div>
      </div>
      <button
        ref={button} type="button" className="icon-button" aria-expanded={open} aria-label={t('me.menu')}
        title={t('me.menu')} onClick={() => setOpen(!open)}
      >
        <MoreIcon />
      </button>
      {open && (
        <div className="menu">
          <LanguageChoice />
          <ThemeChoice />
          <button type="button" className="button quiet" onClick={onSignOut}>{t('me.signOut')}</button>
        </div>
      )}
    </div>
  );
}

function LinkState(): ReactElement {
  const { translator: { t } } = useSettings();
  const { status } = useConnection();
  const key = {
    idle: 'link.connecting', connecting: 'link.connecting', live: 'link.live', reconnecting: 'link.connecting',
    degraded: 'me.degraded', offline: 'presence.offline', 'auth-failed': 'link.closed', closed: 'link.closed',
  } as const;
  return (
    <span className="link-state" data-link={status.kind} data-transport={status.kind === 'live' ? status.transport : ''}>
      {t(status.kind === 'live' && status.transport === 'polling' ? 'link.polling' : key[status.kind])}
    </span>
  );
}
