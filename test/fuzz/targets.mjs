// What is fuzzed. A target has a name, and
//
//   make(random)   a case, completely determined by the source of numbers
//   check(case)    throws if the code under test does what it must not; else returns the outcome
//   show(case)     the case as text
//   shrink(case)   smaller cases, one of which may fail, too
//   cost           how many cases of other targets one case takes the time of; default 1

import * as address from './address.mjs';
import * as config from './config.mjs';
import * as filters from './filters.mjs';
import * as json from './json.mjs';
import * as reference from './reference.mjs';
import * as response from './response.mjs';
import * as tapes from './tapes.mjs';
import * as tar from './tar.mjs';
import { Random } from './random.mjs';

export const targets = [response, json, tar, reference, address, config, filters, tapes];

/** How many cases run at the same time: those of `tapes` wait for turns of the event loop, and share them. */
const AT_A_TIME = 32;

/** Runs every `step`th case of a target from `first` on; returns how often each outcome occurred. */
export async function run(target, { seed, runs, first = 0, step = 1, onCase = () => {} }) {
  const counts = {};
  const one = async (number) => {
    const made = await target.make(new Random(seed, number));
    try {
      const outcome = await target.check(made);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    } catch (error) {
      throw await failure(target, made, error, { seed, number });
    }
  };
  let next = first;
  const lane = async () => {
    while (next < runs) {
      const number = next;
      next += step;
      onCase(number);
      await one(number);
    }
  };
  // It would only make targets slower that do not wait.
  const lanes = target.name === 'tapes' ? AT_A_TIME : 1;
  await Promise.all(Array.from({ length: lanes }, lane));
  return counts;
}

async function failure(target, made, error, { seed, number }) {
  const smallest = await shrunk(target, made, error);
  const again = `SEED=${seed} CASE=${number} node test/fuzz/run.mjs ${target.name}`;
  const place = `${target.name}, case ${number} of seed ${seed} (again: ${again})`;
  return new Error(`${place}: ${smallest.error.stack}\nwith ${target.show(smallest.made)}`);
}

/** A smaller case that fails with the same message, if one is easy to find. */
async function shrunk(target, made, error) {
  const kind = (thrown) => String(thrown?.message).split('\n')[0].slice(0, 60);
  for (let found = { made, error }; ;) {
    let smaller;
    for (const candidate of target.shrink(found.made)) {
      try {
        await target.check(candidate);
      } catch (thrown) {
        if (kind(thrown) === kind(error)) smaller = { made: candidate, error: thrown };
      }
      if (smaller !== undefined) break;
    }
    if (smaller === undefined) return found;
    found = smaller;
  }
}
