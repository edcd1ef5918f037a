// Parses a command line: finds the command, its options, its operands and its engines.

import { parseArgs } from 'node:util';
import { ConfigError, ImageClient, VERSION } from '../index.ts';
import { globalOptions, UsageError } from './command.ts';
import type { Call, Command, Option, Options } from './command.ts';
import { commands, loadCommands } from './commands.ts';
import type { CommandFile } from './commands.ts';
import { commandOfTwoWords, equivalentOf, hintFor, secondWords } from './docker-words.ts';
import { printable } from './printable.ts';

/** A command to run, or a text to print (help, version). */
export type Task = Work | { readonly text: (room: number) => string };

/** A command with its values and engines. If the command line names no engine, `engines` has one without host and context. */
export interface Work extends Pick<Call, 'operands' | 'values'> {
  readonly command: Command;
  readonly engines: ReadonlyArray<Call['engine']>;
  /** The targets of a command that has some. */
  readonly targets?: ReadonlyArray<Call['engine']> | undefined;
  readonly credentials?: Call['credentials'];
}

/** The options that are accepted without a command. */
const topOptions: Options = { ...globalOptions, version: { type: 'boolean', help: 'Print the version of longshore' } };

/** Parses a command line. `onCommand` is called before the arguments of the command are parsed, so that errors can name it. */
export async function parseCommandLine(argv: readonly string[], onCommand: (command: Command) => void): Promise<Task> {
  const words = await commandWords(argv);
  if (words.name === undefined) return withoutCommand(argv);
  if (words.name === 'help') return helpFor(words.rest);
  const command = await find(words.name).load();
  onCommand(command);
  return withCommand(command, words.rest);
}

interface CommandWords {
  readonly name: string | undefined;
  /** The other arguments. */
  readonly rest: readonly string[];
}

/** Finds the command: the first argument that is not an option and not the value of one. */
async function commandWords(argv: readonly string[]): Promise<CommandWords> {
  const { tokens } = parseArgs({ ...loose, args: [...argv], options: topOptions });
  const [first, second] = tokens.filter((token) => token.kind === 'positional');
  await refuseDockerOption(tokens, first?.value);
  if (first === undefined) return { name: undefined, rest: argv };
  const two = commandOfTwoWords(first.value, second?.value);
  const taken = two === undefined ? [first.index] : [first.index, second?.index];
  const name = two ?? first.value;
  const nextWords = two === undefined ? secondWords(name) : undefined;
  const rest = argv.filter((_, index) => !taken.includes(index));
  if (nextWords === undefined) return { name, rest };
  if (rest.some((word) => word === '--help' || word === '-h')) return { name: 'help', rest: [] };
  throw new UsageError(`longshore ${name} needs one of ${nextWords.join(', ')}`);
}

/** Rejects docker's options that precede its command: the value of such an option would look like the command. */
async function refuseDockerOption(tokens: ReturnType<typeof parseArgs>['tokens'], name: string | undefined): Promise<void> {
  for (const token of tokens ?? []) {
    if (token.kind === 'positional') return;
    if (token.kind !== 'option') continue;
    const equivalent = equivalentOf(token.rawName);
    if (equivalent === undefined) continue;
    // The options of a command may come before it.
    const command = await commands.find((each) => each.name === name)?.load();
    const isOwn = Object.values(command?.options ?? {}).some(({ short }) => `-${short}` === token.rawName);
    if (!isOwn) throw new UsageError(`unknown option ${token.rawName}: ${equivalent}`);
  }
}
const loose = { strict: false, allowPositionals: true, tokens: true } as const;

async function withoutCommand(argv: readonly string[]): Promise<Task> {
  const { values } = parse(argv, topOptions);
  if (values['version'] === true) return { text: () => `longshore ${VERSION}\n` };
  if (values['help'] === true || argv.length === 0) return allHelp();
  throw new UsageError(`missing command, one of ${commands.map((command) => command.name).join(', ')}`);
}

async function helpFor(argv: readonly string[]): Promise<Task> {
  const [first, second] = parse(argv, globalOptions).positionals;
  const name = first === undefined ? undefined : (commandOfTwoWords(first, second) ?? first);
  if (name === undefined || secondWords(name) !== undefined) return allHelp();
  return helpOf(await find(name).load());
}

async function allHelp(): Promise<Task> {
  const [{ generalHelp }, all] = await Promise.all([import('./help.ts'), loadCommands()]);
  return { text: (room) => generalHelp(all, topOptions, room) };
}

async function helpOf(command: Command): Promise<Task> {
  const { commandHelp } = await import('./help.ts');
  return { text: (room) => commandHelp(command, room) };
}

function withCommand(command: Command, argv: readonly string[]): Task | Promise<Task> {
  const options: Options = { ...globalOptions, ...command.options };
  const { values, positionals } = parse(argv, options);
  if (values['help'] === true) return helpOf(command);
  for (const [name, option] of Object.entries(options)) checkChoice(name, option, values[name]);
  const [least, most] = command.operands;
  if (positionals.length < least) throw new UsageError(`missing argument: ${command.usage}`);
  if (positionals.length > most) throw new UsageError(`unexpected argument "${printable(positionals[most] ?? '')}"`);
  const { completes } = command;
  const stray = Array.isArray(completes) ? positionals.find((each) => !completes.includes(each)) : undefined;
  if (stray !== undefined) throw new UsageError(`expected ${command.usage}, not "${printable(stray)}"`);
  if (values['format'] === 'json') values['json'] = true;
  // parseArgs has parsed these values by the options of this command, so they have the right types.
  const known = values as Call['values'];
  command.check?.(known);
  const targets = command.targets?.(known);
  for (const { host } of targets ?? []) if (host !== undefined) checkHost(host);
  return { command, operands: positionals, values: known, engines: enginesOf(command, known), targets };
}

function checkChoice(name: string, { choices }: Option, given: unknown): void {
  if (choices === undefined || given === undefined || choices.includes(String(given))) return;
  const words = choices.join(', ').replace(/, (?=[^,]*$)/, ' or ');
  throw new UsageError(`--${name} must be ${words}, not "${printable(String(given))}"`);
}

/** Returns one engine for each `--host` or each `--context`. */
function enginesOf({ fleet }: Command, { host = [], context = [] }: Call['values']): ReadonlyArray<Call['engine']> {
  for (const each of host) checkHost(each);
  if (host.length === 1 && context.length === 1) throw new UsageError('give --host or --context, not both');
  if (host.length < 2 && context.length < 2) return [{ host: host[0], context: context[0] }];
  const option = host.length > 1 ? '--host' : '--context';
  if (fleet !== true) throw new UsageError(`this command works on one engine at a time: give one ${option}`);
  if (host.length > 0 && context.length > 0) throw new UsageError('give --host options or --context options, not both');
  const named = [...host, ...context];
  const twice = named.find((each, index) => named.indexOf(each) !== index);
  if (twice !== undefined) throw new UsageError(`${option} ${printable(twice)} is given twice`);
  return named.map((each) => (host.length > 0 ? { host: each } : { context: each }));
}

/** Checks an address by creating a client, which parses the address and does no I/O. */
function checkHost(host: string): void {
  try {
    new ImageClient({ host }).close();
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

function find(name: string): CommandFile {
  const found = commands.find((command) => command.name === name || command.alias === name);
  if (found !== undefined) return found;
  const hint = hintFor(name);
  if (hint !== undefined) throw new UsageError(`unknown command "${name}": ${hint}`);
  const names = commands.map((command) => command.name);
  throw new UsageError(`unknown command "${printable(name)}"${suggestion(name, [...names, 'help'])}`);
}

function parse(argv: readonly string[], options: Options): { values: Record<string, unknown>; positionals: string[] } {
  const { values, positionals, tokens } = parseArgs({ ...loose, args: [...argv], options });
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    // `parseArgs` would use the last value silently.
    if (known?.type === 'string' && known.multiple !== true && given.has(token.name)) throw new UsageError(`--${token.name} is given twice`);
    given.add(token.name);
    if (known !== undefined) {
      checkValue(token, known);
      continue;
    }
    const near = suggestion(token.rawName, Object.keys(options).map((name) => `--${name}`));
    throw new UsageError(`unknown option ${printable(token.rawName)}${near}`);
  }
  return { values, positionals };
}

/** Checks that an option has a value exactly if it needs one. A strict `parseArgs` checks this, too, but its messages have three lines. */
function checkValue({ name, value, inlineValue }: { name: string; value?: string | undefined; inlineValue?: boolean | undefined }, { type, value: word }: Option): void {
  if (type === 'boolean') {
    if (value !== undefined) throw new UsageError(`--${name} does not take a value`);
  } else if (value === undefined || (inlineValue !== true && /^-./s.test(value))) {
    const other = value === undefined ? '' : `, or --${name}=${printable(value)}`;
    throw new UsageError(`--${name} needs a value: give --${name} ${word}${other}`);
  }
}

function suggestion(word: string, known: readonly string[]): string {
  const near = known.map((name) => ({ name, edits: editDistance(word, name) })).sort((a, b) => a.edits - b.edits)[0];
  return near !== undefined && near.edits <= 2 && near.edits < word.length - 1 ? `; did you mean ${near.name}?` : '';
}

/** Returns the Levenshtein distance: the number of letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 0; column < b.length; column++) {
      const changed = (row[column] ?? 0) + (letter === b[column] ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
