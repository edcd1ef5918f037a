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

const MISSING = 'longshore: a command is missing: ls, inspect, history, pull, push, save, load, import, tag, rm, prune, ';

describe('wrong usage', () => {
  const onTerminal: World = { terminals: ['stdout', 'stderr'] };

  it.each<[string[], string, World?]>([
    // arguments, what is said, the world where that matters; the help named is that of who says it
    [['image'], 'longshore: longshore image takes one of ls, list, rm, remove, prune, inspect, history, pull, push, save, load, import, tag'],
    [['system', 'info'], 'longshore: longshore system takes one of df, events'],
    [['image', 'build'], 'longshore: longshore image takes one of ls'],
    [['image', 'rm'], 'longshore rm: IMAGE... is missing'],
    [['system', 'df', 'x'], 'longshore df: there is no place for "x"'],
    [['login'], 'longshore: there is no command "login" here: longshore uses the logins of docker and podman: run docker login'],
    [['ps', '-a'], 'longshore: there is no command "ps" here: longshore is for images only: run docker ps'],
    [['run', '--rm', 'x'], 'longshore: there is no command "run" here: longshore is for images only: run docker run'],
    [['build', '.'], 'longshore: there is no command "build" here: longshore is for images only: run docker build'],
    [['help', 'exec'], 'longshore: there is no command "exec" here: longshore is for images only: run docker exec'],
    [['-v'], 'longshore: there is no option -v here: give --version'],
    [['-c', 'default', 'ls'], 'longshore: there is no option -c here: give --context NAME'],
    [['-c', 'default'], 'longshore: there is no option -c here: give --context NAME'],
    [['--config', '/x', 'ls'], 'longshore: there is no option --config here: set DOCKER_CONFIG to the folder'],
    [['constructor'], 'longshore: there is no command "constructor"'],
    [['image', 'constructor'], 'longshore: longshore image takes one of ls'],
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
    [['ls', '-H', 'unix:///a', '--host', 'unix:///b'], 'longshore ls: it works on one engine at a time: give one --host'],
    [['ls', '--context', 'a', '--context', 'b'], 'longshore ls: it works on one engine at a time: give one --context'],
    [['pull', '-H', 'unix:///a', '-H', 'unix:///a', 'x'], 'longshore pull: --host unix:///a is there twice'],
    [['rm', '-H', 'unix:///a', '-H', 'unix:///b', '--context', 'c', 'x'], 'longshore rm: give hosts or contexts, not both'],
    [['ls', '--format', '{{.ID}}'], 'longshore ls: --format takes json, not "{{.ID}}"'],
    [['save', '-o', 'x', '--verify', 'yes', 'a'], 'longshore save: --verify takes structure, digests, none, not "yes"'],
    [['completion', 'csh'], 'longshore completion: bash|zsh|fish is wanted, not "csh"'],
    [['record'], 'longshore record: a tape goes into a file: give -o FILE'],
    [['record', '-o', 'a', 'sh'], 'longshore record: there is no place for "sh"'], // it starts no programs
    [['record', '-o', 'a', '-H', 'tcp://h/x'], 'longshore record: cannot record tcp://h:2375/x'],
    [['record', '-o', 'a', '-H', 'unix:///a', '-H', 'unix:///b'], 'longshore record: it works on one engine at a time'],
    [['tag', 'a'], 'longshore tag: IMAGE NAME... is missing'],
    [['history', 'a', 'b'], 'longshore history: there is no place for "b"'],
    [['search', '--limit', 'ten', 'x'], 'longshore search: --limit takes a number, not "ten"'],
    [['events', '--since', 'yesterday'], 'longshore events: --since takes a date, seconds since 1970, or how long ago, as in 1h30m'],
    [['load', 'a', 'a'], 'longshore load: give each archive once'],
    [['import', 'x.tar', '--exclude', 'a'], 'longshore import: --exclude is for folders'],
    [['import', '', 'a'], 'longshore import: FOLDER|FILE|URL|- is empty'],
    [['prune'], 'longshore prune: it asks before it begins, and here is no terminal: give --force', { stdin: '' }],
    [['version', 'x'], 'longshore version: there is no place for "x"'],
    [['load', '-i', 'a', 'b'], 'longshore load: give FILE, or -i FILE'],
    [['load'], 'longshore load: an archive does not come from a terminal: give FILE'],
    [['import', '-'], 'longshore import: an archive does not come from a terminal: give FOLDER, FILE or URL'],
    [['save', 'x'], 'longshore save: an archive is not for a terminal: give -o FILE', onTerminal],
    [['save', '-o-', 'x'], 'longshore save: an archive is not for a terminal: give -o FILE', onTerminal],
    [['save', '--json', 'x'], 'longshore save: an archive is not for JSON: give -o FILE'],
    // What the library refuses before it sends anything.
    [['rm', '--', '-x'], 'longshore rm: "-x" is not a valid image reference'],
    [['pull', '../x'], 'longshore pull: "../x" is not a valid image reference'],
    [['ls', '--host', 'gopher://x'], 'longshore ls: host "gopher://x" has an unknown scheme'],
  ])('%j exits with 2: %s', async (argv, what, world) => {
    const { code, stdout, stderr } = await longshore(NOWHERE, argv, world);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(what)).toBe(true);
    expect(stderr.split('\n').slice(1)).toEqual([`See ${what.split(':')[0]} --help`, '']);
  });
});

describe('help', () => {
  it.each([[], ['--help'], ['-h'], ['help'], ['image', '--help'], ['help', 'system']].map((argv) => [argv]))('%j lists every command, on stdout', async (argv) => {
    const { code, stdout, stderr } = await longshore(NOWHERE, argv);
    expect([code, stderr]).toEqual([0, '']);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
    expect(stdout).toContain('--version');
  });

  for (const { name, options, usage, summary } of commands) {
    it.each([[[name, '--help']], [['-h', name]], [['help', name]]])('%j lists each of its options', async (argv) => {
      const { code, stdout } = await longshore(NOWHERE, argv);
      expect(code).toBe(0);
      const first = `Usage: longshore ${name} [OPTIONS] ${usage}`.trimEnd();
      expect(stdout.startsWith(`${first}\n\n${summary}.`)).toBe(true);
      const lines = stdout.split('\n');
      for (const [option, { short, help }] of Object.entries<Options[string]>({ ...globalOptions, ...options })) {
        const spelling = short === undefined ? `      --${option}` : `  -${short}, --${option}`;
        expect(lines.filter((line) => line.startsWith(spelling) && line.endsWith(`   ${help}`))).toHaveLength(1);
      }
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    });
  }

  it.each([40, 20])('fits a terminal of %d columns', async (columns) => {
    const { stdout } = await longshore(NOWHERE, ['--help'], { terminals: ['stdout'], columns });
    const wide = stdout.split('\n').filter((line) => line.startsWith('  ') && line.length > columns);
    // A word that is longer than the line has no better place.
    for (const line of wide) expect(line.trim()).not.toContain('  ');
    expect(stdout).toMatch(columns === 40 ? /^ {2}history {8}Show the steps in the$/m : /^ {2}history\n {8}Show the\n/m);
  });

  it('is given for a command that lacks its operands, too', async () => {
    expect((await longshore(NOWHERE, ['save', '-h', '-o', 'x'])).code).toBe(0);
  });

  it.each([
    [['image', 'ls', '--help'], 'ls'],
    [['help', 'image', 'rm'], 'rm'],
    [['system', '--help', 'df'], 'df'],
    [['context', 'ls', '-h'], 'context'],
  ])('%j is that of %s', async (argv, name) => {
    expect((await longshore(NOWHERE, argv)).stdout).toMatch(new RegExp(`^Usage: longshore ${name} `));
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
