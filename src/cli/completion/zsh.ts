// Makes the completion script for zsh: specifications for its `_arguments`.

import type { Command } from '../command.ts';
import { BOTH_FORMS, NAME_PATTERN, twoWordCommands, namesOf, optionsOf, quoted, shared, spellings, valueKind } from './table.ts';
import type { NamedOption } from './table.ts';

export function zshScript(commands: readonly Command[]): string {
  return `#compdef longshore
# Completion of longshore for zsh: put it into a folder of $fpath, as _longshore
_longshore_images() {
  local -a images
  local name
  for name in \${(f)"$(longshore ls --names 2>/dev/null | ${BOTH_FORMS})"}; do
    [[ $name =~ '^${NAME_PATTERN}$' ]] && images+=("$name")
  done
  compadd -a images # which quotes them
}

_longshore() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \\
${shared.map((option) => `    ${specOf(option)} \\\n`).join('')}    '1: :->command' \\
    '*:: :->rest'
  case $state in
    command)
      local -a commands
      commands=(
${commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}\n`).join('')}      )
      _describe command commands
      ;;
    rest)
      case $words[1] in
${twoWordCommands.map(([first, nextWords]) => `        ${first})
          (( CURRENT > 2 )) || { compadd ${nextWords.join(' ')}; return }
          shift words
          (( CURRENT-- ))
          ;;
`).join('')}      esac
      case $words[1] in
${commands.map(commandCase).join('')}      esac
      ;;
  esac
}

compdef _longshore longshore 2>/dev/null || _longshore "$@"
`;
}

function commandCase(command: Command): string {
  return `        ${namesOf(command).join('|')})
          _arguments \\
${optionsOf(command).map((option) => `            ${specOf(option)} \\\n`).join('')}            ${operandSpec(command)}
          ;;
`;
}

/** Returns `(-a --all)-a[help]` or `*--filter[help]:KEY=VALUE:action`: one for each spelling. Spellings exclude each other. */
function specOf(option: NamedOption): string {
  const [, { help, multiple, value }] = option;
  const names = spellings(option);
  const text = help.replace(/[[\]:]/g, '\\$&');
  const action = value === undefined ? '' : `:${value}:${actionOf(valueKind(option[1]))}`;
  const lead = multiple === true ? '*' : `(${names.join(' ')})`;
  return names.map((name) => quoted(`${lead}${name}[${text}]${action}`)).join(' ');
}

function actionOf(kind: Command['completes'] | 'free'): string {
  if (kind === 'image') return '_longshore_images';
  if (kind === 'file') return '_files';
  return kind === undefined || kind === 'free' ? ' ' : `(${(kind as readonly string[]).join(' ')})`;
}

function operandSpec({ completes, usage }: Command): string {
  return quoted(completes === undefined ? '*: :' : `*:${usage}:${actionOf(completes)}`);
}
