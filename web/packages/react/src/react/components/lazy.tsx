import { Suspense, lazy } from 'react';
import type { ComponentProps, ComponentType, ReactElement } from 'react';
import type * as extras from '../extras';

type Extras = typeof extras;
type Parts = 'DraftTray' | 'FailedActions' | 'Lightbox' | 'NewsLog' | 'Notice' | 'Overlay' | 'Problem' | 'WritingBanner';
let all: Promise<Extras> | undefined;
const fetchAll = (): Promise<Extras> =>
  import('../extras').catch(() => new Promise((again) => setTimeout(again, 1000)).then(fetchAll));
/** Fetched once; tried again without end, because a chat must not break for a part that cannot be had offline. */
const load = (): Promise<Extras> => all ??= fetchAll();

/** Fetches the rest of the chat while nobody waits for it, and before a connection may be lost. */
export function preloadExtras(): () => void {
  const idle = typeof requestIdleCallback === 'function' ? requestIdleCallback : setTimeout;
  const cancel = typeof requestIdleCallback === 'function' ? cancelIdleCallback : clearTimeout;
  const id = idle(() => void load());
  return () => cancel(id as never);
}

/** Runs something of the extras when they are there; the undo is its undo, or that it never ran. */
export function whenExtras(run: (all: Extras) => () => void): () => void {
  let undo: (() => void) | null = null;
  let wanted = true;
  void load().then((extras) => {
    if (wanted) undo = run(extras);
  });
  return () => {
    wanted = false;
    undo?.();
  };
}

function later<Name extends Parts>(name: Name): ComponentType<ComponentProps<Extras[Name]>> {
  const Part = lazy(async () => ({ default: (await load())[name] as ComponentType<object> }));
  return function Later(props): ReactElement {
    return <Suspense fallback={null}><Part {...props} /></Suspense>;
  };
}
export const DraftTray: ComponentType<ComponentProps<Extras['DraftTray']>> = later('DraftTray');
export const FailedActions: ComponentType<ComponentProps<Extras['FailedActions']>> = later('FailedActions');
export const Lightbox: ComponentType<ComponentProps<Extras['Lightbox']>> = later('Lightbox');
export const NewsLog: ComponentType<ComponentProps<Extras['NewsLog']>> = later('NewsLog');
export const Notice: ComponentType<ComponentProps<Extras['Notice']>> = later('Notice');
export const Overlay: ComponentType<ComponentProps<Extras['Overlay']>> = later('Overlay');
export const Problem: ComponentType<ComponentProps<Extras['Problem']>> = later('Problem');
export const WritingBanner: ComponentType<ComponentProps<Extras['WritingBanner']>> = later('WritingBanner');
