/** Waits for a condition by watching for it; fails with what was hoped for. */
export async function until(what: string, holds: () => boolean, limitMs = 8_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}
/** Long enough for anything that is on its way to arrive: two round trips through the server. */
export async function settle(ms = 120): Promise<void> {
  await new Promise((next) => setTimeout(next, ms));
}
