// Waiting with an end: every wait of the tests is for something that happens, and fails loudly when it does not.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** Slower builds (sanitizers) get longer deadlines, never other expectations. */
export const factor = Number(process.env.DEADLINE_FACTOR ?? 1);
export const usual_ms = 10_000 * factor;

export class DeadlineError extends Error {}

/** The value of `promise`, or a DeadlineError that names what was waited for. `what` may be a function, asked at the end. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const text = typeof what === 'function' ? what() : what;
      reject(new DeadlineError(`not within ${Math.round(ms)} ms: ${text}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `probe` again and again until its answer is truthy; for things that announce themselves by no event. */
export async function eventually(what, probe, { ms = usual_ms, every_ms = 25 } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > end) throw new DeadlineError(`not within ${Math.round(ms)} ms: ${what}`);
    await pause(every_ms);
  }
}

/** 0, 1, …, n - 1. */
export const range = (n) => Array.from({ length: n }, (_, i) => i);

/** `count` pieces of 500 bytes that mean nothing, the same ones every time. */
export const noise = (count) =>
  range(count).map((i) => Buffer.from(range(500).map((j) => (i * 131 + j * j * 7 + ((i * j) % 251)) & 0xff)));

/** `actual` has at least the members of `wanted`, with those values. */
export function holds(actual, wanted) {
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, actual?.[key]])), wanted);
}
