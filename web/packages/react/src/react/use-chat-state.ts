import { useMemo, useSyncExternalStore } from 'react';
import type { ChatClient } from '../client/client';
import type { ChatState } from '../store/state';
import { EMPTY_STATE } from '../store/state';

type Equal<T> = (a: T, b: T) => boolean;

/** Selects from the client's state; renders again only when the selection is no longer equal. */
export function useChatState<T>(
  client: ChatClient, selector: (state: ChatState) => T, equal: Equal<T> = Object.is,
): T {
  const getSelection = useMemo(
    () => remember(client.store.getState, selector, equal),
    [client, selector, equal],
  );
  const getServerSelection = useMemo(() => remember(() => EMPTY_STATE, selector, equal), [selector, equal]);
  return useSyncExternalStore(client.store.subscribe, getSelection, getServerSelection);
}

/** useSyncExternalStore asks often and wants the same object back while nothing changed. */
function remember<T>(read: () => ChatState, selector: (state: ChatState) => T, equal: Equal<T>): () => T {
  let last: { state: ChatState; selection: T } | null = null;
  return () => {
    const state = read();
    if (last !== null && last.state === state) return last.selection;
    const selection = selector(state);
    last = { state, selection: last !== null && equal(last.selection, selection) ? last.selection : selection };
    return last.selection;
  };
}

export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => Object.is(item, b[at]));
}
