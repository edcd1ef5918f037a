// The wire cases through Node's own HTTP client: where it judges as we do, and each case where it does not.

import { describe, expect, it } from 'vitest';
import { disagreements, nodesVerdict, verdictOf } from '../support/node-opinion.ts';
import { wireCases } from '../support/wire-cases.ts';

const listed = disagreements();

describe.each(wireCases())("Node's client, of the wire cases of $file,", ({ cases }) => {
  it.each(cases)('$title', async (wireCase) => {
    const ours = verdictOf(wireCase);
    const expected = listed.find(({ title }) => title === wireCase.title)?.verdicts ?? [ours];
    expect(expected).toContain(await nodesVerdict(wireCase));
  });
});

describe('the list of disagreements', () => {
  const cases = new Map(wireCases().flatMap((file) => file.cases.map((wireCase) => [wireCase.title, wireCase])));

  it('names cases that there are, each once, and a verdict that is not ours', () => {
    expect(listed.length).toBeGreaterThan(0);
    expect(new Set(listed.map(({ title }) => title)).size).toBe(listed.length);
    for (const { title, verdicts } of listed) {
      const wireCase = cases.get(title);
      if (wireCase === undefined) throw new Error(`no case is called "${title}"`);
      expect(
        verdicts.some((verdict) => verdict !== verdictOf(wireCase)),
        title,
      ).toBe(true);
    }
  });
});
