// What holds for the folders of tapes as a whole.

import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { engines } from '../support/recorded.ts';
import { cases } from '../support/tape-cases.mjs';
import { absences } from '../support/tape-tests.ts';

it('each engine has tapes and a test file', () => {
  const files = readdirSync(new URL('.', import.meta.url)).map((name) => name.replace(/\.test\.ts$/, ''));
  expect(engines().length).toBeGreaterThan(0);
  expect(files.filter((name) => name !== 'documents' && name !== 'engines').sort()).toEqual(engines());
});

it('an absence has a case and an engine', () => {
  for (const [engine, name] of absences) {
    expect(engines().some((each) => engine.test(each))).toBe(true);
    expect(cases.some((each) => name.test(each.name))).toBe(true);
  }
});

