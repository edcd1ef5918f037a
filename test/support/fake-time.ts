// Fake time: limits of seconds are reached within a few turns of the event loop.

import { vi } from 'vitest';

/** Milliseconds that pass with each turn, the turns in which they pass, and those after which a call counts as one that never ends. */
const STEP_MS = 10;
const TURNS = 5000;
const LAST_TURN = 100_000;
/** Turns between two real milliseconds. Without them a limit of 30 s ends before a busy machine has loaded a file or answered. */
const TURNS_PER_MS = 10;
const realSetTimeout = setTimeout;

/** Runs a call while the time of timers passes with each turn of the event loop, for less than a minute altogether. */
export async function whileTimePasses<Value>(run: () => PromiseLike<Value>): Promise<Value> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let isSettled = false;
    const outcome = Promise.resolve(run()).finally(() => (isSettled = true));
    outcome.catch(() => {});
    for (let turn = 0; !isSettled; turn++) {
      if (turn === LAST_TURN) throw new Error(`not settled after ${STEP_MS * TURNS} ms of fake time`);
      await new Promise((resolve) => (turn % TURNS_PER_MS === 0 ? realSetTimeout(resolve, 1) : setImmediate(resolve)));
      if (turn < TURNS) vi.advanceTimersByTime(STEP_MS);
    }
    return await outcome;
  } finally {
    vi.useRealTimers();
  }
}
