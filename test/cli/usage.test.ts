// The command line before any engine: what is refused, and what the help says.

import { describe, expect, it } from 'vitest';
import { globalOptions } from '../../src/cli/command.ts';
import type { Options } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { VERSION } from '../../src/index.ts';
import { longshore } from './fake-io.ts';
import type { World } from './fake-io.ts';

/** No engine is there; none is asked. */
const NOWHERE = 'unix:///nowhere/engine.sock';

const MISSING = 'longshore: a command is missing: ls, pull, save, load, import, rm, context, version';

describe('wrong usage', () => {
  const onTerminal: World = { terminals: ['stdout', 'stderr'] };

  it.each<[string[], string, World?]>([
    // arguments, what is said, the world where that matters; the help named is that of who says it
    [[], MISSING],
    [['-q'], MISSING],
    [['--host', 'ls'], MISSING],
    [['pulll', 'x'], 'longshore: there is no command "pulll"; did you mean pull?'],
    [['frobnicate'], 'longshore: there is no command "frobnicate"'],
    [['a\x1b[2J'], 'longshore: there is no command "a\\u{1b}[2J"'],
    [['help', 'lss'], 'longshore: there is no command "lss"; did you mean ls?'],
    [['pull'], 'longshore pull: REF... is missing'],
    [['pull', 'x', '--platfrom', 'y'], 'longshore pull: there is no option --platfrom; did you mean --platform?'],
    [['--forse', 'rm', 'x'], 'longshore rm: there is no option --forse; did you mean --force?'],
    [['rm', '-z', 'x'], 'longshore rm: there is no option -z'],
    [['rm', '--force=yes', 'x'], "longshore rm: option '-f, --force' does not take an argument"],
    [['save', 'x', '-o'], "longshore save: option '-o, --output <value>' argument missing"],
    [['save', '-o', '--json', 'x'], "longshore save: option '-o' argument is ambiguous"],
    [['ls', 'a', 'b'], 'longshore ls: there is no place for "b"'],
    [['ls', '--filter', 'dangling'], 'longshore ls: --filter takes KEY=VALUE, not "dangling"'],
    [['context', 'x'], 'longshore context: there is no place for "x"'],
    [['context', '--host', 'unix:///x', '--context', 'y'], 'longshore context: give a host or a context, not both'],
    [['version', 'x'], 'longshore version: there is no place for "x"'],
    [['load', '-i', 'a', 'b'], 'longshore load: give one archive: FILE, or -i FILE'],
    [['load'], 'longshore load: an archive does not come from a terminal: give FILE'],
    [['import', '-'], 'longshore import: an archive does not come from a terminal: give FILE or URL'],
    [['save', 'x'], 'longshore save: an archive is not for a terminal: give -o FILE', onTerminal],
    [['save', '-o-', 'x'], 'longshore save: an archive is not for a terminal: give -o FILE', onTerminal],
    [['save', '--json', 'x'], 'longshore save: an archive is not for JSON: give -o FILE'],
    // What the library refuses before it sends anything.
    [['rm', '--', '-x'], 'longshore rm: "-x" is no image reference'],
    [['pull', '../x'], 'longshore pull: "../x" is no image reference'],
    [['ls', '--host', 'gopher://x'], 'longshore ls: host "gopher://x" has an unknown scheme'],
  ])('%j exits with 2: %s', async (argv, what, world) => {
    const { code, stdout, stderr } = await longshore(NOWHERE, argv, world);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(what)).toBe(true);
    expect(stderr.split('\n').slice(1)).toEqual([`See ${what.split(':')[0]} --help`, '']);
  });
});

describe('help', () => {
  it.each([['--help'], ['-h'], ['help']])('%s lists every command, on stdout', async (argument) => {
    const { code, stdout, stderr } = await longshore(NOWHERE, [argument]);
    expect([code, stderr]).toEqual([0, '']);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
    expect(stdout).toContain('--version');
  });

  for (const { name, options, usage, summary } of commands) {
    it.each([[[name, '--help']], [['-h', name]], [['help', name]]])('%j lists each of its options', async (argv) => {
      const { code, stdout } = await longshore(NOWHERE, argv);
      expect(code).toBe(0);
      const first = `Usage: longshore ${name} [OPTIONS] ${usage}`.trimEnd();
      expect(stdout.startsWith(`${first}\n\n${summary}.\n`)).toBe(true);
      const lines = stdout.split('\n');
      for (const [option, { short, help }] of Object.entries<Options[string]>({ ...globalOptions, ...options })) {
        const spelling = short === undefined ? `      --${option}` : `  -${short}, --${option}`;
        expect(lines.filter((line) => line.startsWith(spelling) && line.endsWith(`   ${help}`))).toHaveLength(1);
      }
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    });
  }

  it('is given for a command that lacks its operands, too', async () => {
    expect((await longshore(NOWHERE, ['save', '-h', '-o', 'x'])).code).toBe(0);
  });

  it('--version prints ours, and asks no engine', async () => {
    expect(await longshore(NOWHERE, ['--version'])).toEqual({ code: 0, stdout: `longshore ${VERSION}\n`, stderr: '' });
  });
});

describe('the command table', () => {
  it('has no two commands of one name, and no two options of one letter', () => {
    const names = commands.map((command) => command.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { options } of commands) {
      const all = Object.values<Options[string]>({ ...globalOptions, ...options });
      const letters = all.flatMap(({ short }) => short ?? []);
      expect(new Set(letters).size).toBe(letters.length);
    }
  });
});
