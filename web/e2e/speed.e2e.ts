/**
 * What scrolling a long chat, a burst and the first message cost. Frames depend on what else the machine does: the best
 * of three runs counts, and the limit of a frame has room for a machine that does
 * something else besides.
 */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Seat } from './people';
import { Stage } from './stage';

const ROWS_MAX = 40;
const FRAME_P95_MS = 25;
const HEAP_MB = 40;
const COMMITS_MAX = 60;
const FIRST_MESSAGE_MS = 800;

const stage = Stage.forFile();

async function best(measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 3; run++) least = Math.min(least, await measure());
  return least;
}
function report(what: string, value: number, limit: number): void {
  process.stdout.write(`${what}: ${value.toFixed(1)} (at most ${limit})\n`);
  expect(value).toBeLessThanOrEqual(limit);
}

describe('ten thousand messages', () => {
  let page: Page;
  beforeAll(async () => {
    const seat = await Seat.open(stage.browser, { width: 900, height: 700 });
    page = seat.page;
    await page.goto(`${stage.server.url}/gallery/many`);
    await page.locator('.chat-message').first().waitFor({ timeout: 30_000 });
  });

  it('scroll without a blank frame, few rows, quick frames', async () => {
    const frames: number[] = [];
    const p95 = await best(async () => {
      const run = await page.evaluate(async () => {
        const viewport = document.querySelector<HTMLElement>('.chat-viewport')!;
        viewport.scrollTop = viewport.scrollHeight;
        viewport.dispatchEvent(new WheelEvent('wheel'));
        const times: number[] = [];
        let blank = 0;
        let rows = 0;
        let last = await new Promise<number>(requestAnimationFrame);
        for (let tick = 0; tick < 90; tick++) {
          viewport.scrollTop -= 900;
          const now = await new Promise<number>(requestAnimationFrame);
          times.push(now - last);
          last = now;
          const ground = viewport.getBoundingClientRect();
          const middle = document.elementFromPoint(ground.left + ground.width / 2, ground.top + ground.height / 2);
          if (middle?.closest('.chat-row') == null) blank++;
          rows = Math.max(rows, document.querySelectorAll('.chat-row').length);
        }
        times.sort((a, b) => a - b);
        return { p95: times[Math.floor(times.length * 0.95)]!, blank, rows };
      });
      expect(run.blank).toBeLessThanOrEqual(1);
      expect(run.rows).toBeLessThanOrEqual(ROWS_MAX);
      frames.push(run.p95);
      return run.p95;
    });
    report('frame p95, ms', p95, FRAME_P95_MS);
  }, 60_000);

  it('hold little memory, and take a burst of 500 in few commits', async () => {
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    report('heap, MB', usedSize / 1e6, HEAP_MB);
    const commits = await page.evaluate(async () => {
      const viewport = document.querySelector('.chat-viewport')!;
      viewport.scrollTop = viewport.scrollHeight;
      await new Promise((next) => setTimeout(next, 300));
      // Each commit that draws something is one batch of mutations.
      let count = 0;
      const observer = new MutationObserver(() => count++);
      observer.observe(viewport, { childList: true, subtree: true, characterData: true });
      await (globalThis as unknown as { burst(messages: number): Promise<void> }).burst(500);
      await new Promise((next) => setTimeout(next, 100));
      observer.disconnect();
      return count;
    });
    report('commits for 500 messages', commits, COMMITS_MAX);
  });
});

it('the first message is there soon after the page was asked for', async () => {
  const cold = await best(async () => {
    const seat = await Seat.open(stage.browser);
    await seat.signIn(stage.server.url, stage.client);
    await seat.page.locator('.order-row').first().waitFor();
    await seat.live();
    const started = Date.now();
    await seat.page.reload();
    await seat.page.locator('.chat-message, .chat-notice').first().waitFor();
    const took = Date.now() - started;
    await seat.close();
    return took;
  });
  report('first message, ms', cold, FIRST_MESSAGE_MS);
}, 60_000);
