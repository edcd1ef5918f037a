// The types of a command: its row in the command table, and the object that `run` gets.

import type { Credentials, EngineReport, EnvironmentOptions, ImageClient, Warn } from '../index.ts';
import type { Recording, RecordOptions } from '../testing.ts';

/** One option: the settings of `util.parseArgs`, and the texts for the help. */
export interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: true;
  /** The name of its value in the help, for example `FILE`. */
  readonly value?: string;
  /** The allowed values; undefined: any value. */
  readonly choices?: readonly string[];
  /** Values that shells complete, if others are allowed, too. */
  readonly suggests?: readonly string[];
  readonly help: string;
}
export type Options = Readonly<Record<string, Option>>;

/** The parsed values of options. */
export type Values<All extends Options> = { readonly [Name in keyof All]?: ValueOf<All[Name]> | undefined };
type ValueOf<One extends Option> = One extends { type: 'boolean' }
  ? boolean
  : One extends { multiple: true }
    ? readonly string[]
    : string;

/** The options that every command accepts. */
export const globalOptions = {
  host: { type: 'string', short: 'H', multiple: true, value: 'HOST', help: 'Use this engine; default: see longshore context' },
  context: { type: 'string', multiple: true, value: 'NAME', help: 'Use the engine of this docker context' },
  json: { type: 'boolean', help: 'Print JSON; progress as one event per line' },
  format: { type: 'string', value: 'json', choices: ['json'], help: 'Same as --json' },
  quiet: { type: 'boolean', short: 'q', help: 'Print results only, without progress' },
  'no-color': { type: 'boolean', help: 'Do not use colors; same as NO_COLOR' },
  help: { type: 'boolean', short: 'h', help: 'Print this help' },
} as const satisfies Options;

/** A row of the command table. */
export interface Command<Own extends Options = Options> {
  readonly name: string;
  /** Its name in the docker command, if that differs. */
  readonly alias?: string;
  /** One line for the help. */
  readonly summary: string;
  /** The operands as the help shows them, for example `IMAGE...`. */
  readonly usage: string;
  /** The minimum and maximum number of operands. */
  readonly operands: readonly [least: number, most: number];
  /** How shells complete operands: with image names, with files, or with these words. */
  readonly completes?: 'image' | 'file' | readonly string[];
  readonly options: Own;
  /** Whether it accepts several engines. It then runs on all of them at the same time. */
  readonly fleet?: true;
  /** Returns the engines that it writes to, if these are not those of --host and --context. It runs for all of them at the same time. */
  targets?(values: Values<Own>): ReadonlyArray<Call['engine']>;
  /** Whether Ctrl-C ends it normally, with exit code 0. */
  readonly untilInterrupted?: true;
  /** Throws a `UsageError` if the values of options contradict each other. */
  check?(values: Values<Own>): void;
  /** The question that the user must confirm before the command runs, unless `--force` is given; undefined for no question. */
  question?(values: Values<Own>): string | undefined;
  run(call: Call<Own>): Promise<void>;
}

/** Defines a row whose `run` gets typed values of its own options. */
export function command<const Own extends Options>(row: Command<Own>): Command {
  return row as unknown as Command; // the parser passes only a row's own option values to it
}

/** One run of a command. */
export interface Call<Own extends Options = Options> {
  readonly operands: readonly string[];
  readonly values: Values<Own> & Values<typeof globalOptions>;
  /** The engine that the command line names, or the target. If it names none, the rules of `ImageClient.fromEnvironment` apply. */
  readonly engine: Pick<EngineOptions, 'host' | 'context'>;
  readonly io: Io;
  /** The credentials of --creds. */
  readonly credentials: Credentials | undefined;
  /** Prints results. */
  readonly print: Printer;
  /** Loads all commands. */
  loadCommands(): Promise<readonly Command[]>;
  /** Returns the client of the engine. It is created at the first call and closed when the command ends. */
  client(): Promise<ImageClient>;
  /** Returns the client of the target, for a command with `targets`. It is created and closed like that of `client`. */
  target(): Promise<ImageClient>;
  /** Reports a failed operand and sets the exit code; the command continues. Rethrows an error that ends the run. */
  failed(error: unknown, operand?: string): void;
  /** Sets the exit code of a run in which nothing has failed. */
  endWith(exitCode: number): void;
}

/** Prints the results of a command to standard output, or collects them for the table of several engines. */
export interface Printer {
  /** Prints complete lines for people. */
  text(lines: string): Promise<void>;
  /** Prints a result as JSON. */
  json(value: object): Promise<void>;
  /** Prints one value of a JSON stream on one line. */
  event(value: object): Promise<void>;
  /** The width of the terminal in columns; `Infinity` if the output is not a terminal. */
  readonly columns: number;
}

/** All access to the outside: streams, files, the clock, engines. `program.ts` makes it from the process, tests from strings. */
export interface Io {
  readonly stdin: Input;
  /** For data. `write` rejects with an `OutputClosedError` if the reader has closed the pipe. */
  readonly stdout: Output;
  /** For messages and progress. `write` never rejects. */
  readonly stderr: Output;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. The reason is an `Interruption`. */
  readonly signal: AbortSignal;
  /** Whether to use colors on stderr. */
  readonly color: boolean;
  /** Whether to print stack traces. */
  readonly debug: boolean;
  /** The variable SOURCE_DATE_EPOCH: the modification time of packed files, in seconds since 1970. */
  readonly sourceDateEpoch: string | undefined;
  /** The variable LONGSHORE_PASSWORD. */
  readonly password: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  isFolder(path: string): Promise<boolean>;
  /** Reads a small text file. Rejects with the system error if it cannot be read. */
  readText(path: string): Promise<string>;
  /** Rejects with the system error if the file does not exist or is not readable. */
  checkReadable(path: string): Promise<void>;
  connect(options: EngineOptions): Promise<ImageClient>;
  /** Reports which engine `connect` would use. */
  explain(options: EngineOptions): Promise<EngineReport>;
  record(file: string, options: RecordOptions): Promise<Recording>;
}

/** The engine that the command line names, and a callback for warnings. */
export interface EngineOptions extends Pick<EnvironmentOptions, 'host' | 'context'> {
  readonly onWarning?: Warn;
}

export interface Input {
  readonly isTerminal: boolean;
  bytes(): AsyncIterable<Uint8Array>;
  /** Reads one line that a person types. Rejects with the reason of the signal. */
  line(signal: AbortSignal): Promise<string>;
  /** Reads one line that the terminal does not show, and calls `ready` before it. Rejects with the reason of the signal. */
  hiddenLine(ready: () => void, signal: AbortSignal): Promise<string>;
}

export interface Output {
  readonly isTerminal: boolean;
  columns(): number;
  rows(): number;
  /** Resolves when the data has been passed on. Awaiting it slows the engine to the speed of the reader. */
  write(data: string | Uint8Array): Promise<void>;
}

/** Thrown for an invalid command line; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Thrown when the reader of standard output has closed it, as `head` does. It is not a failure. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

/** The reason of an abort by a signal. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`interrupted by ${signal}`);
    this.exitCode = exitCode;
  }
}
