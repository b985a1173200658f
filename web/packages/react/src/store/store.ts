/** Holds the state and tells subscribers that it changed: at once after a pause, else once per frame. */
import { reduce } from './reducer';
import type { Action } from './reducer';
import { EMPTY_STATE } from './state';
import type { ChatState } from './state';

/** In a burst, subscribers hear at most one change per this many milliseconds. */
const NOTIFY_INTERVAL_MS = 16;

export class Store {
  #state: ChatState = EMPTY_STATE;
  readonly #listeners: Set<() => void> = new Set();
  #scheduled = false;
  #notifiedAt = 0;

  readonly getState = (): ChatState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    if (this.#scheduled) return;
    this.#scheduled = true;
    const quietFor = Date.now() - this.#notifiedAt;
    if (quietFor >= NOTIFY_INTERVAL_MS) queueMicrotask(this.#notify);
    else setTimeout(this.#notify, NOTIFY_INTERVAL_MS - quietFor);
  }

  readonly #notify = (): void => {
    this.#scheduled = false;
    this.#notifiedAt = Date.now();
    for (const listener of this.#listeners) listener();
  };
}
