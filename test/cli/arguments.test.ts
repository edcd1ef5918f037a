// The command line before any engine: what is refused, and what the help says.

import { describe, expect, it } from 'vitest';
import { globalOptions } from '../../src/cli/command.ts';
import type { Options } from '../../src/cli/command.ts';
import { commands as files, loadCommands } from '../../src/cli/commands.ts';
import { VERSION } from '../../src/index.ts';
import { longshore } from './fake-io.ts';
import type { World } from './fake-io.ts';

const commands = await loadCommands();

/** No engine is there; none is asked. */
const NOWHERE = 'unix:///nowhere/engine.sock';

const MISSING = 'longshore: missing command, one of ls, inspect, history, outdated, pull, push, copy, save, load, layers, import, tag, rm, ';

describe('wrong usage', () => {
  const onTerminal: World = { terminals: ['stdout', 'stderr'] };

  it.each<[string[], string, World?]>([
    // arguments, what is said, the world where that matters; the help named is that of who says it
    [['image'], 'longshore: longshore image needs one of ls, list, rm, remove, prune, inspect, history, pull, push, save, load, import, tag'],
    [['system', 'info'], 'longshore: longshore system needs one of df, events'],
    [['image', 'build'], 'longshore: longshore image needs one of ls'],
    [['image', 'rm'], 'longshore rm: missing argument: IMAGE...'],
    [['system', 'df', 'x'], 'longshore df: unexpected argument "x"'],
    [['login'], 'longshore: unknown command "login": longshore uses the logins of docker and podman; run docker login'],
    [['ps', '-a'], 'longshore: unknown command "ps": longshore manages images only; run docker ps'],
    [['run', '--rm', 'x'], 'longshore: unknown command "run": longshore manages images only; run docker run'],
    [['build', '.'], 'longshore: unknown command "build": longshore manages images only; run docker build'],
    [['help', 'exec'], 'longshore: unknown command "exec": longshore manages images only; run docker exec'],
    [['-v'], 'longshore: unknown option -v: give --version'],
    [['-c', 'default', 'ls'], 'longshore: unknown option -c: give --context NAME'],
    [['-c', 'default'], 'longshore: unknown option -c: give --context NAME'],
    [['--config', '/x', 'ls'], 'longshore: unknown option --config: set DOCKER_CONFIG to the folder'],
    [['constructor'], 'longshore: unknown command "constructor"'],
    [['image', 'constructor'], 'longshore: longshore image needs one of ls'],
    [['-q'], MISSING],
    [['--host', 'ls'], MISSING],
    [['pulll', 'x'], 'longshore: unknown command "pulll"; did you mean pull?'],
    [['frobnicate'], 'longshore: unknown command "frobnicate"'],
    [['a\x1b[2J'], 'longshore: unknown command "a\\u{1b}[2J"'],
    [['help', 'lss'], 'longshore: unknown command "lss"; did you mean ls?'],
    [['pull'], 'longshore pull: missing argument: REF...'],
    [['pull', 'x', '--platfrom', 'y'], 'longshore pull: unknown option --platfrom; did you mean --platform?'],
    [['--forse', 'rm', 'x'], 'longshore rm: unknown option --forse; did you mean --force?'],
    [['rm', '-z', 'x'], 'longshore rm: unknown option -z'],
    [['rm', '--force=yes', 'x'], 'longshore rm: --force does not take a value'],
    [['save', 'x', '-o'], 'longshore save: --output needs a value: give --output FILE'],
    [['save', '-o', '--json', 'x'], 'longshore save: --output needs a value: give --output FILE, or --output=--json'],
    [['ls', '--sort', '-size'], 'longshore ls: --sort needs a value: give --sort ORDER, or --sort=-size'],
    [['ls', 'a', 'b'], 'longshore ls: unexpected argument "b"'],
    [['ls', '--filter', 'dangling'], 'longshore ls: --filter must be KEY=VALUE, not "dangling"'],
    [['context', 'x'], 'longshore context: unexpected argument "x"'],
    [['context', '--host', 'unix:///x', '--context', 'y'], 'longshore context: give --host or --context, not both'],
    [['ls', '-H', 'unix:///a', '--host', 'unix:///b'], 'longshore ls: this command works on one engine at a time: give one --host'],
    [['ls', '--context', 'a', '--context', 'b'], 'longshore ls: this command works on one engine at a time: give one --context'],
    [['pull', '-H', 'unix:///a', '-H', 'unix:///a', 'x'], 'longshore pull: --host unix:///a is given twice'],
    [['rm', '-H', 'unix:///a', '-H', 'unix:///b', '--context', 'c', 'x'], 'longshore rm: give --host options or --context options, not both'],
    [['pull', '--format', '{{.ID}}', 'a'], 'longshore pull: --format must be json, not "{{.ID}}"'],
    [['ls', '--format', '{{.Nope}}'], 'longshore ls: --format: unknown field ".Nope": the fields are .ID, .Repository, .Tag, .Digest, '],
    [['inspect', '--format', '{{.Config.Nope}}', 'a'], 'longshore inspect: --format: unknown field ".Config.Nope": the fields of .Config are .User, '],
    [['inspect', '--format', 'table', 'a'], 'longshore inspect: a table of inspect needs fields, as in: --format "table {{.ID}}\\t{{.Size}}"'],
    [['history', '--format', '{{range .}}', 'a'], 'longshore history: --format supports fields and {{json .}} only, not {{range .}}: use --json'],
    [['search', '--format', 'x', 'a'], 'longshore search: --format has no field: "x". Give fields, such as {{.Name}}, or --json'],
    [['version', '--format', '{{.Version}}'], 'longshore version: --format: unknown field ".Version": the fields are .Client, .Server'],
    [['df', '--verbose', '--format', '{{.Type}}'], 'longshore df: give --format or --verbose, not both'],
    [['ls', '--json', '--format', '{{.ID}}'], 'longshore ls: give --format or --json, not both'],
    [['ls', '--names', '--format', '{{.ID}}'], 'longshore ls: give --format or --names, not both'],
    [['ls', '--platforms', '--format', '{{.ID}}'], 'longshore ls: give --format or --platforms, not both'],
    [['ls', '--platforms', '--quiet'], 'longshore ls: give --quiet or --platforms, not both'],
    [['ls', '--sort', 'age'], 'longshore ls: --sort must be size, created or name, not "age"'],
    [['save', '-o', 'x', '--verify', 'yes', 'a'], 'longshore save: --verify must be structure, digests or none, not "yes"'],
    [['completion', 'csh'], 'longshore completion: expected bash|zsh|fish, not "csh"'],
    [['record'], 'longshore record: missing file for the tape: give -o FILE'],
    [['record', '-o', 'a', 'sh'], 'longshore record: unexpected argument "sh"'], // it starts no programs
    [['record', '-o', 'a', '-H', 'tcp://h/x'], 'longshore record: cannot record tcp://h:2375/x'],
    [['record', '-o', 'a', '-H', 'unix:///a', '-H', 'unix:///b'], 'longshore record: this command works on one engine at a time'],
    [['tag', 'a'], 'longshore tag: missing argument: IMAGE NAME...'],
    [['history', 'a', 'b'], 'longshore history: unexpected argument "b"'],
    [['search', '--limit', 'ten', 'x'], 'longshore search: --limit must be a number, not "ten"'],
    [['events', '--since', 'yesterday'], 'longshore events: --since must be a date, seconds since 1970 or a duration such as 1h30m'],
    [['load', 'a', 'a'], 'longshore load: give each archive only once'],
    [['import', 'x.tar', '--exclude', 'a'], 'longshore import: --exclude works with a folder only'],
    [['import', '', 'a'], 'longshore import: the argument FOLDER|FILE|URL|- is empty'],
    [['prune'], 'longshore prune: cannot ask for confirmation without a terminal: give --force', { stdin: '' }],
    [['version', 'x'], 'longshore version: unexpected argument "x"'],
    [['load', '-i', 'a', 'b'], 'longshore load: give either FILE or -i FILE'],
    [['load'], 'longshore load: cannot read an archive from a terminal: give FILE'],
    [['import', '-'], 'longshore import: cannot read an archive from a terminal: give FOLDER, FILE or URL'],
    [['save', 'x'], 'longshore save: cannot write an archive to a terminal: give -o FILE', onTerminal],
    [['save', '-o-', 'x'], 'longshore save: cannot write an archive to a terminal: give -o FILE', onTerminal],
    [['save', '--json', 'x'], 'longshore save: cannot write an archive to standard output with --json: give -o FILE'],
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
    expect(stdout).toMatch(columns === 40 ? /^ {2}history {8}Show the build steps of$/m : /^ {2}history\n {8}Show the\n/m);
  });

  it('is also printed for a command without its operands', async () => {
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
  it('has the names of each file', () => {
    expect(files.map(({ name, alias }) => [name, alias])).toEqual(commands.map(({ name, alias }) => [name, alias]));
  });

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
