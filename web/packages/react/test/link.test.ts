/** When a lost connection is tried again. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Link } from '../src/client/link';
import { ChatError } from '../src/protocol/errors';
import type { LinkStatus } from '../src/store/state';
import type { SocketTransport } from '../src/transport/socket';

let status: LinkStatus;
let link: Link;
beforeEach(async () => {
  vi.useFakeTimers();
  const nothing = (): void => {};
  link = new Link({ open: nothing, close: nothing } as unknown as SocketTransport, {
    token: async () => '', canRefresh: () => false, status: (now) => void (status = now), error: nothing, live: nothing,
    down: nothing, fallback: nothing,
  });
  link.start();
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(() => {
  link.stop(true);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('never sooner than the server asked, and not all at once', () => {
  const delays = [0, 0.5, 0.99].map((random) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    link.onFailed(new Error(), new ChatError('UNAVAILABLE', '', 4_000), false);
    return status.kind === 'reconnecting' ? status.retryAt - Date.now() : 0;
  });
  expect(delays[0]).toBe(4_000);
  expect(delays[1]).toBeGreaterThan(4_500);
  expect(delays[2]).toBeGreaterThan(delays[1]!);
  expect(delays[2]).toBeLessThanOrEqual(6_000);
});
