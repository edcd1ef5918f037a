// A command line into what is to be done.

import { parseArgs } from 'node:util';
import { ConfigError, ImageClient, VERSION } from '../index.ts';
import { globalOptions, UsageError } from './command.ts';
import type { Call, Command, Option, Options } from './command.ts';
import { commandOfTwoWords, insteadOf, pointerFor, wordsBehind } from './docker-words.ts';
import { commandHelp, generalHelp } from './help.ts';
import { printable } from './printable.ts';

/** A command with what it was given, or a text that was asked for. */
export type Task = Work | { readonly text: (room: number) => string };

/** A command with what it was given, and the engines that it is to work on; one that nobody named is one, too. */
export interface Work extends Pick<Call, 'operands' | 'values'> {
  readonly command: Command;
  readonly engines: ReadonlyArray<Call['engine']>;
}

/** Options that stand without a command. */
const topOptions: Options = { ...globalOptions, version: { type: 'boolean', help: 'Print the version of longshore' } };

/** Finds the command; `onCommand` hears of it before its own arguments are read, for the sake of error messages. */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  onCommand: (command: Command) => void,
): Task {
  const words = commandWords(argv, commands);
  if (words.name === undefined) return withoutCommand(argv, commands);
  if (words.name === 'help') return { text: helpFor(words.rest, commands) };
  const command = find(words.name, commands);
  onCommand(command);
  return withCommand(command, words.rest);
}

interface CommandWords {
  readonly name: string | undefined;
  /** All other arguments. */
  readonly rest: readonly string[];
}

/** Options may stand before the command, so it is the first argument that is neither one nor the value of one. */
function commandWords(argv: readonly string[], commands: readonly Command[]): CommandWords {
  const { tokens } = parseArgs({ ...loose, args: [...argv], options: topOptions });
  const [first, second] = tokens.filter((token) => token.kind === 'positional');
  refuseDockerOption(tokens, first?.value, commands);
  if (first === undefined) return { name: undefined, rest: argv };
  const two = commandOfTwoWords(first.value, second?.value);
  const taken = two === undefined ? [first.index] : [first.index, second?.index];
  const name = two ?? first.value;
  const behind = two === undefined ? wordsBehind(name) : undefined;
  const rest = argv.filter((_, index) => !taken.includes(index));
  if (behind === undefined) return { name, rest };
  if (rest.some((word) => word === '--help' || word === '-h')) return { name: 'help', rest: [] };
  throw new UsageError(`longshore ${name} takes one of ${behind.join(', ')}`);
}

/** One of docker's own options before its command: its value would be taken for the command. */
function refuseDockerOption(tokens: ReturnType<typeof parseArgs>['tokens'], name: string | undefined, commands: readonly Command[]): void {
  for (const token of tokens ?? []) {
    if (token.kind === 'positional') return;
    if (token.kind !== 'option') continue;
    const instead = insteadOf(token.rawName);
    // Options of a command may stand before it.
    const isOwn = commands.some((each) => each.name === name && Object.values(each.options).some(({ short }) => `-${short}` === token.rawName));
    if (instead !== undefined && !isOwn) throw new UsageError(`there is no option ${token.rawName} here: ${instead}`);
  }
}
const loose = { strict: false, allowPositionals: true, tokens: true } as const;

function withoutCommand(argv: readonly string[], commands: readonly Command[]): Task {
  const { values } = parse(argv, topOptions);
  if (values['version'] === true) return { text: () => `longshore ${VERSION}\n` };
  if (values['help'] === true || argv.length === 0) return { text: (room) => generalHelp(commands, topOptions, room) };
  throw new UsageError(`a command is missing: ${commands.map((command) => command.name).join(', ')}`);
}

function helpFor(argv: readonly string[], commands: readonly Command[]): (room: number) => string {
  const [first, second] = parse(argv, globalOptions).positionals;
  const name = first === undefined ? undefined : (commandOfTwoWords(first, second) ?? first);
  if (name === undefined || wordsBehind(name) !== undefined) return (room) => generalHelp(commands, topOptions, room);
  const command = find(name, commands);
  return (room) => commandHelp(command, room);
}

function withCommand(command: Command, argv: readonly string[]): Task {
  const options: Options = { ...globalOptions, ...command.options };
  const { values, positionals } = parse(argv, options);
  if (values['help'] === true) return { text: (room) => commandHelp(command, room) };
  for (const [name, option] of Object.entries(options)) checkChoice(name, option, values[name]);
  const [least, most] = command.operands;
  if (positionals.length < least) throw new UsageError(`${command.usage} is missing`);
  if (positionals.length > most) throw new UsageError(`there is no place for "${printable(positionals[most] ?? '')}"`);
  const { completes } = command;
  const stray = Array.isArray(completes) ? positionals.find((each) => !completes.includes(each)) : undefined;
  if (stray !== undefined) throw new UsageError(`${command.usage} is wanted, not "${printable(stray)}"`);
  if (values['format'] !== undefined) values['json'] = true;
  // As parseArgs was given the options of this very command, its values are theirs.
  const known = values as Call['values'];
  command.check?.(known);
  return { command, operands: positionals, values: known, engines: enginesOf(command, known) };
}

function checkChoice(name: string, { choices }: Option, given: unknown): void {
  if (choices === undefined || given === undefined || choices.includes(String(given))) return;
  throw new UsageError(`--${name} takes ${choices.join(', ')}, not "${printable(String(given))}"`);
}

/** One for each `--host`, or for each `--context`. */
function enginesOf({ fleet }: Command, { host = [], context = [] }: Call['values']): ReadonlyArray<Call['engine']> {
  for (const each of host) checkHost(each);
  if (host.length === 1 && context.length === 1) throw new UsageError('give a host or a context, not both');
  if (host.length < 2 && context.length < 2) return [{ host: host[0], context: context[0] }];
  const option = host.length > 1 ? '--host' : '--context';
  if (fleet !== true) throw new UsageError(`it works on one engine at a time: give one ${option}`);
  if (host.length > 0 && context.length > 0) throw new UsageError('give hosts or contexts, not both');
  const named = [...host, ...context];
  const twice = named.find((each, index) => named.indexOf(each) !== index);
  if (twice !== undefined) throw new UsageError(`${option} ${printable(twice)} is there twice`);
  return named.map((each) => (host.length > 0 ? { host: each } : { context: each }));
}

/** Making a client parses the address, and does no I/O. */
function checkHost(host: string): void {
  try {
    new ImageClient({ host }).close();
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

function find(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name || command.alias === name);
  if (found !== undefined) return found;
  const pointer = pointerFor(name);
  if (pointer !== undefined) throw new UsageError(`there is no command "${name}" here: ${pointer}`);
  const names = commands.map((command) => command.name);
  throw new UsageError(`there is no command "${printable(name)}"${suggestion(name, [...names, 'help'])}`);
}

function parse(argv: readonly string[], options: Options): { values: Record<string, unknown>; positionals: string[] } {
  const args = [...argv];
  for (const token of parseArgs({ ...loose, args, options }).tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue;
    const near = suggestion(token.rawName, Object.keys(options).map((name) => `--${name}`));
    throw new UsageError(`there is no option ${printable(token.rawName)}${near}`);
  }
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Only a missing or a superfluous value is left; Node says it well, then adds lines of advice.
    const [first = ''] = (error as Error).message.split('\n');
    throw new UsageError(printable(first.replace(/\.$/, '').replace(/^O/, 'o')));
  }
}

function suggestion(word: string, known: readonly string[]): string {
  const near = known.map((name) => ({ name, edits: editDistance(word, name) })).sort((a, b) => a.edits - b.edits)[0];
  return near !== undefined && near.edits <= 2 && near.edits < word.length - 1 ? `; did you mean ${near.name}?` : '';
}

/** How many letters must be put in, left out or changed to make one word of the other. */
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
