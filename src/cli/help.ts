// Help texts, made from the command table.

import { globalOptions } from './command.ts';
import type { Command, Option, Options } from './command.ts';
import { table } from './table.ts';

/** What `longshore --help` prints. */
export function generalHelp(commands: readonly Command[], options: Options): string {
  return [
    'Usage: longshore [OPTIONS] COMMAND\n\nMoves images in and out of Docker, Podman and other engines.\n',
    `Commands:\n${indented(commands.map((command) => [command.name, command.summary]))}`,
    `Options:\n${optionLines(options)}`,
    'See longshore COMMAND --help for one of them.\n',
  ].join('\n');
}

/** What `longshore pull --help` prints. */
export function commandHelp({ name, summary, usage, options }: Command): string {
  const shared = Object.entries(globalOptions).filter(([option]) => !Object.hasOwn(options, option));
  const parts = [`Usage: longshore ${name} [OPTIONS] ${usage}`.trimEnd() + `\n\n${summary}.\n`];
  if (Object.keys(options).length > 0) parts.push(`Options:\n${optionLines(options)}`);
  parts.push(`Options of every command:\n${optionLines(Object.fromEntries(shared))}`);
  return parts.join('\n');
}

function optionLines(options: Options): string {
  return indented(Object.entries(options).map(([name, option]) => [spelling(name, option), option.help]));
}

function spelling(name: string, { short, value }: Option): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function indented(rows: ReadonlyArray<readonly string[]>): string {
  return table(rows).replace(/^/gm, '  ').trimEnd() + '\n';
}
