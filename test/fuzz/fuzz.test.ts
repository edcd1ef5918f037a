// Runs a few cases of each fuzz target; `npm run fuzz` runs a hundred thousand. SEED and RUNS choose others.

import { describe, expect, it } from 'vitest';
import { run, targets } from './targets.mjs';

const seed = Number(process.env['SEED'] ?? 1);
const runs = Number(process.env['RUNS'] ?? 1000);

describe('any input has a correct result or an error of ours', () => {
  it.each(targets)(
    'of $name',
    async (target) => {
      const counts = await run(target, { seed, runs: target.name === 'tapes' ? Math.ceil(runs / 5) : runs });
      // If no case is valid, or all are, the generator is useless.
      expect(Object.keys(counts).length).toBeGreaterThan(1);
    },
    60_000,
  );

  it('the same seed makes the same cases', async () => {
    for (const target of targets.filter(({ name }) => name !== 'tapes')) {
      const [once, again] = [await run(target, { seed, runs: 20 }), await run(target, { seed, runs: 20 })];
      expect(again).toEqual(once);
    }
  });
});

describe('a case that fails', () => {
  const target = {
    name: 'any',
    make: (random: { integer(low: number, high: number): number }) => ({ text: 'a'.repeat(random.integer(50, 60)) + 'b' }),
    check: ({ text }: { text: string }) => {
      if (text.includes('b')) throw new Error('broken: a "b"');
    },
    show: ({ text }: { text: string }) => text,
    *shrink({ text }: { text: string }) {
      for (let at = 0; at < text.length; at++) yield { text: text.slice(0, at) + text.slice(at + 1) };
    },
  };

  it('reports its seed and its number, and is reduced to the smallest case', async () => {
    await expect(run(target, { seed: 7, runs: 3 })).rejects.toThrow(
      /^any, case 0 of seed 7 \(again: SEED=7 CASE=0 .* any\)[^]*broken: a "b"[^]*\nwith b$/,
    );
  });
});
