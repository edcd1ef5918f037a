// A command line into what is to be done.

import { parseArgs } from 'node:util';
import { VERSION } from '../index.ts';
import { globalOptions, UsageError } from './command.ts';
import type { Call, Command, Options } from './command.ts';
import { commandHelp, generalHelp } from './help.ts';
import { printable } from './printable.ts';

/** A command with what it was given, or a text that was asked for. */
export type Task = Pick<Call, 'operands' | 'values'> & { readonly command: Command } | { readonly text: string };

/** Options that stand without a command. */
const topOptions: Options = { ...globalOptions, version: { type: 'boolean', help: 'Print the version of longshore' } };

/** Finds the command; `onCommand` hears of it before its own arguments are read, for the sake of error messages. */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  onCommand: (command: Command) => void,
): Task {
  const at = commandIndex(argv);
  const name = argv[at];
  if (name === undefined) return withoutCommand(argv, commands);
  const rest = argv.filter((_, index) => index !== at);
  if (name === 'help') return { text: helpFor(rest, commands) };
  const command = find(name, commands);
  onCommand(command);
  return withCommand(command, rest);
}

/** Options may stand before the command, so it is the first argument that is neither one nor the value of one. */
function commandIndex(argv: readonly string[]): number {
  const { tokens } = parseArgs({ ...loose, args: [...argv], options: topOptions });
  return tokens.find((token) => token.kind === 'positional')?.index ?? -1;
}
const loose = { strict: false, allowPositionals: true, tokens: true } as const;

function withoutCommand(argv: readonly string[], commands: readonly Command[]): Task {
  const { values } = parse(argv, topOptions);
  if (values['version'] === true) return { text: `longshore ${VERSION}\n` };
  if (values['help'] === true) return { text: generalHelp(commands, topOptions) };
  throw new UsageError(`a command is missing: ${commands.map((command) => command.name).join(', ')}`);
}

function helpFor(argv: readonly string[], commands: readonly Command[]): string {
  const [name] = parse(argv, globalOptions).positionals;
  return name === undefined ? generalHelp(commands, topOptions) : commandHelp(find(name, commands));
}

function withCommand(command: Command, argv: readonly string[]): Task {
  const { values, positionals } = parse(argv, { ...globalOptions, ...command.options });
  if (values['help'] === true) return { text: commandHelp(command) };
  const [least, most] = command.operands;
  if (positionals.length < least) throw new UsageError(`${command.usage} is missing`);
  if (positionals.length > most) throw new UsageError(`there is no place for "${printable(positionals[most] ?? '')}"`);
  // As parseArgs was given the options of this very command, its values are theirs.
  return { command, operands: positionals, values: values as Call['values'] };
}

function find(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
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
