/** Addresses of the demo: lists, one order or dispute, and the screens of those who look after them. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function navigate(path: string, how: 'push' | 'replace' = 'push'): void {
  if (path === window.location.pathname + window.location.search) return;
  if (how === 'push') window.history.pushState(null, '', path);
  else window.history.replaceState(null, '', path);
  for (const listener of listeners) listener();
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export type Place =
  | { readonly kind: 'none' }
  | { readonly kind: 'order' | 'dispute'; readonly id: string }
  | { readonly kind: 'queue' }
  | { readonly kind: 'monitor' };

export const QUEUE_PATH = '/queue';
export const MONITOR_PATH = '/monitor';
export function orderPath(id: string): string {
  return `/orders/${id}`;
}
export function disputePath(id: string): string {
  return `/disputes/${id}`;
}
export function placeOf(path: string): Place {
  const match = /^\/(order|dispute)s\/([0-9a-f-]+)$/i.exec(path);
  if (match !== null) return { kind: match[1] as 'order' | 'dispute', id: match[2]!.toLowerCase() };
  if (path === QUEUE_PATH) return { kind: 'queue' };
  return path === MONITOR_PATH ? { kind: 'monitor' } : { kind: 'none' };
}
