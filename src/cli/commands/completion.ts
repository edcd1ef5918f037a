// longshore completion: prints the completion script for a shell.

import { command } from '../command.ts';

const scripts = {
  bash: async () => (await import('../completion/bash.ts')).bashScript,
  zsh: async () => (await import('../completion/zsh.ts')).zshScript,
  fish: async () => (await import('../completion/fish.ts')).fishScript,
};

export const completion = command({
  name: 'completion',
  summary: 'Print a completion script for a shell',
  usage: 'bash|zsh|fish',
  operands: [1, 1],
  completes: Object.keys(scripts),
  options: {},
  async run({ operands: [shell = ''], print, loadCommands }) {
    const script = await scripts[shell as keyof typeof scripts]();
    await print.text(script(await loadCommands()));
  },
});
