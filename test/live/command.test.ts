// The `longshore` command as a shell runs it, against a real engine.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { packTar } from '../../src/index.ts';
import type { ImageInspect } from '../../src/index.ts';
import { gnuTar } from '../support/foreign-tar.ts';
import { lacking, titled } from '../support/installed.ts';
import { run } from './programs.ts';
import {
  COMMAND,
  ENGINE,
  HOST,
  LABEL,
  REGISTRY,
  RUN,
  cleanUp,
  collect,
  connect,
  curl,
  layerOf,
  makeImage,
  manifestOf,
  repository,
  shown,
  temporaryFolder,
  timeless,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs the command; DOCKER_HOST is the engine under test unless `environment` changes it. */
async function longshore(
  argv: readonly string[],
  input?: Uint8Array,
  environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [COMMAND, ...argv], { env: { ...process.env, ...environment } });
  child.stdin.on('error', () => {}); // the command may not read all of it
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    once(child, 'close'),
  ]);
  return { code: code as number | null, stdout, stderr: stderr.toString() };
}

/** The standard output of a successful run. */
async function ok(argv: readonly string[], input?: Uint8Array): Promise<string> {
  const { code, stdout, stderr } = await longshore(argv, input);
  if (code !== 0) throw new Error(`longshore ${argv.join(' ')} (${code}): ${stderr}`);
  return stdout.toString();
}

const json = async (argv: readonly string[]): Promise<unknown> => JSON.parse(await ok([...argv, '--json']));

describe('longshore', () => {
  it('imports, lists, saves, removes and loads', async () => {
    const name = `${repository('command')}:v1`;
    await writeFile(at('rootfs.tar'), await collect(packTar({ words: RUN })));
    const id = (await ok(['import', at('rootfs.tar'), name, '--change', `LABEL ${LABEL}`])).trim();
    expect(await docker.inspectImage(name)).toMatchObject({ Id: id });

    expect(await json(['ls', name])).toEqual([expect.objectContaining({ Id: id, RepoTags: [shown(name)] })]);
    expect(await ok(['ls', name])).toContain(repository('command'));
    expect(await ok(['ls', name, '--quiet', '--no-trunc'])).toBe(`${id}\n`);

    await ok(['save', '-o', at('saved.tar'), name]);
    const saved = await readFile(at('saved.tar'));
    const fetched = curl(`/images/get?names=${encodeURIComponent(name)}`);
    const { stdout } = await longshore(['save', name]);
    for (const each of [fetched, stdout]) expect(timeless(each).equals(timeless(saved))).toBe(true);

    expect(await ok(['rm', name])).toContain(name);
    expect(await docker.exists(id)).toBe(false);
    expect(await ok(['load', at('saved.tar')])).toBe(`${shown(name)}\n`);
    expect(await docker.inspectImage(name)).toMatchObject({ Id: id });

    expect(await json(['rm', name])).toEqual(expect.arrayContaining([{ Untagged: shown(name) }, { Deleted: id }]));
    expect(await docker.exists(id)).toBe(false);
    expect(await ok(['load'], saved)).toBe(`${shown(name)}\n`);
    expect(await docker.exists(id)).toBe(true);
    await ok(['rm', '--quiet', name]);
  });

  it('pulls, and reports it on standard error', async () => {
    const { name, id } = await makeImage(docker, 'command-pull');
    const remote = `${REGISTRY}/${name}`;
    await docker.tag(name, remote);
    const { digest } = await docker.push(remote);
    await docker.removeImage(id, { force: true });
    const { code, stdout, stderr } = await longshore(['pull', remote]);
    expect([code, stdout.toString()]).toEqual([0, `${remote}\n`]);
    expect(stderr).toContain(ENGINE.isPodman ? id.slice(7, 19) : digest); // engines report different ids
    expect(await docker.inspectImage(remote)).toMatchObject({ Id: id });
    expect((await longshore(['pull', remote, '--json'])).stdout.toString()).toContain(digest);
  });

  it('saves several images into one archive', async () => {
    const [one, two] = [await makeImage(docker, 'command-1'), await makeImage(docker, 'command-2')];
    const { stdout } = await longshore(['save', one.name, two.name]);
    expect(
      manifestOf(stdout)
        .flatMap((image) => image.RepoTags ?? [])
        .sort(),
    ).toEqual([shown(one.name), shown(two.name)]);
  });

  it('packs a folder reproducibly, and shows the result', async () => {
    const name = repository('command-folder');
    await mkdir(at('root/etc'), { recursive: true });
    await writeFile(at('root/etc/motd'), RUN);
    await writeFile(at('root/left.log'), 'not this');
    await symlink('motd', at('root/etc/link'));
    const argv = ['import', at('root'), '--exclude', '*.log', '--change', `LABEL ${LABEL}`, '--message', 'of a folder'];
    await ok([...argv, `${name}:1`]);
    await ok([...argv, `${name}:2`]);
    const [one, two] = (await json(['inspect', `${name}:1`, `${name}:2`])) as ImageInspect[];
    expect(one?.RootFS.Layers).toEqual(two?.RootFS.Layers);
    // The content as GNU tar lists it.
    const saved = await collect(docker.getImage(`${name}:1`));
    const listed = gnuTar(['-tf', '-'], layerOf(saved)).toString().trimEnd().split('\n');
    expect(listed).toEqual(['etc/', 'etc/link', 'etc/motd']);
    expect(await ok(['history', `${name}:1`])).toMatch(/ago .* (\d+|[\d.]+k)B +█+ +.*of a folder$/m);
    await ok(['rm', `${name}:1`, `${name}:2`]);
  });

  it('tags, pushes, and shows what the registry has', async () => {
    const { name } = await makeImage(docker, 'command-push');
    const remote = `${REGISTRY}/${name}`;
    await ok(['tag', name, remote]);
    const pinned = (await ok(['push', remote])).trim();
    expect(pinned).toMatch(new RegExp(`^${remote.split(':v1')[0]}@sha256:[0-9a-f]{64}$`));
    const asked = await longshore(['distribution', '-q', remote]);
    if (ENGINE.isPodman) expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('Podman')]);
    else expect(asked.stdout.toString().trim()).toBe(pinned.split('@')[1]);
  });

  it('shows past events, and the disk usage of images', async () => {
    const { id } = await makeImage(docker, 'command-events');
    const lines = await ok(['events', '--since', '5m', '--until', '0s']);
    expect(lines).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z image /);
    expect(lines).toContain(id.slice('sha256:'.length));
    const { totalCount } = (await json(['df'])) as { totalCount: number };
    expect(totalCount).toBeGreaterThan(0);
    expect(await ok(['df', '-v'])).toContain(repository('command-events'));
  });

  it('prunes the images of this test that have no name', async () => {
    const { name, id } = await makeImage(docker, 'command-prune');
    await makeImage(docker, 'command-prune'); // takes the name from the other image, unless it is the same image
    const { id: other } = await docker.importImageFromData({ what: `other ${RUN}` }, { repository: name, changes: [`LABEL ${LABEL}`] });
    expect(other).not.toBe(id);
    const refused = await longshore(['prune', '--filter', `label=${LABEL}`]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--force')]);
    expect(await docker.exists(id)).toBe(true);
    const { ImagesDeleted } = (await json(['prune', '-f', '--filter', `label=${LABEL}`])) as { ImagesDeleted: Array<{ Deleted?: string }> };
    expect(ImagesDeleted.map(({ Deleted }) => Deleted)).toContain(id);
    expect([await docker.exists(id), await docker.exists(other)]).toEqual([false, true]);
  });

  it('verifies the digests of a save', async () => {
    const { name } = await makeImage(docker, 'command-digests');
    const { stderr } = await longshore(['save', '-o', at('digests.tar'), '--verify', 'digests', name]);
    expect(stderr).toMatch(/^saved .*digests\.tar: [\d.]+kB, verified: \d+ entries, complete; [\d.]+k?B match their digests$/m);
  });

  it('runs on several engines, here on one engine with two addresses', async () => {
    const { name } = await makeImage(docker, 'command-fleet');
    await ok(['save', '-o', at('fleet.tar'), name]);
    await symlink(HOST.replace('unix://', ''), at('other.sock'));
    const hosts = ['-H', HOST, '-H', `unix://${at('other.sock')}`];
    const { code, stdout } = await longshore(['load', at('fleet.tar'), ...hosts]);
    expect(code).toBe(0);
    const rows = stdout.toString().trimEnd().split('\n').slice(1).map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([HOST, `unix://${at('other.sock')}`].map((host) => [host.replace('unix://', ''), 'done', shown(name)]));
    await ok(['rm', name]);
    const gone = await longshore(['rm', name, ...hosts]);
    expect([gone.code, gone.stdout.toString().match(/ {3}failed {3}/g)?.length]).toEqual([1, 2]);
  });

  it('shows the versions', async () => {
    const { Version, ApiVersion } = await docker.version();
    expect(await json(['version'])).toMatchObject({
      engine: { Version, ApiVersion, spokenApiVersion: await docker.apiVersion() },
    });
    expect(await ok(['version'])).toContain(Version);
  });

  it('prefers --host to DOCKER_HOST', async () => {
    const elsewhere = { DOCKER_HOST: `unix://${at('nowhere.sock')}` };
    expect((await longshore(['ls', '--host', HOST, '--quiet'], undefined, elsewhere)).code).toBe(0);
    const { code, stdout, stderr } = await longshore(['ls'], undefined, elsewhere);
    expect([code, stdout.toString()]).toEqual([1, '']);
    expect(stderr).toContain(at('nowhere.sock'));
  });
});

const noDocker = lacking('docker');
describe.skipIf(noDocker !== undefined)(titled('longshore --format', noDocker), () => {
  it('prints what the docker command prints', async () => {
    const { name, id } = await makeImage(docker, 'command-format');
    await docker.tag(id, `${repository('command-format')}:v2`);
    const templates: ReadonlyArray<readonly [command: string[], operands: string[], templates: string[]]> = [
      [['images'], [repository('command-format')], [
        '{{.Repository}}:{{.Tag}} {{.ID}}|{{.CreatedAt}}|{{.Size}}|{{.Digest}}', 'a}}{{json .Tag}}\\t\\n{{.ID}}', 'table {{.ID}}\\t{{.Repository}}',
      ]],
      [['image', 'inspect'], [name], [
        '{{.Id}}', '{{.ID}} {{.Os}} {{.Architecture}} {{.RepoTags}} {{.Size}} {{.Comment}}', '{{.Config.Cmd}} {{.Config.Env}} {{.Config.Labels}} {{.RootFS.Layers}}',
        '{{json .Config.Cmd}} {{json .RootFS}}',
      ]],
      [['history'], [name], ['{{.ID}}|{{.CreatedAt}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}', 'table {{.ID}} {{.CreatedAt}} {{.Size}} {{.Comment}}']],
      [['version'], [], ['{{.Server.Version}} {{.Server.APIVersion}} {{.Server.Os}}/{{.Server.Arch}} {{.Server.Experimental}}']],
    ];
    for (const [command, operands, texts] of templates) {
      for (const text of texts) {
        const argv = [...command, '--format', text, ...operands];
        const expected = run('docker', ['--host', HOST, ...argv], { env: { ...process.env, TZ: 'UTC' } });
        // The docker command removes docker.io/ from the names of Podman in its lists.
        expect((await ok(argv)).replaceAll('docker.io/', ''), text).toBe(expected.replaceAll('docker.io/', ''));
      }
    }
  });
});

describe('its exit code', () => {
  const unknown = repository('nothing');
  const failures: ReadonlyArray<readonly [string, () => readonly string[], string | RegExp]> = [
    ['an image that is not there', () => ['save', '-o', at('none.tar'), unknown], unknown],
    ['one of several images that is not there', () => ['rm', unknown], unknown],
    ['a file that is not there', () => ['load', at('none.tar')], 'none.tar'],
    ['a pull that its registry refuses', () => ['pull', `${REGISTRY}/${unknown}`], /not found|manifest unknown/],
  ];
  it.each(failures)('is 1 for %s', async (_, argv, said) => {
    const { code, stdout, stderr } = await longshore(argv());
    expect([code, stdout.toString()]).toEqual([1, '']);
    expect(stderr).toMatch(said);
    expect(await readdir(folder.path)).not.toContain('none.tar');
  });

  it('is 1 for a file that is not an archive', async () => {
    const { code, stdout, stderr } = await longshore(['load'], Buffer.from('no archive'));
    expect([code, stdout.toString()]).toEqual([1, '']);
    expect(stderr).not.toBe('');
  });

  it.each([[['no-such-command']], [['ls', '--no-such-option']], [['save']], [['pull']]])(
    'is 2 for %j',
    async (argv) => {
      const { code, stdout, stderr } = await longshore(argv);
      expect([code, stdout.toString()]).toEqual([2, '']);
      expect(stderr).not.toBe('');
    },
  );

  it('is 0 for --help, which prints to standard output', async () => {
    const { code, stdout, stderr } = await longshore(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const { name } of commands) expect(stdout.toString()).toContain(name);
  });
});
