// The command table: the names of all commands in the order of the help, and the file of each. A run loads only the file of its
// command; the help and the completion scripts need all of them.

import type { Command } from './command.ts';

/** The names of a command, and its file. */
export interface CommandFile extends Pick<Command, 'name' | 'alias'> {
  load(): Promise<Command>;
}

export const commands: readonly CommandFile[] = [
  { name: 'ls', alias: 'images', load: async () => (await import('./commands/ls.ts')).ls },
  { name: 'inspect', load: async () => (await import('./commands/inspect.ts')).inspect },
  { name: 'history', load: async () => (await import('./commands/history.ts')).history },
  { name: 'outdated', load: async () => (await import('./commands/outdated.ts')).outdated },
  { name: 'pull', load: async () => (await import('./commands/pull.ts')).pull },
  { name: 'push', load: async () => (await import('./commands/push.ts')).push },
  { name: 'copy', load: async () => (await import('./commands/copy.ts')).copy },
  { name: 'save', load: async () => (await import('./commands/save.ts')).save },
  { name: 'load', load: async () => (await import('./commands/load.ts')).load },
  { name: 'layers', load: async () => (await import('./commands/layers.ts')).layers },
  { name: 'import', load: async () => (await import('./commands/import.ts')).import_ },
  { name: 'tag', load: async () => (await import('./commands/tag.ts')).tag },
  { name: 'rm', alias: 'rmi', load: async () => (await import('./commands/rm.ts')).rm },
  { name: 'prune', load: async () => (await import('./commands/prune.ts')).prune },
  { name: 'search', load: async () => (await import('./commands/search.ts')).search },
  { name: 'distribution', load: async () => (await import('./commands/distribution.ts')).distribution },
  { name: 'attestations', load: async () => (await import('./commands/attestations.ts')).attestations },
  { name: 'context', load: async () => (await import('./commands/context.ts')).context },
  { name: 'events', load: async () => (await import('./commands/events.ts')).events },
  { name: 'df', load: async () => (await import('./commands/df.ts')).df },
  { name: 'version', load: async () => (await import('./commands/version.ts')).version },
  { name: 'record', load: async () => (await import('./commands/record.ts')).record },
  { name: 'completion', load: async () => (await import('./commands/completion.ts')).completion },
];

/** Loads all commands. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all(commands.map((each) => each.load()));
}
