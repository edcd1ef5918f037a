// Filters as JSON: the JSON contains every given value once, as text, and nothing else.

import { encodeFilters, errors } from './library.mjs';
import { demand, demandSame } from './random.mjs';

export const name = 'filters';

const keys = ['dangling', 'label', 'reference', '__proto__', 'constructor', '', 'label!', '1'];
const values = [
  true, false, 0, -1, 1.5, 'a', 'a=b', '', 'true', '"', '😀', [], ['a', 'a'], [true, 'b'], [['a']], null, undefined, {},
  Number.NaN, new Map(),
];

export function make(random) {
  if (random.once(20)) return { filters: random.pick([[], new Map(), 'a', 5, null]) };
  const filters = {};
  for (const key of random.list(0, 4, () => random.pick(keys))) {
    const value = random.once(2) ? random.pick(values) : random.list(1, 3, () => random.pick(values));
    Object.defineProperty(filters, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return { filters };
}

export function check({ filters }) {
  const valid = Object.prototype.toString.call(filters) === '[object Object]' && Object.values(filters).every(isFilter);
  let text;
  try {
    text = encodeFilters(filters);
  } catch (error) {
    demand(error instanceof errors.ArgumentError, `an error of ours, not ${error?.stack}`);
    demand(!valid, 'what can be meant is taken');
    return 'refused';
  }
  demand(valid, 'what cannot be meant is refused');
  if (Object.keys(filters).length === 0) demand(text === undefined, 'no filters are none');
  else
    demandSame(
      Object.entries(JSON.parse(text)),
      Object.entries(filters).map(([key, value]) => [key, [...new Set([value].flat().map(String))]]),
      'all of it',
    );
  return 'encoded';
}

function isFilter(value) {
  const all = Array.isArray(value) ? value : [value];
  return (
    all.length > 0 &&
    all.every(
      (each) => typeof each === 'string' || typeof each === 'boolean' || (typeof each === 'number' && Number.isFinite(each)),
    )
  );
}

export const show = ({ filters }) => JSON.stringify(filters);
export function* shrink() {}
