// Makes the help texts from the command table, wrapped to the width of the terminal.

import { globalOptions } from './command.ts';
import type { Command, Option, Options } from './command.ts';

/** Returns the output of `longshore --help`; `room` is the width in columns. */
export function generalHelp(commands: readonly Command[], options: Options, room: number): string {
  return [
    'Usage: longshore [OPTIONS] COMMAND\n\nManages the images of Docker, Podman and other container engines.\n',
    `Commands:\n${described(commands.map((command) => [command.name, command.summary]), room)}`,
    `Options:\n${optionLines(options, room)}`,
    'Run longshore COMMAND --help for the options of a command.\n',
  ].join('\n');
}

/** Returns the output of a command's `--help`, for example `longshore pull --help`. */
export function commandHelp({ name, alias, summary, usage, options }: Command, room: number): string {
  const shared = Object.entries(globalOptions).filter(([option]) => !Object.hasOwn(options, option));
  const also = alias === undefined ? '' : ` Alias: longshore ${alias}.`;
  const parts = [`Usage: longshore ${name} [OPTIONS] ${usage}`.trimEnd() + `\n\n${summary}.${also}\n`];
  if (Object.keys(options).length > 0) parts.push(`Options:\n${optionLines(options, room)}`);
  parts.push(`Options of every command:\n${optionLines(Object.fromEntries(shared), room)}`);
  return parts.join('\n');
}

function optionLines(options: Options, room: number): string {
  return described(Object.entries(options).map(([name, option]) => [spelling(name, option), option.help]), room);
}

function spelling(name: string, { short, value }: Option): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

const INDENT = 2;
const GAP = 3;
/** The minimum width of a description beside its term. If there is less room, the description is placed below the term. */
const LEAST_TEXT = 20;
/** The indentation of a description below its term. */
const BELOW = 8;

/** Formats terms with their descriptions beside them, or below them in a narrow terminal. */
function described(rows: ReadonlyArray<readonly [term: string, text: string]>, room: number): string {
  const width = Math.max(...rows.map(([term]) => term.length));
  const column = INDENT + width + GAP;
  const isBeside = room - column >= LEAST_TEXT;
  const start = isBeside ? column : BELOW;
  const lines = rows.flatMap(([term, text]) => {
    const [first = '', ...more] = wrapped(text, room - start).map((line) => ' '.repeat(start) + line);
    const lead = ' '.repeat(INDENT) + term;
    return isBeside ? [lead.padEnd(start) + first.slice(start), ...more] : [lead, first, ...more];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Wraps a text between words. */
function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
