import { BACKOFF_BASE_MS, BACKOFF_JITTER, BACKOFF_MAX_HIDDEN_MS, BACKOFF_MAX_VISIBLE_MS } from './limits';

/** Delay before attempt `attempt` (1, 2, …): doubling, capped, spread. `random` is in [0, 1). */
export function backoffDelay(attempt: number, hidden: boolean, random: number): number {
  const cap = hidden ? BACKOFF_MAX_HIDDEN_MS : BACKOFF_MAX_VISIBLE_MS;
  const plain = Math.min(cap, BACKOFF_BASE_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(plain * (1 + BACKOFF_JITTER * (random * 2 - 1)));
}
