// Files that are replaced as a whole: what exists at the path, at the temporary name, and at links on the way.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chown, chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, FileError } from '../../../src/errors.ts';
import { files } from '../../../src/system/files/archive-files.ts';
import { lacking, titled } from '../../support/installed.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'longshore-replaced-'))));
afterEach(() => rm(folder, { recursive: true }));

async function save(path: string, text = 'new'): Promise<void> {
  const file = await files.createFile(path);
  try {
    await file.write(Buffer.from(text));
    await file.commit(undefined);
  } catch (error) {
    await file.discard();
    throw error;
  }
}
/** The error of opening a file for writing, before the first byte. */
const refused = (path: string): Promise<unknown> =>
  files.createFile(path).then(() => expect.unreachable(), (reason: unknown) => reason);

describe('a temporary file', () => {
  it('has a unique name: two saves at once do not collide, and the file of a killed process does no harm', async () => {
    const [one, two] = await Promise.all([files.createFile(at('x')), files.createFile(at('x'))]);
    const names = await readdir(folder);
    expect(new Set(names).size).toBe(2);
    await Promise.all([one.discard(), two.discard()]);
    expect(await readdir(folder)).toEqual([]);
    // As after a SIGKILL of a process with the same PID: in containers, each first process has PID 1.
    for (const name of names) await writeFile(at(name), 'left');
    await writeFile(at(`.x.${process.pid}-1.partial`), 'left');
    await save(at('x'));
    expect(await readFile(at('x'), 'utf8')).toBe('new');
    expect((await readdir(folder)).length).toBe(names.length + 2);
  });

  it('gets another name if its name exists', async () => {
    const [taken, free] = [randomUUID(), randomUUID()];
    const random = vi.spyOn(globalThis.crypto, 'randomUUID');
    try {
      random.mockReturnValueOnce(taken);
      const first = await files.createFile(at('x'));
      random.mockReturnValueOnce(taken).mockReturnValueOnce(free);
      const second = await files.createFile(at('x'));
      expect((await readdir(folder)).length).toBe(2);
      await Promise.all([first.discard(), second.discard()]);
      random.mockReset().mockReturnValue(taken);
      await writeFile(at(`.longshore-${taken}.partial`), 'not ours');
      expect(await refused(at('x'))).toMatchObject({ code: 'LONGSHORE_FILE', errno: 'EEXIST' });
      expect(await readFile(at(`.longshore-${taken}.partial`), 'utf8')).toBe('not ours');
    } finally {
      random.mockRestore();
    }
  });

  // NAME_MAX of ext4, xfs, btrfs, tmpfs and overlayfs, in bytes
  it('allows the longest target name of the file system; one byte more is rejected before any request', async () => {
    const longest = 'ü'.repeat(127) + 'x';
    await save(at(longest));
    expect(await readdir(folder)).toEqual([longest]);
    const error = await refused(at(`${longest}x`));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ errno: 'ENAMETOOLONG', message: expect.stringContaining('file name too long') });
  });
});

describe('a path that is a symbolic link', () => {
  it.each<[string, Array<readonly [link: string, text: string]>, string]>([
    ['to a file that is not there yet', [['link', 'target']], 'target'],
    ['to one in another folder, by a relative text', [['sub/link', '../target']], 'target'],
    ['through the link of a folder, whose .. is that of its target', [['into', 'far/away'], ['link', 'into/../target']], 'far/target'],
    ['to a link to a file that is not there yet', [['link', 'second'], ['second', 'target']], 'target'],
  ])('%s: the file is made and the link stays', async (_, links, target) => {
    await mkdir(at('sub'));
    await mkdir(at('far/away'), { recursive: true });
    for (const [link, text] of links) await symlink(text, at(link));
    await save(at(links.at(-1)?.[0] === 'second' ? 'link' : (links.at(-1)?.[0] as string)));
    expect(await readFile(at(target), 'utf8')).toBe('new');
    for (const [link, text] of links) expect(await readlink(at(link))).toBe(text);
    // and the file, which exists now, is written again
    await save(at(target), 'newer');
    expect(await readFile(at(target), 'utf8')).toBe('newer');
  });

  it.each<[string, Array<readonly [link: string, text: string]>, string]>([
    ['to itself', [['link', 'link']], 'ELOOP'],
    ['to a link back to it', [['link', 'other'], ['other', 'link']], 'ELOOP'],
    ['to a folder that is not there', [['link', 'no/target']], 'ENOENT'],
    ['to a link to a folder that is not there', [['link', 'other'], ['other', 'no/target']], 'ENOENT'],
    ['to a path below a file', [['link', 'file/target']], 'ENOTDIR'],
  ])('%s: rejected before any request, and the link stays', async (_, links, errno) => {
    await writeFile(at('file'), 'old');
    for (const [link, text] of links) await symlink(text, at(link));
    const error = await refused(at('link'));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ errno, path: at('link') });
    for (const [link, text] of links) expect(await readlink(at(link))).toBe(text);
    expect((await readdir(folder)).length).toBe(links.length + 1);
  });

  it('to a device or a directory is rejected, as they are themselves', async () => {
    for (const [name, target] of [['null', '/dev/null'], ['folder', '.']] as const) {
      await symlink(target, at(name));
      expect(await refused(at(name))).toBeInstanceOf(ArgumentError);
    }
    expect(await refused(at('absent/'))).toBeInstanceOf(FileError);
    expect((await readdir(folder)).sort()).toEqual(['folder', 'null']);
  });
});

// The attack: root saves over a set-user-ID program of another user, and the data from the engine becomes a set-user-ID program
// of root.
describe.skipIf(process.platform === 'win32')('the permission bits of a file that is replaced', () => {
  it.each([0o4755, 0o2755, 0o6711, 0o1666])('of mode %o are kept without the set-ID bits', async (mode) => {
    await writeFile(at('x'), 'old');
    await chmod(at('x'), mode);
    await save(at('x'));
    expect((await stat(at('x'))).mode & 0o7777).toBe(mode & 0o777);
  });

  it.skipIf(process.getuid?.() !== 0)('of another user are not root\'s with the set-user-ID bit (tried as root)', async () => {
    await writeFile(at('x'), 'old');
    await chown(at('x'), 65534, 65534);
    await chmod(at('x'), 0o6755); // behind chown(2), which takes the bits away
    await save(at('x'));
    expect(await stat(at('x'))).toMatchObject({ uid: 0, mode: 0o100755 });
  });
});

// The first process of a container has PID 1, and so has that of the next container, which saves to the same path.
const namespace = ['--pid', '--fork', '--kill-child'];
const isPossible = (): boolean => spawnSync('unshare', [...namespace, process.execPath, '--version']).status === 0;
const noNamespace = lacking('unshare') ?? (isPossible() ? undefined : 'no right to make a PID namespace');
describe.skipIf(noNamespace)(titled('a save in a PID namespace', noNamespace), () => {
  const program = `
    import { files } from ${JSON.stringify(new URL('../../../build/system/files/archive-files.js', import.meta.url).href)};
    const file = await files.createFile(process.argv[1]);
    console.log(process.pid);
    if (process.argv[2] === 'wait') setInterval(() => {}, 1000);
    else await file.commit(undefined);`;
  const start = (how: string): ChildProcess =>
    spawn('unshare', [...namespace, process.execPath, '--input-type=module', '-e', program, at('x'), how]);

  it('succeeds after another one was killed', async () => {
    const killed = start('wait');
    const [said] = (await once(killed.stdout as Readable, 'data')) as [Buffer];
    expect(String(said)).toBe('1\n');
    killed.kill('SIGKILL'); // unshare, whose child the kernel then kills
    await once(killed.stdout as Readable, 'close');
    expect(await readdir(folder)).toHaveLength(1);
    const [code] = (await once(start('go on'), 'close')) as [number];
    expect(code).toBe(0);
    expect(await readdir(folder)).toContain('x');
  });
});
