// Compares what this engine does with every operation and parameter with its file in fixtures/engines. An engine without a file
// is only reported. `UPDATE_ENGINES=1 npm run test:live -- engine-survey` writes the file.

import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { VersionError } from '../../src/index.ts';
import { FOLDER, IGNORED, cellOf, readSurveys, refusal, subjects } from '../support/survey.ts';
import type { EngineSurvey } from '../support/survey.ts';
import { ENGINE, REGISTRY, cleanUp, connect, makeFor } from './support.ts';
import { surveyCases } from './survey-cases.ts';

const UPDATE = process.env['UPDATE_ENGINES'] === '1';
const UNREACHABLE = 'not tried: this engine does not reach the registry';

const docker = connect();
afterAll(() => cleanUp(docker));

const [release = ''] = /^[0-9]+\.[0-9]+/.exec(ENGINE.version) ?? [];
const kind = ENGINE.isPodman ? 'Podman' : 'Docker';
const file = `${kind.toLowerCase()}-${release}${ENGINE.isContainerd ? '-containerd' : ''}`;
const known = readSurveys().get(file);
const seen: Record<string, string> = {};

const reachesRegistry = await makeFor(docker, REGISTRY, 'reach').then(({ remote }) =>
  docker.push(remote).then(() => true, () => false),
);

async function see(subject: string): Promise<string> {
  const { needs, see } = surveyCases[subject] ?? {};
  if (see === undefined) throw new Error(`${subject} has no case in test/live/survey-cases.ts: add one`);
  try {
    if (needs === 'registry' && !reachesRegistry && (await docker.supports(subject))) return UNREACHABLE;
    return cellOf(await see(docker));
  } catch (error) {
    if (error instanceof VersionError) return refusal(error);
    throw error;
  }
}

describe('the survey of this engine', () => {
  it.each(subjects)('finds that %s behaves as in fixtures/engines', async (subject) => {
    const cell = await see(subject);
    seen[subject] = cell;
    expect(cell).not.toContain(IGNORED);
    if (UPDATE || known === undefined || cell === UNREACHABLE) return;
    const hint = `fixtures/engines/${file}.json is out of date: run UPDATE_ENGINES=1 npm run test:live -- engine-survey`;
    expect(`${subject}: ${cell}`, hint).toBe(`${subject}: ${known.cells[subject]}`);
  });

  it.runIf(UPDATE)('writes the file of this engine', async () => {
    expect(Object.values(seen)).not.toContain(UNREACHABLE);
    const store = ENGINE.isContainerd ? ', containerd store' : '';
    const { apiVersion } = await docker.ping();
    const survey: EngineSurvey = { engine: `${kind} ${release}${store}`, api: apiVersion, source: 'live', cells: seen };
    writeFileSync(new URL(`${file}.json`, FOLDER), `${JSON.stringify(survey, undefined, 2)}\n`);
  });

  it.runIf(known === undefined && !UPDATE)('is only reported if fixtures/engines has no file of this engine', () => {
    const lines = Object.entries(seen).map(([subject, cell]) => `  ${subject}: ${cell}`);
    console.log([`${kind} ${ENGINE.version} is not in fixtures/engines:`, ...lines].join('\n'));
  });
});
