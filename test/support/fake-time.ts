// Fake time: limits of seconds are reached within a few turns of the event loop.

import { vi } from 'vitest';

/** Milliseconds that pass with each turn, and the turns after which a call counts as one that never ends. */
const STEP_MS = 10;
const TURNS = 5000;

/** Runs a call while the time of timers passes with each turn of the event loop, for less than a minute altogether. */
export async function whileTimePasses<Value>(run: () => PromiseLike<Value>): Promise<Value> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let isSettled = false;
    const outcome = Promise.resolve(run()).finally(() => (isSettled = true));
    outcome.catch(() => {});
    for (let turn = 0; !isSettled; turn++) {
      if (turn === TURNS) throw new Error(`not settled after ${STEP_MS * TURNS} ms of fake time`);
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(STEP_MS);
    }
    return await outcome;
  } finally {
    vi.useRealTimers();
  }
}
