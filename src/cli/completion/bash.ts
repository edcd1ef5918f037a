// Makes the completion script for bash: a function that reads the command line up to the cursor.

import type { Command, Option } from '../command.ts';
import { BOTH_FORMS, NAME_PATTERN, twoWordCommands, namesOf, optionsOf, shared, spellings, valueKind } from './table.ts';
import type { NamedOption } from './table.ts';

export function bashScript(commands: readonly Command[]): string {
  const cases = valueCases(commands);
  return `# Completion of longshore for bash: source it, or put it into ~/.local/share/bash-completion/completions/longshore
_longshore() {
  # Of the line, not of COMP_WORDS, which bash breaks at the colons of names.
  local line=\${COMP_LINE:0:COMP_POINT} word command= previous= isvalue= i
  local -a engine=() words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local last=$((\${#words[@]} - 1))
  local current=\${words[last]}
  for ((i = 1; i < last; i++)); do
    word=\${words[i]}
    if [[ -n $isvalue ]]; then
      [[ $previous == -H || $previous == --host || $previous == --context ]] && engine=("$previous" "$word")
      isvalue=
    else
      case $command:$word in
        ${cases.map(([pattern]) => pattern).join('|')}) isvalue=1 ;;
        *:-*) ;;
        ${twoWordCommands.map(([first]) => `:${first}|${first}:*`).join('|')}) command=$word ;; # as in docker: image ls
        *) command=\${command:-$word} ;;
      esac
    fi
    previous=$word
  done
  COMPREPLY=()
  if [[ -n $isvalue ]]; then
    case $command:$previous in
${lines(cases.flatMap(([pattern, offer]) => (offer === undefined ? [] : [`      ${pattern}) ${offer} ;;`])))}    esac
    return
  fi
  local options='${shared.flatMap(spellings).join(' ')}' operands=none
  case $command in
${lines(commands.map((each) => `    ${commandCase(each)} ;;`))}${lines(twoWordCommands.map(([first, nextWords]) => `    ${first}) operands='${nextWords.join(' ')}' ;;`))}  esac
  if [[ $current == -* ]]; then
    ${offerWords('$options')}
  elif [[ -z $command ]]; then
    ${offerWords(commands.map(({ name }) => name).join(' '))}
  elif [[ $operands == file ]]; then
    ${OFFER_FILES}
  elif [[ $operands == image ]]; then
    # Not by compgen, which expands its words, and these are an engine's.
    while read -r word; do
      [[ $word == "$current"* && $word =~ ^${NAME_PATTERN}$ ]] && COMPREPLY+=("$word")
    done < <(longshore "\${engine[@]}" ls --names 2>/dev/null | ${BOTH_FORMS})
    # The text before the last colon is already on the line.
    [[ $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
    for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do printf -v 'COMPREPLY[i]' %q "\${COMPREPLY[i]}"; done
  elif [[ $operands != none ]]; then
    ${offerWords('$operands')}
  fi
}
complete -F _longshore longshore
`;
}

const OFFER_FILES = `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current")`;

function offerWords(words: string): string {
  return `mapfile -t COMPREPLY < <(compgen -W "${words}" -- "$current")`;
}

/** Returns each option that has a value: a pattern of `command:--option`, and the code that completes the value. */
function valueCases(commands: readonly Command[]): ReadonlyArray<readonly [pattern: string, offer: string | undefined]> {
  const cases = (names: readonly string[], options: readonly NamedOption[]): Array<readonly [string, string | undefined]> => {
    return options.flatMap((option) => {
      if (option[1].type !== 'string') return [];
      const patterns = names.flatMap((name) => spellings(option).map((spelling) => `${name}:${spelling}`));
      return [[patterns.join('|'), offerFor(option[1])] as const];
    });
  };
  // The first case that matches is used, so the options of a command come before those of all commands.
  return [...commands.flatMap((each) => cases(namesOf(each), Object.entries<Option>(each.options))), ...cases(['*'], shared)];
}

function offerFor(option: Option): string | undefined {
  const kind = valueKind(option);
  if (kind === 'free') return undefined;
  return kind === 'file' ? OFFER_FILES : offerWords(kind.join(' '));
}

function commandCase(command: Command): string {
  const { completes = 'none' } = command;
  const operands = typeof completes === 'string' ? completes : completes.join(' ');
  return `${namesOf(command).join('|')}) options='${optionsOf(command).flatMap(spellings).join(' ')}' operands='${operands}'`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
