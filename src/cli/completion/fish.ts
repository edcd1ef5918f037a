// Makes the completion script for fish: one `complete` for each word.

import type { Command, Option } from '../command.ts';
import { BOTH_FORMS, NAME_PATTERN, twoWordCommands, namesOf, quoted, shared, valueKind } from './table.ts';
import type { NamedOption } from './table.ts';

export function fishScript(commands: readonly Command[]): string {
  const names = [...commands.flatMap(namesOf), ...twoWordCommands.map(([first]) => first)].join(' ');
  const lines = [
    '# Completion of longshore for fish: put it into ~/.config/fish/completions/longshore.fish',
    'complete -c longshore -f',
    ...commands.map(({ name, summary }) => {
      return `complete -c longshore -n ${quoted(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${quoted(summary)}`;
    }),
    ...twoWordCommands.map(([first, nextWords]) => {
      const words = nextWords.join(' ');
      const condition = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${words}`;
      return `complete -c longshore -n ${quoted(condition)} -a ${quoted(words)}`;
    }),
    ...shared.map((option) => `complete -c longshore ${fishOption(option)}`),
    ...commands.flatMap((command) => {
      const seen = `complete -c longshore -n ${quoted(`__fish_seen_subcommand_from ${namesOf(command).join(' ')}`)}`;
      const own = Object.entries<Option>(command.options).map((option) => `${seen} ${fishOption(option)}`);
      return command.completes === undefined ? own : [...own, `${seen} ${fishOperands(command.completes)}`];
    }),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function fishOption([name, option]: NamedOption): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const kind = valueKind(option);
  const words = kind === 'file' ? ' -rF' : kind === 'free' ? ' -x' : ` -x -a ${quoted(kind.join(' '))}`;
  return `-l ${name}${short}${option.type === 'string' ? words : ''} -d ${quoted(option.help)}`;
}

function fishOperands(kind: NonNullable<Command['completes']>): string {
  if (kind === 'file') return '-F';
  return kind === 'image' ? `-a "(longshore ls --names 2>/dev/null | ${BOTH_FORMS} | string match -r -- '^${NAME_PATTERN}\\$')"` : `-a ${quoted(kind.join(' '))}`;
}
