import { ChatProvider } from '@rozmova/react';
import { Suspense, lazy, useCallback, useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { signInAs } from './api';
import type { Session } from './api';
import { navigate } from './router';
import { Workspace } from './screens/Workspace';
import { clientOf, initialSession, requestedUser, saveSession } from './session';
import { useSettings } from './settings';
import { forgetLists } from './use-orders';

const SignIn = lazy(() => import('./screens/SignIn'));
const Gallery = lazy(() => import('./gallery/Gallery'));
const Many = lazy(() => import('./gallery/Many'));
const LabPanel = lazy(() => import('./lab/LabPanel'));

export function App({ lab }: { lab: boolean }): ReactElement {
  return (
    <Suspense fallback={<div className="app-blank" />}>
      <Page lab={lab} />
    </Suspense>
  );
}

function Page({ lab }: { lab: boolean }): ReactElement {
  const path = window.location.pathname;
  if (path === '/gallery') return <Gallery />;
  return path === '/gallery/many' ? <Many /> : <Demo lab={lab} />;
}

function Demo({ lab }: { lab: boolean }): ReactElement {
  const [session, setSession] = useState<Session | null>(initialSession);
  const [arriving, setArriving] = useState(() => requestedUser() !== null);
  const change = useCallback((next: Session | null) => {
    saveSession(next);
    setSession(next);
    if (next === null) navigate('/');
  }, []);

  // Signed in, it leaves the address.
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
  return <SignedIn key={session.user.id} session={session} lab={lab} onSignOut={() => change(null)} />;
}

function SignedIn({ session, lab, onSignOut }: { session: Session; lab: boolean; onSignOut(): void }): ReactElement {
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
      <Workspace
        client={client} user={session.user}
        onSignOut={() => {
          void client.forget();
          forgetLists();
          onSignOut();
        }}
      />
      {lab && <LabPanel client={client} />}
    </ChatProvider>
  );
}
