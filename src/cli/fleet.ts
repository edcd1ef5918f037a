// The same work on several engines at the same time: their lines with their names before them, one table at the end.

import type { Work } from './arguments.ts';
import type { Call, Io, Output, Printer } from './command.ts';
import { fittedTable } from './fitted-table.ts';
import { fitEnd, printable, widthOf } from './printable.ts';
import { columnsOf, jsonLine } from './printer.ts';

/** What came of it on one engine. */
interface Outcome {
  readonly exitCode: number;
  /** What went wrong, each in a line. */
  readonly failures: readonly string[];
}

interface Run extends Outcome {
  /** As it was named. */
  readonly engine: string;
  /** The lines that it printed. */
  readonly said: readonly string[];
}

type Perform = (engine: Call['engine'], io: Io, print: Printer) => Promise<Outcome>;

/** Resolves with the exit code: 0 only where all of them did all of it. */
export async function runOnFleet({ engines, values }: Work, io: Io, perform: Perform): Promise<number> {
  const names = engines.map(({ host, context }) => host ?? context ?? '');
  // Of a terminal, a third at most.
  const width = Math.min(Math.max(...names.map((name) => widthOf(shortName(name)))), Math.floor(columnsOf(io.stderr) / 3));
  const asJson = values.json === true;
  const runs = await Promise.all(
    names.map(async (name, index): Promise<Run> => {
      const said: string[] = [];
      const print = asJson ? jsonPrinter(io.stdout, name) : keptLines(said, columnsOf(io.stdout));
      const ownIo = { ...io, stderr: prefixed(io.stderr, prefixOf(name, width)) };
      return { engine: name, said, ...(await perform(engines[index] ?? {}, ownIo, print)) };
    }),
  );
  if (!io.signal.aborted) await io.stdout.write(asJson ? outcomeLines(runs) : resultTable(runs, columnsOf(io.stdout)));
  return Math.max(...runs.map(({ exitCode }) => exitCode));
}

/** The address without its scheme, which says nothing that its form does not. */
function shortName(engine: string): string {
  return printable(engine.replace(/^[a-z]+:\/\//, ''));
}

function prefixOf(engine: string, width: number): string {
  const name = fitEnd(shortName(engine), width);
  return `${name}${' '.repeat(width - widthOf(name))} | `;
}

/** Whole lines only, each with the name; a terminal that several engines share has no room for their bars. */
function prefixed(output: Output, prefix: string): Output {
  return {
    isTerminal: false,
    columns: () => output.columns(),
    rows: () => output.rows(),
    write: (data) => output.write(String(data).replace(/^(?=[^\n])/gm, prefix)),
  };
}

function keptLines(said: string[], columns: number): Printer {
  const keep = async (text: string): Promise<void> => void said.push(...text.split('\n').filter((line) => line !== ''));
  return { text: keep, json: (value) => keep(JSON.stringify(value)), event: async () => {}, columns };
}

function jsonPrinter(stdout: Output, engine: string): Printer {
  const write = (value: object): Promise<void> => {
    return stdout.write(jsonLine({ engine, ...(Array.isArray(value) ? { items: value as unknown[] } : value) }));
  };
  return { text: async () => {}, json: write, event: write, columns: Infinity };
}

function outcomeLines(runs: readonly Run[]): string {
  const outcomes = runs.map(({ engine, exitCode, failures }) => ({ engine, type: 'outcome', ok: exitCode === 0, failures }));
  return outcomes.map(jsonLine).join('');
}

function resultTable(runs: readonly Run[], room: number): string {
  const rows = runs.flatMap(({ engine, said, failures, exitCode }) => {
    const lines = [...said.map((text) => ['done', text]), ...failures.map((text) => ['failed', text])];
    if (lines.length === 0) lines.push([exitCode === 0 ? 'done' : 'failed', '']);
    return lines.map((cells) => [shortName(engine), ...cells]);
  });
  const columns = [{ title: 'ENGINE', least: 8, keep: 'end' }, { title: 'RESULT' }, { title: 'WHAT', least: 10 }] as const;
  return fittedTable(columns, rows, room);
}
