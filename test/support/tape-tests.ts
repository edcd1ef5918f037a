// The tests of one engine's tapes: every case is replayed in several ways over both wires, and cut short. One test file an
// engine in test/tapes/ calls this, so that they run side by side.

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ApiError, ImageClient, LongshoreError, packTar } from '../../src/index.ts';
import type { ImageClientOptions } from '../../src/index.ts';
import { parseTape, recorder, replayDialer } from '../../src/testing.ts';
import type { ReplayOptions, Tape } from '../../src/testing.ts';
import { documentCases } from './document-cases.ts';
import { integer, random } from './random.ts';
import { DOCUMENTS, recordedExchanges, tapesOf } from './recorded.ts';
import { cases } from './tape-cases.mjs';
import type { TapeCase, TapeEnvironment } from './tape-cases.mjs';
import { expectations, factsOf, meanings } from './tape-expectations.ts';
import type { Expectation, Outcome } from './tape-expectations.ts';
import { wireNames } from './wires.ts';
import type { WireName } from './wires.ts';

/** What an engine was not recorded at, though it has all that the case needs: which, what, why. */
export const absences: ReadonlyArray<readonly [engine: RegExp, name: RegExp, reason: string]> = [
  [/^podman-/, /^import-refused-early$/, 'Podman reads an upload to its end before it looks at the changes'],
  [/^podman-4\.3$/, /^prune-label-not$/, 'Podman before 5.2 takes several labels for alternatives, so such a call is not sent'],
];

/**
 * Cases whose last answer is to a question about an operation that has finished by then: without that answer the result
 * lacks a detail, and a warning is given.
 */
const details: ReadonlyArray<readonly [engine: RegExp, name: RegExp]> = [
  [/^podman-/, /^(?:import|import-url|import-bad-platform|pull-policy-absent|push|push-login|push-multi)$/],
  [/^(?:podman-.*|docker-(?:20\.10|28\.5|28\.5-containerd|29\.99-containerd))$/, /^pull-platform-other$/],
];

const ways: ReadonlyArray<NonNullable<ReplayOptions['pieces']>> = ['whole', 'bytes', 1, 2, 3, 4];
/** Over the second wire fewer, for it takes several times as long; where to cut is a question to our own parser. */
const waysOver: Readonly<Record<WireName, typeof ways>> = { own: ways, 'node:http': ways.slice(0, 3) };
const runs = wireNames.flatMap((wire) => waysOver[wire].map((pieces) => ({ wire, pieces })));

/** Declares the tests of an engine's tapes. */
export function testTapesOf(engine: string): void {
  const tapes = tapesOf(engine);
  const apiVersion = versionOf(tapes);

  describe.each(tapes)('%s', (name, bytes) => {
    const tape = parseTape(bytes);
    const one = cases.find((each) => each.name === name);
    const facts = factsOf(engine, recordedExchanges(bytes), apiVersion);

    // Where answers overlap, the last one is not that of the last request.
    const hows = one?.overlaps ? [] : (['eof', 'reset'] as const);
    const cuts = wireNames.flatMap((wire) => hows.map((how) => ({ wire, how })));
    // covers: fault 0.1
    it.each(cuts)('is a failure when its last answer is cut short anywhere ($how, wire $wire)', async ({ wire, how }) => {
      if (one === undefined) throw new Error('a tape without a case');
      for (const cut of cutShort(tape, how)) {
        const warned: string[] = [];
        const onWarning: ImageClientOptions['onWarning'] = ({ kind }) => warned.push(kind);
        await using docker = new ImageClient({ ...one.client, wire, dialer: replayDialer(cut), onWarning });
        const outcome = Promise.resolve(one.run(docker, environment(tape)));
        if (details.some(([where, what]) => where.test(engine) && what.test(name))) {
          // A head that came tells a status, and that may be answer enough: 404.
          const error = await outcome.then(() => undefined, (reason: unknown) => reason);
          if (error === undefined) expect(warned).toContain('unchecked');
          else expect(error).toBeInstanceOf(LongshoreError);
        } else await expect(outcome).rejects.toThrow(LongshoreError);
      }
    });

    // covers: fault 6
    it.each(runs)('gives what the engine said ($pieces, wire $wire)', async ({ wire, pieces }) => {
      const expected = expectations[name];
      if (one === undefined || expected === undefined) throw new Error('a tape without a case');
      const outcome = await replayed(tape, { pieces }, { ...one.client, wire }, (docker) => one.run(docker, environment(tape)));
      judge(outcome, expected(facts));
      const [reason, Class, except] = meanings[name] ?? [];
      if (Class === undefined || outcome.error === undefined || except?.test(engine)) return;
      expect(outcome.error).toBeInstanceOf(Class);
      expect(outcome.error).toMatchObject({ reason });
    });
  });

  it('are there for all cases that the engine has all for', async () => {
    const due: string[] = [];
    for (const one of cases) if (await isDue(engine, one)) due.push(one.name);
    expect(tapes.map(([name]) => name).sort()).toEqual(due.sort());
  });
}

/** Declares the tests of the tapes that were written by hand, from the documents. */
export function testDocumentTapes(): void {
  describe.each(tapesOf(DOCUMENTS))('%s', (name, bytes) => {
    const tape = parseTape(bytes);
    const one = documentCases[name];

    it('says in its header which document it is from', () => {
      expect(tape.header.command).toMatch(/^written by hand from moby's api\/docs\/v1\.5[2-6]\.yaml, /);
    });

    it.each(runs)('gives what the document says ($pieces, wire $wire)', async ({ wire, pieces }) => {
      if (one === undefined) throw new Error('a tape without a case');
      const outcome = await replayed(tape, { pieces }, { wire }, one.run);
      if (one.error === undefined) judge(outcome, { value: one.value });
      else expect(outcome.error).toMatchObject(one.error);
    });
  });

  it('are there for all cases', () => {
    expect(tapesOf(DOCUMENTS).map(([name]) => name).sort()).toEqual(Object.keys(documentCases).sort());
  });
}

/** What the case was recorded with; a password is on no tape, and none is compared. */
function environment({ header: { command } }: Tape): TapeEnvironment {
  const named = (variable: string): string | undefined => new RegExp(`\\b${variable}=(\\S+)`).exec(command)?.[1];
  const login = named('REGISTRY_LOGIN');
  return {
    registry: named('REGISTRY'),
    login: login === undefined ? undefined : { registry: login, username: 'u', password: 'any' },
    packTar,
  };
}

/** The version that the engine speaks, as its own tape has it. */
function versionOf(tapes: ReadonlyArray<readonly [name: string, bytes: Buffer]>): string {
  const [, bytes] = tapes.find(([name]) => name === 'ping') ?? [];
  return recordedExchanges(bytes ?? Buffer.alloc(0)).at(-1)?.fields.get('api-version') ?? '1.24';
}

/** Whether the engine must have been recorded at it, by what its own tape of `supports` lets the client find out. */
async function isDue(engine: string, { name, podman, needs = [] }: TapeCase): Promise<boolean> {
  if (podman === true && !engine.startsWith('podman')) return false;
  if (absences.some(([where, what]) => where.test(engine) && what.test(name))) return false;
  const [, bytes] = tapesOf(engine).find(([each]) => each === 'supports') ?? [];
  if (bytes === undefined) return true;
  await using docker = new ImageClient({ dialer: replayDialer(parseTape(bytes)) });
  for (const subject of [needs].flat()) if (!(await docker.supports(subject))) return false;
  return true;
}

/** Runs it with the tape as its engine; afterwards nothing is left on the tape, and the client has heard it all. */
async function replayed(
  tape: Tape,
  options: ReplayOptions,
  client: Partial<ImageClientOptions>,
  run: (docker: ImageClient) => PromiseLike<unknown>,
): Promise<Outcome> {
  const dialer = replayDialer(tape, options);
  const again = recorder(dialer, tape.header);
  await using docker = new ImageClient({ ...client, dialer: again.dialer });
  const outcome: Outcome = {};
  try {
    outcome.value = await run(docker);
  } catch (error) {
    outcome.error = error;
  }
  expect(dialer.remaining()).toEqual([]);
  // Recorded while it is replayed: the answers came through as they are, up to where the client had seen enough.
  const heard = received(again.tape());
  expect(heard.equals(received(tape).subarray(0, heard.length))).toBe(true);
  return outcome;
}

/** The tape with the last answer cut at a dozen places, the first and the last byte among them. */
function cutShort({ header, records }: Tape, how: 'eof' | 'reset'): Tape[] {
  const before = records.slice(0, records.findLastIndex(({ type }) => type === 'sent') + 1);
  const answer = received({ header, records: records.slice(before.length) });
  const next = random(answer.length);
  const lengths = [0, 1, answer.length - 1, ...Array.from({ length: 9 }, () => integer(next, 0, answer.length - 1))];
  return lengths.map((length) => {
    const part = { type: 'received', connection: 1, bytes: answer.subarray(0, length) } as const;
    return { header, records: [...before, part, { type: 'over', connection: 1, how }] };
  });
}

/** All that was received, one connection after the other. */
function received({ records }: Tape): Buffer {
  const all = records.flatMap((record) => (record.type === 'received' ? [record] : []));
  all.sort((a, b) => a.connection - b.connection); // which keeps the order on each
  return Buffer.concat(all.map(({ bytes }) => bytes));
}

function judge(outcome: Outcome, expected: Expectation): void {
  if ('check' in expected) return expected.check(outcome);
  if ('apiError' in expected) {
    expect(outcome.error).toBeInstanceOf(ApiError);
    expect(outcome.error).toMatchObject(expected.apiError);
    return;
  }
  if (outcome.error !== undefined) throw outcome.error;
  expect(outcome.value).toEqual(expected.value);
}
