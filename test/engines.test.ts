// The table of engines. It is made from the JSON files that live runs write, and from tapes for an
// engine that cannot run here. `UPDATE_ENGINES=1 npx vitest run --config test/vitest.config.ts test/engines.test.ts` writes both.

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FOLDER, IGNORED, cellOf, readSurveys, subjects, surveyTable } from './support/survey.ts';
import { surveyOfTapes } from './support/surveyed-tapes.ts';

const README = new URL('README.md', FOLDER);
const FROM_TAPES = [['docker-29.99-containerd', 'Docker 29, containerd store']] as const;
const UPDATE = process.env['UPDATE_ENGINES'] === '1';

describe('fixtures/engines', () => {
  it.each(FROM_TAPES)('agrees with the tapes of %s', async (folder, engine) => {
    const survey = await surveyOfTapes(folder, engine);
    if (UPDATE) writeFileSync(new URL(`${folder}.json`, FOLDER), `${JSON.stringify(survey, undefined, 2)}\n`);
    expect(readSurveys().get(folder)).toEqual(survey);
  });

  it('has the table of the JSON files in its README', () => {
    const text = readFileSync(README, 'utf8');
    const made = text.replace(/(?:^\|.*\n)+/m, `${surveyTable(readSurveys())}\n`);
    if (UPDATE) writeFileSync(README, made);
    expect(readFileSync(README, 'utf8')).toBe(made);
    expect(text).toMatch(/^\|/m);
  });

  it.each([...readSurveys()])('lists every operation and parameter for %s, and none that the engine ignores', (_, { cells }) => {
    expect(Object.keys(cells)).toEqual(subjects);
    expect(Object.values(cells).filter((cell) => cell.includes(IGNORED))).toEqual([]);
    expect(Object.values(cells).filter((cell) => !/^(?:works|differs|refused|not tried)(?:$|[: ])/.test(cell))).toEqual([]);
  });
});

describe('a cell of the survey', () => {
  it.each([
    [[{ without: 1, with: 2, promised: 2 }], 'works'],
    [[{ with: true, promised: true }], 'works'],
    [[{ without: 1, with: 1, promised: 2 }], `differs: ${IGNORED} (1)`],
    [[{ without: 2, with: 2, promised: 2 }], 'differs: has the same answer without it (2)'],
    [[{ without: 1, with: 'fails with NotFoundError', promised: 2 }], 'differs: fails with NotFoundError'],
    [[{ of: 'a', without: 1, with: 2, promised: 2 }, { of: 'b', without: [1], with: [1], promised: [] }], `differs: b ${IGNORED} ([1])`],
    [[{ with: 'refused (VersionError, needs API 1.50)', promised: 1 }], 'refused (VersionError, needs API 1.50)'],
  ])('for %j is %s', (observations, words) => {
    expect(cellOf(observations)).toBe(words);
  });
});
