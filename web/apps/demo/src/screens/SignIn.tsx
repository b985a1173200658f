import { Avatar, readClaims, toChatError } from '@rozmova/react';
import type { ChatError } from '@rozmova/react';
import { useCallback, useEffect, useState } from 'react';
import type { FormEvent, ReactElement } from 'react';
import { fetchPeople, signInAs } from '../api';
import type { Person, Session } from '../api';
import { Logo, WindowIcon } from '../components/Icons';
import { LanguageChoice, ThemeChoice } from '../components/Menu';
import { openWindow, windowOf } from '../session';
import { useSettings } from '../settings';

export default function SignIn({ onSignIn }: { onSignIn(session: Session): void }): ReactElement {
  const { translator: { t } } = useSettings();
  const [people, setPeople] = useState<readonly Person[] | null>(null);
  const [error, setError] = useState<ChatError | null>(null);
  const load = useCallback(() => {
    fetchPeople().then(
      (found) => {
        setPeople(found);
        setError(null);
      },
      (cause: unknown) => setError(toChatError(cause)),
    );
  }, []);
  useEffect(() => load(), [load]);

  const signIn = (person: Person): void => {
    signInAs(person.id).then(onSignIn, (cause: unknown) => setError(toChatError(cause)));
  };
  const noDemo = error !== null && ['NOT_FOUND', 'FORBIDDEN'].includes(error.code);
  return (
    <main className="signin">
      <div className="signin-card">
        <header className="brand">
          <Logo />
          <div>
            <h1>{t('app.name')}</h1>
            <p>{t('app.tagline')}</p>
          </div>
        </header>
        {noDemo ? <TokenForm onSignIn={onSignIn} /> : (
          <>
            <h2>{t('signin.title')}</h2>
            <p className="hint">{t('signin.hint')} <WindowIcon /> {t('signin.hintEnd')}</p>
            {error !== null && (
              <p className="problem" role="alert">
                {t('signin.failed')} <button type="button" className="text-button" onClick={load}>{t('action.retry')}</button>
              </p>
            )}
            {people === null && error === null && <p className="hint" role="status">{t('signin.loading')}</p>}
            <ul className="people">
              {people?.map((person) => <PersonCard key={person.id} person={person} onPick={signIn} />)}
            </ul>
          </>
        )}
        <footer className="signin-settings"><LanguageChoice /><ThemeChoice /></footer>
      </div>
    </main>
  );
}

function PersonCard({ person, onPick }: { person: Person; onPick(person: Person): void }): ReactElement {
  const { translator: { t } } = useSettings();
  const { id, name, role } = person;
  return (
    <li className="person" data-role={role}>
      <button type="button" className="person-main" onClick={() => onPick(person)}>
        <Avatar id={id} name={name} />
        <span className="chat-hidden">{t('signin.as')}</span>
        <span className="person-text">
          <strong><bdi>{name}</bdi></strong>
          <span>{t(`role.${role}`)}</span>
        </span>
      </button>
      <a
        className="icon-button" href={windowOf(id)} target="_blank" rel="noopener" aria-label={t('signin.newWindow', { name })}
        title={t('signin.newWindow', { name })}
        onClick={(event) => {
          event.preventDefault();
          openWindow(id);
        }}
      >
        <WindowIcon />
      </a>
    </li>
  );
}

/** Beside a marketplace there are no demo people; a token from it does. */
function TokenForm({ onSignIn }: { onSignIn(session: Session): void }): ReactElement {
  const { translator: { t } } = useSettings();
  const [token, setToken] = useState('');
  const [bad, setBad] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const claims = readClaims(token.trim());
    setBad(claims === null);
    if (claims === null) return;
    onSignIn({
      token: token.trim(), expiresAt: '',
      user: { id: claims.id, name: claims.name ?? claims.id.slice(0, 8), role: claims.role ?? 'client' },
    });
  };
  return (
    <form className="form" onSubmit={submit}>
      <p className="hint">{t('signin.noDemo')}</p>
      <label>
        {t('signin.token')}
        <textarea rows={4} value={token} spellCheck={false} onChange={(event) => setToken(event.target.value)} />
      </label>
      {bad && <p className="problem" role="alert">{t('signin.tokenBad')}</p>}
      <button type="submit" className="button">{t('signin.tokenButton')}</button>
    </form>
  );
}
