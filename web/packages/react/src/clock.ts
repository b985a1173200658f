/**
 * The time as the server has it. A computer's own clock may be wrong by hours; then "today", "5 minutes ago" and how
 * long a message may be edited would be wrong with it. One for the page, as the clock is.
 */

/** Smaller differences are the way of the answer, and nobody's business. */
const MINUTE_MS = 60_000;
let aheadMs = 0;

/** Hears what time the server said it was, in ms since 1970; NaN says nothing. */
export function hearServerTime(serverMs: number): void {
  const difference = serverMs - Date.now();
  if (!Number.isNaN(difference)) aheadMs = Math.abs(difference) < MINUTE_MS ? 0 : difference;
}

export function serverNow(): number {
  return Date.now() + aheadMs;
}
