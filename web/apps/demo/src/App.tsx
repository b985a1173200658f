import { ChatProvider } from '@rozmova/react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { signInAs } from './api';
import type { Session } from './api';
import { navigate } from './router';
import { SignIn } from './screens/SignIn';
import { Workspace } from './screens/Workspace';
import { clientOf, loadSession, saveSession } from './session';
import { useSettings } from './settings';

export function App(): ReactElement {
  const [session, setSession] = useState<Session | null>(initialSession);
  const [arriving, setArriving] = useState(() => requestedUser() !== null);
  const change = useCallback((next: Session | null) => {
    saveSession(next);
    setSession(next);
    if (next === null) navigate('/');
  }, []);

  // A window opened for another person: `?as=<user id>` signs him in and leaves the address.
  useEffect(() => {
    const userId = requestedUser();
    if (userId === null) return;
    let current = true;
    signInAs(userId)
      .then((next) => {
        if (!current) return;
        navigate(window.location.pathname, 'replace');
        change(next);
      })
      .catch(() => navigate('/', 'replace'))
      .finally(() => current && setArriving(false));
    return () => {
      current = false;
    };
  }, [change]);

  if (session === null) return arriving ? <div className="app-blank" /> : <SignIn onSignIn={change} />;
  return <SignedIn key={session.user.id} session={session} onSignOut={() => change(null)} />;
}

function SignedIn({ session, onSignOut }: { session: Session; onSignOut(): void }): ReactElement {
  const { locale, theme } = useSettings();
  // The client lives as long as this person is signed in; a renewed token does not make another one.
  const client = useMemo(
    () => clientOf(session),
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [session.user.id],
  );
  useEffect(() => client.retain(), [client]);
  return (
    <ChatProvider client={client} locale={locale} theme={theme}>
      <Workspace client={client} user={session.user} onSignOut={onSignOut} />
    </ChatProvider>
  );
}

function requestedUser(): string | null {
  return new URLSearchParams(window.location.search).get('as');
}
function initialSession(): Session | null {
  return requestedUser() === null ? loadSession() : null;
}
