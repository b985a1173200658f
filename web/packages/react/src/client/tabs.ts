/**
 * Tabs: every unsent message belongs to one living tab, which alone sends it; what a closed tab leaves behind goes to
 * one of the others. A tab with unsent messages holds a Web Lock named after itself, and whoever gets that lock knows
 * that it is gone. Without Web Locks (plain http) a time stamp in localStorage, renewed while the tab lives, stands in.
 * Owned by Outbox.
 */
import { newId } from './ids';
import { TAB_GONE_MS, TAB_STAMP_MS } from './limits';

const PREFIX = 'rozmova:tab:';
/** Written to localStorage by a tab that has something to send: the storage event tells the others. */
const CALL = 'rozmova:unsent';

export class Tabs {
  readonly id: string = newId();
  readonly #locks: LockManager | undefined;
  readonly #storage: Storage | undefined;
  /** Takes over what that tab left; nobody else does so meanwhile. */
  readonly #onGone: (tab: string) => Promise<void>;
  readonly #watched: Set<string> = new Set();
  #held: Promise<void> | null = null;
  #letGo: (() => void) | null = null;

  constructor(onGone: (tab: string) => Promise<void>, locks: LockManager | undefined = browserLocks()) {
    this.#onGone = onGone;
    this.#locks = locks;
    this.#storage = browserStorage();
    globalThis.addEventListener?.('storage', (event) => {
      const { key, newValue } = event as StorageEvent;
      if (key === CALL) this.watch((newValue ?? '').split(' ')[0]!);
    });
  }

  /** Resolves when this tab is known to be alive: only then may a message be stored as its own. */
  hold(): Promise<void> {
    this.#held ??= (this.#locks === undefined ? this.#stamp() : this.#lock(this.#locks))
      // With the time: the same value again would be no event.
      .then(() => this.#set(CALL, `${this.id} ${Date.now()}`));
    return this.#held;
  }

  /** Nothing is left to send. */
  release(): void {
    this.#letGo?.();
    this.#letGo = null;
    this.#held = null;
  }

  /** Calls `onGone` when that tab has ended. */
  watch(tab: string): void {
    if (tab === this.id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    const adopt = (): Promise<void> => this.#onGone(tab).finally(() => this.#watched.delete(tab));
    if (this.#locks !== undefined) void this.#locks.request(PREFIX + tab, adopt);
    else this.#awaitSilence(tab, adopt);
  }

  #lock(locks: LockManager): Promise<void> {
    // Let go before it is granted, it ends at once when it is.
    const done = new Promise<void>((letGo) => (this.#letGo = letGo));
    return new Promise((granted) => {
      locks.request(PREFIX + this.id, () => {
        granted();
        return done;
      }).catch(granted);
    });
  }

  async #stamp(): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined) return;
    const write = (): void => this.#set(PREFIX + this.id, String(Date.now()));
    const erase = (): void => storage.removeItem(PREFIX + this.id);
    write();
    const timer = setInterval(write, TAB_STAMP_MS);
    globalThis.addEventListener?.('pagehide', erase);
    this.#letGo = () => {
      clearInterval(timer);
      globalThis.removeEventListener?.('pagehide', erase);
      erase();
    };
  }

  /** A full storage is no reason to keep nothing: the others are not told, then. */
  #set(key: string, value: string): void {
    try {
      this.#storage?.setItem(key, value);
    } catch {
      // Others may believe this tab gone and send the same; the server stores it once.
    }
  }

  #awaitSilence(tab: string, adopt: () => Promise<void>): void {
    const stamp = Number(this.#storage?.getItem(PREFIX + tab) ?? 0);
    if (Date.now() - stamp > TAB_GONE_MS) void adopt();
    else setTimeout(() => this.#awaitSilence(tab, adopt), TAB_STAMP_MS);
  }
}

function browserLocks(): LockManager | undefined {
  return globalThis.navigator?.locks;
}
function browserStorage(): Storage | undefined {
  try {
    return globalThis.window?.localStorage;
  } catch {
    return undefined;
  }
}
