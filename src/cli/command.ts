// What a command is: its row in the table, and what it is given when it runs.

import type { EngineReport, EnvironmentOptions, ImageClient, Warn } from '../index.ts';

/** One option, as `util.parseArgs` takes it, with what the help says of it. */
export interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: true;
  /** What its value is called in the help, `FILE`. */
  readonly value?: string;
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
  host: { type: 'string', short: 'H', value: 'HOST', help: 'The engine; default: see longshore context' },
  context: { type: 'string', value: 'NAME', help: 'The engine of this context of docker' },
  json: { type: 'boolean', help: 'Print JSON, one event a line where there is progress' },
  quiet: { type: 'boolean', short: 'q', help: 'Print results only, no progress' },
  'no-color': { type: 'boolean', help: 'Print no colors; NO_COLOR does the same' },
  help: { type: 'boolean', short: 'h', help: 'Print this help' },
} as const satisfies Options;

/** A row of the command table. */
export interface Command<Own extends Options = Options> {
  readonly name: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** What follows the options: `IMAGE...`. */
  readonly usage: string;
  /** How many operands it takes. */
  readonly operands: readonly [least: number, most: number];
  readonly options: Own;
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
  readonly io: Io;
  /** The engine's client: made when first asked for, closed when the command is done. */
  client(): Promise<ImageClient>;
  /** Prints what went wrong, and with which operand, and goes on; the exit code will tell. Rethrows what ends the run. */
  failed(error: unknown, operand?: string): void;
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
  now(): number;
  connect(options: EngineOptions): Promise<ImageClient>;
  /** Which engine `connect` would give a client of. */
  explain(options: EngineOptions): Promise<EngineReport>;
}

/** Which engine the command line names, and who hears of warnings. */
export interface EngineOptions extends Pick<EnvironmentOptions, 'host' | 'context'> {
  readonly onWarning?: Warn;
}

export interface Input {
  readonly isTerminal: boolean;
  bytes(): AsyncIterable<Uint8Array>;
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
