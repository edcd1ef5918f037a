// What completion scripts are made of: the command table, as shells ask for it. Its words are our own, not an engine's, so
// that quoting them is all they need.

import { globalOptions } from '../command.ts';
import type { Command, Option } from '../command.ts';
import { managementWords, secondWordsFor, wordsBehind } from '../docker-words.ts';

export type NamedOption = readonly [name: string, option: Option];

/** The options of every command. */
export const shared: readonly NamedOption[] = Object.entries<Option>(globalOptions);

/** A command's own options, and those of every command that it has not made its own. */
export function optionsOf({ options }: Command): readonly NamedOption[] {
  return Object.entries<Option>({ ...globalOptions, ...options });
}

/** `--all`, `-a`, as they are typed. */
export function spellings([name, { short }]: NamedOption): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** Every word that names a command, also behind one of docker's management words. */
export function namesOf({ name, alias = name }: Command): string[] {
  return [...new Set([name, alias, ...secondWordsFor(name)])];
}

/** Docker's management words, each with the words that may stand behind it. */
export const managed: ReadonlyArray<readonly [word: string, behind: readonly string[]]> = managementWords.map((word) => [word, wordsBehind(word) ?? []]);

/** What a value may be, for a shell to offer. */
export function valueKind({ choices, value }: Option): 'file' | 'free' | readonly string[] {
  return choices ?? (value === 'FILE' ? 'file' : 'free');
}

/**
 * Names of images that may be offered, as an extended regular expression: no character in it means anything to a shell.
 * `longshore ls --names` prints those inside the grammar of references only; this holds whatever it prints.
 */
export const NAME_PATTERN = '[A-Za-z0-9_.:/@-]+';

/** For a shell, as one word. */
export function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
