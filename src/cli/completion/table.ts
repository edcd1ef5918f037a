// Reads the command table for the completion scripts. All words are our own, not an engine's, so quoting them is sufficient.

import { globalOptions } from '../command.ts';
import type { Command, Option } from '../command.ts';
import { managementWords, secondWordsFor, secondWords } from '../docker-words.ts';

export type NamedOption = readonly [name: string, option: Option];

/** The options of all commands. */
export const shared: readonly NamedOption[] = Object.entries<Option>(globalOptions);

/** Returns the options of a command: its own, and the global options that it does not redefine. */
export function optionsOf({ options }: Command): readonly NamedOption[] {
  return Object.entries<Option>({ ...globalOptions, ...options });
}

/** Returns the spellings of an option: `--all`, `-a`. */
export function spellings([name, { short }]: NamedOption): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** Returns all names of a command, including those after docker's management words. */
export function namesOf({ name, alias = name }: Command): string[] {
  return [...new Set([name, alias, ...secondWordsFor(name)])];
}

/** Docker's management words, each with the words that may follow. */
export const twoWordCommands: ReadonlyArray<readonly [word: string, nextWords: readonly string[]]> = managementWords.map((word) => [word, secondWords(word) ?? []]);

/** Returns what a shell completes as the value of an option. */
export function valueKind({ choices, suggests, value }: Option): 'file' | 'free' | readonly string[] {
  return choices ?? suggests ?? (value === 'FILE' ? 'file' : 'free');
}

/**
 * An extended regular expression for image names that a shell may offer. None of its characters is special in a shell.
 * `longshore ls --names` prints only valid references; this check does not rely on that.
 */
export const NAME_PATTERN = '[A-Za-z0-9_.:/@-]+';

/** A filter for the lines of `longshore ls --names`: Podman's names have `docker.io/`, which people leave out, so both forms are offered. */
export const BOTH_FORMS = "sed -n 'p;s,^docker[.]io/,,p;s,^library/,,p'";

/** Quotes a text as one word of a shell. */
export function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
