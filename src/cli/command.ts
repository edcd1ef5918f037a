// What a command is: its row in the table, and what it is given when it runs.

import type { EngineReport, EnvironmentOptions, ImageClient, Warn } from '../index.ts';
import type { Recording, RecordOptions } from '../testing.ts';

/** One option, as `util.parseArgs` takes it, with what the help says of it. */
export interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: true;
  /** What its value is called in the help, `FILE`. */
  readonly value?: string;
  /** The only values that it takes. */
  readonly choices?: readonly string[];
  readonly help: string;
}
export type Options = Readonly<Record<string, Option>>;

/** What was given for the options. */
export type Values<All extends Options> = { readonly [Name in keyof All]?: ValueOf<All[Name]> | undefined };
type ValueOf<One extends Option> = One extends { type: 'boolean' }
  ? boolean
  : One extends { multiple: true }
    ? readonly string[]
    : string;

/** The options that every command takes. */
export const globalOptions = {
  host: { type: 'string', short: 'H', multiple: true, value: 'HOST', help: 'The engine; default: see longshore context' },
  context: { type: 'string', multiple: true, value: 'NAME', help: 'The engine of this context of docker' },
  json: { type: 'boolean', help: 'Print JSON, one event a line where there is progress' },
  format: { type: 'string', value: 'json', choices: ['json'], help: 'The same, as docker spells it; there are no templates' },
  quiet: { type: 'boolean', short: 'q', help: 'Print results only, no progress' },
  'no-color': { type: 'boolean', help: 'Print no colors; NO_COLOR does the same' },
  help: { type: 'boolean', short: 'h', help: 'Print this help' },
} as const satisfies Options;

/** A row of the command table. */
export interface Command<Own extends Options = Options> {
  readonly name: string;
  /** What the docker command calls it, where that is another word. */
  readonly alias?: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** What follows the options: `IMAGE...`. */
  readonly usage: string;
  /** How many operands it takes. */
  readonly operands: readonly [least: number, most: number];
  /** What a shell offers for them: names of images, files, or these words. */
  readonly completes?: 'image' | 'file' | readonly string[];
  readonly options: Own;
  /** Whether it may be given several engines, on all of which it then runs at the same time. */
  readonly fleet?: true;
  /** Whether Ctrl-C is how it ends, and no failure. */
  readonly untilInterrupted?: true;
  /** Throws a `UsageError` where the values of the options contradict each other. */
  check?(values: Values<Own>): void;
  /** What is asked before it begins, unless `--force` is given. */
  question?(values: Values<Own>): string;
  run(call: Call<Own>): Promise<void>;
}

/** A row whose `run` sees the values of its own options by their types. */
export function command<const Own extends Options>(row: Command<Own>): Command {
  return row as unknown as Command; // the parser gives each row the values of its own options, and no other's
}

/** One run of a command. */
export interface Call<Own extends Options = Options> {
  readonly operands: readonly string[];
  readonly values: Values<Own> & Values<typeof globalOptions>;
  /** The engine that the command line names; its own rules find it where neither member is there. */
  readonly engine: Pick<EngineOptions, 'host' | 'context'>;
  readonly io: Io;
  /** For results. */
  readonly print: Printer;
  /** Every command there is. */
  readonly commands: readonly Command[];
  /** The engine's client: made when first asked for, closed when the command is done. */
  client(): Promise<ImageClient>;
  /** Prints what went wrong, and with which operand, and goes on; the exit code will tell. Rethrows what ends the run. */
  failed(error: unknown, operand?: string): void;
}

/** Where the results of a command go: to standard output, or among those of other engines. */
export interface Printer {
  /** Whole lines, for people. */
  text(lines: string): Promise<void>;
  /** A result as JSON. */
  json(value: object): Promise<void>;
  /** One value of a stream of JSON, on a line of its own. */
  event(value: object): Promise<void>;
  /** How many columns a line of text may have; `Infinity` where nobody looks at a terminal. */
  readonly columns: number;
}

/** The world as a command sees it. `main.ts` makes it of the process, tests of strings. */
export interface Io {
  readonly stdin: Input;
  /** For data. Writing rejects with an `OutputClosedError` when nobody reads any more. */
  readonly stdout: Output;
  /** For messages and progress. Writing never rejects. */
  readonly stderr: Output;
  /** Aborted by Ctrl-C and the like, with an `Interruption` as its reason. */
  readonly signal: AbortSignal;
  /** Whether stderr takes colors, and nobody asked for none. */
  readonly color: boolean;
  /** Whether errors show their stack. */
  readonly debug: boolean;
  /** What SOURCE_DATE_EPOCH says: the time of files in what is to be reproducible. */
  readonly sourceDateEpoch: string | undefined;
  now(): number;
  isFolder(path: string): Promise<boolean>;
  /** Rejects with the system's error where there is no such file, or where it must not be read. */
  checkReadable(path: string): Promise<void>;
  connect(options: EngineOptions): Promise<ImageClient>;
  /** Which engine `connect` would give a client of. */
  explain(options: EngineOptions): Promise<EngineReport>;
  record(file: string, options: RecordOptions): Promise<Recording>;
}

/** Which engine the command line names, and who hears of warnings. */
export interface EngineOptions extends Pick<EnvironmentOptions, 'host' | 'context'> {
  readonly onWarning?: Warn;
}

export interface Input {
  readonly isTerminal: boolean;
  bytes(): AsyncIterable<Uint8Array>;
  /** What a person types before Return; rejects with the signal's reason. */
  line(signal: AbortSignal): Promise<string>;
}

export interface Output {
  readonly isTerminal: boolean;
  columns(): number;
  rows(): number;
  /** Resolves when the data is on its way: waiting for it is what slows the engine to the reader's pace. */
  write(data: string | Uint8Array): Promise<void>;
}

/** Thrown when a command line cannot be meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown when who read our output has gone, as `head` does: no failure. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

/** Why a run was broken off. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`interrupted by ${signal}`);
    this.exitCode = exitCode;
  }
}
