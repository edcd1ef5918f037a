// Runs one command on several engines at the same time. Each line of stderr starts with the name of its engine; a table at
// the end shows all results.

import type { Work } from './arguments.ts';
import type { Call, Io, Output, Printer } from './command.ts';
import { fittedTable } from './fitted-table.ts';
import { fitEnd, printable, widthOf } from './printable.ts';
import { columnsOf, jsonLine } from './printer.ts';

/** The outcome on one engine. */
interface Outcome {
  readonly exitCode: number;
  /** One line for each failure. */
  readonly failures: readonly string[];
}

interface Run extends Outcome {
  /** The host or context, as the user wrote it. */
  readonly engine: string;
  /** The printed lines. */
  readonly lines: readonly string[];
}

type Perform = (engine: Call['engine'], io: Io, print: Printer) => Promise<Outcome>;

/** Runs the command on all engines. Resolves with the exit code: 0 only if everything succeeded on all engines. */
export async function runOnFleet({ engines, values }: Work, io: Io, perform: Perform): Promise<number> {
  const names = engines.map(({ host, context }) => host ?? context ?? '');
  // The prefix gets at most a third of the terminal.
  const width = Math.min(Math.max(...names.map((name) => widthOf(shortName(name)))), Math.floor(columnsOf(io.stderr) / 3));
  const asJson = values.json === true;
  const runs = await Promise.all(
    names.map(async (name, index): Promise<Run> => {
      const lines: string[] = [];
      const print = asJson ? jsonPrinter(io.stdout, name) : collectingPrinter(lines, columnsOf(io.stdout));
      const ownIo = { ...io, stderr: prefixed(io.stderr, prefixOf(name, width)) };
      return { engine: name, lines, ...(await perform(engines[index] ?? {}, ownIo, print)) };
    }),
  );
  if (!io.signal.aborted) await io.stdout.write(asJson ? outcomeLines(runs) : resultTable(runs, columnsOf(io.stdout)));
  return Math.max(...runs.map(({ exitCode }) => exitCode));
}

/** Returns the address without its scheme. */
function shortName(engine: string): string {
  return printable(engine.replace(/^[a-z]+:\/\//, ''));
}

function prefixOf(engine: string, width: number): string {
  const name = fitEnd(shortName(engine), width);
  return `${name}${' '.repeat(width - widthOf(name))} | `;
}

/** Returns an output that adds the prefix to each line. It is not a terminal, because engines cannot share one for progress bars. */
function prefixed(output: Output, prefix: string): Output {
  return {
    isTerminal: false,
    columns: () => output.columns(),
    rows: () => output.rows(),
    write: (data) => output.write(String(data).replace(/^(?=[^\n])/gm, prefix)),
  };
}

/** Returns a printer that collects lines for the table. */
function collectingPrinter(lines: string[], columns: number): Printer {
  const keep = async (text: string): Promise<void> => {
    // One line at a time, because 100,000 arguments in one call exceed the stack.
    for (const line of text.split('\n')) if (line !== '') lines.push(line);
  };
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
  const rows = runs.flatMap(({ engine, lines, failures, exitCode }) => {
    const results = [...lines.map((text) => ['done', text]), ...failures.map((text) => ['failed', text])];
    if (results.length === 0) results.push([exitCode === 0 ? 'done' : 'failed', '']);
    return results.map((cells) => [shortName(engine), ...cells]);
  });
  const columns = [{ title: 'ENGINE', least: 8, keep: 'end' }, { title: 'RESULT' }, { title: 'DETAIL', least: 10 }] as const;
  return fittedTable(columns, rows, room);
}
