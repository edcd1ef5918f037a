// The completion scripts, in their shells.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';
import { lacking, titled } from '../../support/installed.ts';
import { makeProgram } from '../../support/make-program.ts';
import { cannedDaemon, json } from '../canned-daemon.ts';
import type { CannedDaemon } from '../canned-daemon.ts';
import { longshore } from '../fake-io.ts';

const file = process.env['TEST_TARGET'] === 'src' ? 'src/cli/main.ts' : 'dist/cli/main.js';
const main = fileURLToPath(new URL(`../../../${file}`, import.meta.url));

let daemon: CannedDaemon;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-completion-'));
  // Names of images must not be run as code.
  const RepoTags = ['alpine:3.20', 'alpine:3.21', 'docker.io/library/busybox:1', 'host:5000/team/app:1', `$(touch${'${IFS}'}${folder}/pwned)`, '`id`;x'];
  const image = { Id: 'sha256:1', RepoTags, RepoDigests: [], Created: 0, Size: 1, Labels: null };
  daemon = await cannedDaemon({ 'GET /images/json': json([image]) });
  makeProgram(join(folder, 'longshore'), `exec '${process.execPath}' '${main}' "$@"`);
  writeFileSync(join(folder, 'archive one.tar'), '');
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, shell), (await longshore('', ['completion', shell])).stdout);
});
afterAll(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

const [noBash, noFish, noZsh] = [lacking('bash'), lacking('fish'), lacking('zsh')];

/** The output of a shell, which must not print errors. */
async function shell(name: string, script: string, options: readonly string[] = []): Promise<string[]> {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, DOCKER_HOST: daemon.host, HOME: folder };
  const child = spawn(name, [...options, '-c', script], { env, cwd: folder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  await once(child, 'close');
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n').sort();
}

const offered = ['alpine:3.20', 'alpine:3.21', 'busybox:1', 'docker.io/library/busybox:1', 'host:5000/team/app:1', 'library/busybox:1'];
const names = commands.map(({ name }) => name).sort();

/** The subcommands of `docker image`, except build. */
const behindImage = ['history', 'import', 'inspect', 'list', 'load', 'ls', 'prune', 'pull', 'push', 'remove', 'rm', 'save', 'tag'];

describe.skipIf(noBash)(titled('bash', noBash), () => {
  const offers = (line: string): Promise<string[]> => {
    const script = `source ./bash; COMP_LINE=$1 COMP_POINT=\${#1}; _longshore; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return shell('bash', `set -- '${line}'; ${script}`, ['--norc']);
  };

  it.each<[string, string[]]>([
    ['longshore ', names],
    ['longshore pu', ['pull', 'push']],
    ['longshore --host unix:///x pu', ['pull', 'push']], // the value of an option is not a command
    ['longshore save --ver', ['--verify']],
    ['longshore save --verify ', ['digests', 'none', 'structure']],
    ['longshore ls --format ', ['json', 'table']],
    ['longshore pull --format ', ['json']],
    ['longshore ls --sort ', ['created', 'name', 'size']],
    ['longshore completion ', ['bash', 'fish', 'zsh']],
    ['longshore rm -f alp', ['3.20', '3.21'].map((tag) => `alpine:${tag}`)], // -f is a flag of rm
    ['longshore ls -f alp', ['']], // -f of ls has a value
    ['longshore images alpine:3.20 -', ['--all', '--archive', '--context', '--digests', '--filter', '--format', '--help', '--host', '--json', '--names', '--no-color', '--no-trunc', '--platforms', '--quiet', '--sort', '-H', '-a', '-f', '-h', '-q']],
    ['longshore rm busy', ['busybox:1']], // Podman lists docker.io/library/busybox:1
    ['longshore rm host:5000/t', ['5000/team/app:1']], // bash breaks words at colons
    ['longshore rm alpine:', ['3.20', '3.21']],
    ['longshore load -i arch', ['archive one.tar']],
    ['longshore load arch', ['archive one.tar']],
    ['longshore prune ', ['']],
    ['longshore image rm alp', ['3.20', '3.21'].map((tag) => `alpine:${tag}`)],
    ['longshore image remove alp', ['3.20', '3.21'].map((tag) => `alpine:${tag}`)],
    ['longshore image pu', ['pull', 'push']],
    ['longshore image ', behindImage],
    ['longshore --host unix:///x system ', ['df', 'events']],
    ['longshore system df --verb', ['--verbose']],
  ])('completes "%s" by %j', async (line, expected) => {
    expect(await offers(line)).toEqual([...expected].sort());
  });

  it('uses the engine that the line names', async () => {
    expect(await offers('longshore -H unix:///nowhere/engine.sock rm ')).toEqual(['']);
  });

  it('does not run code in names of images', async () => {
    expect(await offers('longshore rm $')).toEqual(['']);
    expect(await offers('longshore rm ')).toEqual(offered);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

describe.skipIf(noFish)(titled('fish', noFish), () => {
  const offers = async (line: string): Promise<string[]> => {
    const lines = await shell('fish', `source ./fish; complete -C '${line}'`, ['--no-config']);
    return lines.map((each) => each.split('\t')[0] ?? '').sort();
  };

  it.each<[string, string[]]>([
    ['longshore ', names],
    ['longshore pu', ['pull', 'push']],
    ['longshore save --verify ', ['digests', 'none', 'structure']],
    ['longshore completion ', ['bash', 'fish', 'zsh']],
    ['longshore rm alpine:', ['alpine:3.20', 'alpine:3.21']],
    ['longshore rm --forc', ['--force']],
    ['longshore image ', behindImage],
    ['longshore image remove alpine:', ['alpine:3.20', 'alpine:3.21']],
    ['longshore image list --no-tr', ['--no-trunc']],
    ['longshore system ', ['df', 'events']],
  ])('completes "%s" by %j', async (line, expected) => {
    expect(await offers(line)).toEqual([...expected].sort());
  });

  it('runs no code from image names, and offers valid names only', async () => {
    expect(await offers('longshore rm ')).toEqual(offered);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

describe.skipIf(noZsh)(titled('zsh', noZsh), () => {
  /** zsh completes only in a terminal: this makes one, in which zsh lists the candidates. */
  const offers = async (line: string): Promise<string[]> => {
    const script = `
      zmodload zsh/zpty
      zpty shell 'zsh -f -i'
      wait_for() { local all= chunk; while zpty -r shell chunk; do all+=$chunk; [[ $all == *$1* ]] && break; done; REPLY=$all }
      zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -d $HOME/dump; source ./zsh'
      zpty -w shell 'comp() { compadd() { [[ "$*" == *-O* || "$*" == *-A* || "$*" == *-D* ]] && { builtin compadd "$@"; return }; local -a hits; builtin compadd -A hits "$@"; print -l -- BEGIN $hits END; builtin compadd "$@" }; _main_complete; print DONE; exit }; zle -C comp list-choices comp; bindkey "^X" comp; print READY-$((1+1))'
      wait_for READY-2
      zpty -w -n shell $'${line}\\x18'
      wait_for DONE
      print -r -- $REPLY
    `;
    const lines = (await shell('zsh', script, ['-f'])).map((each) => each.replace(/\r/g, '').trim());
    return lines;
  };

  it('accepts the script without errors', async () => {
    expect(spawnSync('zsh', ['-n', join(folder, 'zsh')]).stderr.toString()).toBe('');
  });

  it.each<[string, string[], string]>([
    ['longshore pu', ['pull', 'push'], 'save'],
    ['longshore save --verify ', ['digests', 'none', 'structure'], 'pull'],
    ['longshore rm alpine:', ['alpine:3.20', 'alpine:3.21'], 'pull'],
    ['longshore rm busy', ['busybox:1'], 'pull'],
    ['longshore image ', behindImage, 'df'],
    ['longshore image rm alpine:', ['alpine:3.20', 'alpine:3.21'], 'pull'],
    ['longshore image remove alpine:', ['alpine:3.20', 'alpine:3.21'], 'pull'],
    ['longshore system ', ['df', 'events'], 'pull'],
  ])('completes "%s" by %j', async (line, expected, other) => {
    const offered = await offers(line);
    expect(offered).toEqual(expect.arrayContaining(expected));
    expect(offered).not.toContain(other);
  });
});
