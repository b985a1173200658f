/** Who is signed in: kept per tab, so that two tabs are two people. */
import { ChatClient } from '@rozmova/react';
import { API_BASE, signInAs } from './api';
import type { Session } from './api';
import { keep, recall } from './storage';

const KEY = 'rozmova.session';

export function loadSession(): Session | null {
  try {
    const session = JSON.parse(recall('sessionStorage', KEY) ?? 'null') as Session | null;
    return typeof session?.token === 'string' && typeof session.user?.id === 'string' ? session : null;
  } catch {
    return null;
  }
}
export function saveSession(session: Session | null): void {
  keep('sessionStorage', KEY, session === null ? null : JSON.stringify(session));
}

/** A window opened for another person: `?as=<user id>` signs him in. */
export function requestedUser(): string | null {
  return new URLSearchParams(window.location.search).get('as');
}
/** Who is signed in as the page opens. */
export function initialSession(): Session | null {
  return requestedUser() === null ? loadSession() : null;
}

let early: { userId: string; client: ChatClient } | null = null;
/** Connects while the page still fetches its texts and is drawn; whoever is drawn takes that client over. */
export function connectEarly(): void {
  const session = initialSession();
  if (session === null) return;
  early = { userId: session.user.id, client: makeClient(session) };
  early.client.connect();
}

export function clientOf(session: Session): ChatClient {
  const ready = early;
  early = null;
  return ready?.userId === session.user.id ? ready.client : makeClient(session);
}
/** The demo may sign in again without asking; a marketplace would call its own back end here. */
function makeClient(session: Session): ChatClient {
  return new ChatClient({ apiBase: API_BASE, token: tokenOf(session) });
}
function tokenOf(session: Session): (reason: { refresh: boolean }) => Promise<string> {
  return async ({ refresh }) => {
    if (!refresh) return loadSession()?.token ?? session.token;
    const renewed = await signInAs(session.user.id);
    saveSession(renewed);
    return renewed.token;
  };
}
/** For the lab: the token that this tab holds is good no more. */
export function spoilToken(client: ChatClient): void {
  const session = loadSession();
  if (session === null) return;
  const spoilt = { ...session, token: `${session.token.slice(0, -6)}AAAAAA` };
  saveSession(spoilt);
  client.setToken(tokenOf(spoilt));
}

/** Address of a window in which another person is signed in; sessionStorage does not cross `noopener`. */
export function windowOf(userId: string, path = '/'): string {
  return `${path}?as=${encodeURIComponent(userId)}`;
}
export function openWindow(userId: string, path?: string): void {
  window.open(windowOf(userId, path), '_blank', 'noopener,width=980,height=860');
}
