// The survey of engines: what each of them does with every operation and parameter of the endpoint table. A live run writes
// what it saw to fixtures/engines/<engine>.json; the table in fixtures/engines/README.md is made of those files.

import { readFileSync, readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Endpoint } from '../../src/api/parameters.ts';
import { endpoints } from '../../src/api/endpoints.ts';
import { LongshoreError, VersionError } from '../../src/index.ts';

/** What was seen of one engine. */
export interface EngineSurvey {
  /** `"Docker 28.5, containerd store"`. */
  readonly engine: string;
  /** The newest API version that it speaks. */
  readonly api: string;
  /** Whether a live engine was used, or only its recorded traffic. */
  readonly source: 'live' | 'tapes';
  /** By subject, `"images"` or `"images.all"`. */
  readonly cells: Readonly<Record<string, string>>;
}

/** One comparison: what a call gives without the parameter and with it, and what the parameter promises. */
export interface Observation {
  /** What was compared, if there are several comparisons: a key of the filters. */
  readonly of?: string;
  /** Absent for an operation, and for a required parameter. */
  readonly without?: unknown;
  readonly with: unknown;
  readonly promised: unknown;
}

/** Every operation and every parameter. */
export const subjects: readonly string[] = Object.entries<Endpoint>(endpoints).flatMap(([operation, { parameters }]) => [
  operation,
  ...Object.keys(parameters).map((name) => `${operation}.${name}`),
]);

/** The folder of the JSON files and their table. */
export const FOLDER: URL = new URL('../../fixtures/engines/', import.meta.url);

/** All committed surveys, by the file name without ".json". */
export function readSurveys(): Map<string, EngineSurvey> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json')).sort();
  return new Map(files.map((file) => [file.slice(0, -'.json'.length), JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))]));
}

/** What a call gives, or the words for its error. */
export async function outcome<Value>(call: PromiseLike<Value>): Promise<Value | string> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof VersionError) return refusal(error);
    if (!(error instanceof LongshoreError)) throw error;
    const { reason } = error as { reason?: string };
    return `fails with ${error.name}${reason === undefined ? '' : ` (${reason})`}`;
  }
}

/** The words of a cell: "works", or what is different. */
export function cellOf(observations: readonly Observation[]): string {
  const faults = observations.flatMap((each) => {
    const words = faultOf(each);
    return words === undefined ? [] : [each.of === undefined ? words : `${each.of} ${words}`];
  });
  if (faults.length === 0) return 'works';
  return faults.every((words) => words.startsWith(REFUSED)) ? faults.join('; ') : `differs: ${faults.join('; ')}`;
}

function faultOf(observation: Observation): string | undefined {
  const { with: seen, without, promised } = observation;
  const isCompared = 'without' in observation;
  const isSame = isCompared && isDeepStrictEqual(seen, without);
  if (!isDeepStrictEqual(seen, promised)) return isSame ? `${IGNORED} (${shown(seen)})` : shown(seen);
  return isSame ? `has the same answer without it (${shown(seen)})` : undefined;
}

/** The word for a parameter that the engine accepts without effect: no cell may contain it. */
export const IGNORED = 'is ignored';

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The text for a parameter that our version check rejects. */
export function refusal({ needed }: VersionError): string {
  return `${REFUSED} (VersionError, needs ${/^[0-9]/.test(needed) ? `API ${needed}` : needed})`;
}
const REFUSED = 'refused';

/** The table of the README. */
export function surveyTable(surveys: ReadonlyMap<string, EngineSurvey>): string {
  const columns = [...surveys.values()];
  const head = ['', ...columns.map(({ engine, api, source }) => `${engine} (API ${api}${source === 'tapes' ? ', from tapes' : ''})`)];
  const rows = subjects.map((subject) => [`\`${subject}\``, ...columns.map(({ cells }) => cells[subject] ?? 'missing')]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return lines.join('\n');
}
