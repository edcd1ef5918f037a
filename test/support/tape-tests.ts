// Tests of recorded tapes: each tape is replayed in several ways over both wires, and with its last answer cut. Each test
// file in test/tapes/ calls this for one engine.
//
// A tape is one test. It runs its case (tape-cases.mjs) against a client whose dialer answers from the tape, and compares the
// outcome with what the tape's bytes say (tape-expectations.ts reads them without longshore).

import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { ApiError, ImageClient, LongshoreError, packTar } from '../../src/index.ts';
import type { ImageClientOptions } from '../../src/index.ts';
import { parseTape, recorder, replayDialer } from '../../src/testing.ts';
import type { ReplayDialerOptions, Tape } from '../../src/testing.ts';
import { documentCases } from './document-cases.ts';
import { integer, random } from './random.ts';
import { DOCUMENTS, recordedExchanges, tapesOf } from './recorded.ts';
import { checkForSecrets } from './secret-watch.ts';
import { cases } from './tape-cases.mjs';
import type { TapeCase, TapeEnvironment } from './tape-cases.mjs';
import { expectations, factsOf, meanings } from './tape-expectations.ts';
import type { Expectation, Outcome } from './tape-expectations.ts';
import { wireNames } from './wires.ts';
import type { WireName } from './wires.ts';

/** Cases without a tape although the engine supports what they need: the engines, the cases, the reason. */
export const absences: ReadonlyArray<readonly [engine: RegExp, name: RegExp, reason: string]> = [
  [/^podman-/, /^import-refused-early$/, 'Podman reads an upload to its end before it looks at the changes'],
  [/^podman-4\.3$/, /^prune-label-not$/, 'Podman before 5.2 takes several labels for alternatives, so such a call is not sent'],
];

/**
 * Cases whose last request asks for a detail after the operation has finished. Without that answer the result lacks the detail, and
 * the client warns.
 */
const details: ReadonlyArray<readonly [engine: RegExp, name: RegExp]> = [
  [/^podman-/, /^(?:import|import-url|import-bad-platform|pull-policy-absent|push|push-login|push-multi)$/],
  [/^(?:podman-.*|docker-(?:20\.10|28\.5|28\.5-containerd|29\.99-containerd))$/, /^pull-platform-other$/],
];

/** The published bundle has the same code as the modules, so it replays each tape once. */
const isBundle = process.env['TEST_TARGET'] === 'dist';
const ways: ReadonlyArray<NonNullable<ReplayDialerOptions['pieces']>> = isBundle ? ['whole'] : ['whole', 'bytes', 1, 2, 3, 4];
/** The node:http wire takes several times as long, and where answers are split matters to our own parser: fewer ways. */
const waysOver: Readonly<Record<WireName, typeof ways>> = { own: ways, 'node:http': ways.slice(0, 3) };

/** One way to replay a tape: its name, and a function that throws when the client does something wrong. */
interface Replay {
  readonly way: string;
  readonly run: () => Promise<void>;
}

/**
 * Replays a tape in every way. All of them run, also after a failure; then one error names each way that failed, and has the
 * first failure as its cause. After each way, everything it printed or threw is searched for secrets.
 */
async function replayInEachWay(replays: readonly Replay[]): Promise<void> {
  const failures: Array<readonly [way: string, error: unknown]> = [];
  for (const { way, run } of replays) {
    try {
      await run();
      checkForSecrets();
    } catch (error) {
      failures.push([way, error]);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  const lines = failures.map(([way, error]) => `- ${way}: ${error instanceof Error ? error.message : String(error)}\n`);
  throw new Error(`${failures.length} of ${replays.length} replays failed:\n${lines.join('')}`, { cause: first[1] });
}

/** Declares the tests of an engine's tapes. */
export function testTapesOf(engine: string): void {
  const tapes = tapesOf(engine);
  const apiVersion = versionOf(tapes);

  // covers: fault 0.1, fault 6
  it.each(tapes)('%s: each replay gives the recorded outcome, and each cut of the last answer is an error', async (name, bytes) => {
    const tape = parseTape(bytes);
    const one = cases.find((each) => each.name === name);
    const expected = expectations[name];
    if (one === undefined || expected === undefined) throw new Error('a tape without a case');
    const facts = factsOf(engine, recordedExchanges(bytes), apiVersion);
    const whole = wireNames.flatMap((wire) => {
      return waysOver[wire].map((pieces): Replay => ({
        way: `pieces ${pieces}, over ${wire}`,
        run: async () => {
          const outcome = await replayed(tape, { pieces }, { ...one.client, wire }, (docker) => one.run(docker, environment(tape)));
          judge(outcome, expected(facts));
          judgeMeaning(engine, name, outcome);
        },
      }));
    });
    // Where answers overlap, the last answer on the tape does not belong to the last request.
    const cuts = one.overlaps || isBundle ? [] : cutsOf(tape);
    const cut = wireNames.flatMap((wire) => {
      return cuts.map(({ how, at, tape: shortened }): Replay => ({
        way: `cut at byte ${at} by ${how}, over ${wire}`,
        run: () => checkCut(engine, one, wire, shortened),
      }));
    });
    await replayInEachWay([...whole, ...cut]);
  });

  it('each case that the engine supports has a tape', async () => {
    expect(tapes.map(([name]) => name).sort()).toEqual((await casesDue(engine, tapes)).sort());
  });
}

/** Checks the class and the reason of an error that means the same on all engines. */
function judgeMeaning(engine: string, name: string, { error }: Outcome): void {
  const [reason, Class, except] = meanings[name] ?? [];
  if (Class === undefined || error === undefined || except?.test(engine)) return;
  expect(error).toBeInstanceOf(Class);
  expect(error).toMatchObject({ reason });
}

/** Runs a case with a tape whose last answer is cut: an error must come of it, or a warning where a detail was asked for. */
async function checkCut(engine: string, one: TapeCase, wire: WireName, tape: Tape): Promise<void> {
  const warned: string[] = [];
  const onWarning: ImageClientOptions['onWarning'] = ({ kind }) => warned.push(kind);
  await using docker = new ImageClient({ ...one.client, wire, dialer: replayDialer(tape), onWarning });
  const error = await Promise.resolve(one.run(docker, environment(tape))).then(() => undefined, (reason: unknown) => reason);
  // Nearly all of the many cuts end here. An assertion takes longer than this comparison.
  if (error instanceof LongshoreError) return;
  const isDetail = details.some(([where, what]) => where.test(engine) && what.test(one.name));
  // The head alone has a status, and a status can be enough of a response: 404.
  if (error === undefined && isDetail) expect(warned).toContain('unchecked');
  else expect(error).toBeInstanceOf(LongshoreError);
}

/** Declares the tests of the tapes that were written by hand, from the documents. */
export function testDocumentTapes(): void {
  it.each(tapesOf(DOCUMENTS))('%s: the header names its document, and each replay gives what the document says', async (name, bytes) => {
    const tape = parseTape(bytes);
    const one = documentCases[name];
    expect(tape.header.command).toMatch(/^written by hand from moby's api\/docs\/v1\.5[2-6]\.yaml, /);
    if (one === undefined) throw new Error('a tape without a case');
    await replayInEachWay(wireNames.flatMap((wire) => {
      return waysOver[wire].map((pieces): Replay => ({
        way: `pieces ${pieces}, over ${wire}`,
        run: async () => {
          const outcome = await replayed(tape, { pieces }, { wire }, one.run);
          if (one.error === undefined) judge(outcome, { value: one.value });
          else expect(outcome.error).toMatchObject(one.error);
        },
      }));
    }));
  });

  it('each case has a tape', () => {
    expect(tapesOf(DOCUMENTS).map(([name]) => name).sort()).toEqual(Object.keys(documentCases).sort());
  });
}

/** The environment of the recording. Tapes contain no password, and replays compare none. */
function environment({ header: { command } }: Tape): TapeEnvironment {
  const named = (variable: string): string | undefined => new RegExp(`\\b${variable}=(\\S+)`).exec(command)?.[1];
  const login = named('REGISTRY_LOGIN');
  return {
    registry: named('REGISTRY'),
    login: login === undefined ? undefined : { registry: login, username: 'u', password: 'any' },
    packTar,
  };
}

/** The API version of the engine, from its tape of `ping`. */
function versionOf(tapes: ReadonlyArray<readonly [name: string, bytes: Buffer]>): string {
  const [, bytes] = tapes.find(([name]) => name === 'ping') ?? [];
  return recordedExchanges(bytes ?? Buffer.alloc(0)).at(-1)?.fields.get('api-version') ?? '1.24';
}

/** The names of the cases that the engine must have a tape of: its own tape of `supports` tells the client what it has. */
async function casesDue(engine: string, tapes: ReadonlyArray<readonly [name: string, bytes: Buffer]>): Promise<string[]> {
  const [, bytes] = tapes.find(([name]) => name === 'supports') ?? [];
  await using docker = bytes && new ImageClient({ dialer: replayDialer(parseTape(bytes)) });
  const due: string[] = [];
  for (const { name, podman, needs = [] } of cases) {
    if (podman === true && !engine.startsWith('podman')) continue;
    if (absences.some(([where, what]) => where.test(engine) && what.test(name))) continue;
    let isSupported = true;
    for (const subject of [needs].flat()) isSupported &&= (await docker?.supports(subject)) ?? true;
    if (isSupported) due.push(name);
  }
  return due;
}

/** Runs a case with the tape as the engine, and checks that all of the tape was played and received. */
async function replayed(
  tape: Tape,
  options: ReplayDialerOptions,
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
  // The replay is recorded again: the client received the answers unchanged, up to where it stopped reading.
  const heard = received(again.tape());
  expect(heard.equals(received(tape).subarray(0, heard.length))).toBe(true);
  return outcome;
}

/** The tape with its last answer cut at a dozen places, the first and the last byte among them, by an end and by a reset. */
function cutsOf({ header, records }: Tape): Array<{ readonly how: 'eof' | 'reset'; readonly at: number; readonly tape: Tape }> {
  const before = records.slice(0, records.findLastIndex(({ type }) => type === 'sent') + 1);
  const answer = received({ header, records: records.slice(before.length) });
  const next = random(answer.length);
  const lengths = [0, 1, answer.length - 1, ...Array.from({ length: 9 }, () => integer(next, 0, answer.length - 1))];
  return (['eof', 'reset'] as const).flatMap((how) => lengths.map((at) => {
    const part = { type: 'received', connection: 1, bytes: answer.subarray(0, at) } as const;
    return { how, at, tape: { header, records: [...before, part, { type: 'over', connection: 1, how }] } };
  }));
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
  const { value } = outcome;
  // An assertion compares buffers element by element, which takes longer than all the rest of a replay.
  if (Buffer.isBuffer(value) && Buffer.isBuffer(expected.value)) expect(value.equals(expected.value)).toBe(true);
  else expect(value).toEqual(expected.value);
}
