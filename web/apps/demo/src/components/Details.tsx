import { Avatar, PresenceText, usePresence } from '@rozmova/react';
import type { Role } from '@rozmova/react';
import { useEffect, useRef } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useSettings } from '../settings';
import { openWindow, windowOf } from '../session';
import { CloseIcon, WindowIcon } from './Icons';

/** The pane beside a chat on a wide screen; elsewhere a drawer that `open` shows. */
export function Details(props: {
  label: string; caption: string; open: boolean; onClose(): void; children: ReactNode;
}): ReactElement {
  const { label, caption, open, onClose, children } = props;
  const { translator: { t } } = useSettings();
  const closeButton = useRef<HTMLButtonElement>(null);
  const scrim = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const opener = document.activeElement;
    // What is under the scrim is out of reach for the keyboard too.
    const behind = document.querySelectorAll<HTMLElement>('.pane-list, .pane-chat');
    const setBehind = (inert: boolean): void => behind.forEach((one) => one.toggleAttribute('inert', inert));
    setBehind(true);
    closeButton.current?.focus();
    // A window that has become wide shows the pane beside the chat: it is no drawer any more.
    const resized = (): void => {
      if (scrim.current !== null && getComputedStyle(scrim.current).display === 'none') onClose();
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) onClose();
    };
    document.addEventListener('keydown', escape);
    window.addEventListener('resize', resized);
    return () => {
      document.removeEventListener('keydown', escape);
      window.removeEventListener('resize', resized);
      setBehind(false);
      if (opener instanceof HTMLElement) opener.focus();
    };
    // The callback is new at every render; only opening and closing move the focus.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [open]);
  return (
    <>
      {/* For a finger; a keyboard has Escape and the button. */}
      {open && <div ref={scrim} className="scrim" aria-hidden="true" onClick={onClose} />}
      <section className="pane-details" aria-label={label}>
        <header>
          <h2>{caption}</h2>
          <button ref={closeButton} type="button" className="icon-button only-drawer" onClick={onClose} aria-label={t('details.close')}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </section>
    </>
  );
}

export function DetailsPerson({ id, name, role, me }: { id: string; name: string; role: Role; me: string }): ReactElement {
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

/** Two people on one machine in ten seconds: the other side in a window of its own. */
export function SecondWindow({ person, path }: { person: { id: string; name: string }; path: string }): ReactElement {
  const { translator: { t } } = useSettings();
  return (
    <div className="second">
      <p>{t('details.secondHint')}</p>
      <a
        className="button quiet" href={windowOf(person.id, path)} target="_blank" rel="noopener"
        onClick={(event) => {
          event.preventDefault();
          openWindow(person.id, path);
        }}
      >
        <WindowIcon /> {t('details.openAs', { name: person.name })}
      </a>
    </div>
  );
}

export function money(amount: number, currency: string | null, locale: string): string {
  const whole = Number.isInteger(amount) ? { maximumFractionDigits: 0 } : {};
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency', currency: currency ?? 'UAH', currencyDisplay: 'narrowSymbol', ...whole,
    }).format(amount);
  } catch {
    return `${amount} ${currency ?? ''}`;
  }
}
