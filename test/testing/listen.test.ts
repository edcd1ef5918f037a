// Listening sockets: their permissions, and their removal.

import { once } from 'node:events';
import { statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { Server, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArgumentError, FileError } from '../../src/errors.ts';
import { listen } from '../../src/testing/listen.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'longshore-listen-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const greet = (connection: { end(text: string): void }): void => connection.end('hello');

async function whatIsSaid(path: string): Promise<string> {
  const socket = connect(path);
  let text = '';
  for await (const bytes of socket) text += String(bytes);
  return text;
}

describe('a socket', () => {
  it('without a path is in a folder that only this user can enter; both are removed', async () => {
    const listener = await listen(undefined, greet);
    expect(await whatIsSaid(listener.path)).toBe('hello');
    expect(listener.host).toBe(`unix://${listener.path}`);
    expect(await modeOf(dirname(listener.path))).toBe(0o700);
    await listener.close();
    await expect(stat(dirname(listener.path))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('at a path can be used only by this user, and is removed, but not its folder', async () => {
    const listener = await listen(join(folder, 's'), greet);
    expect(await whatIsSaid(join(folder, 's'))).toBe('hello');
    expect(await modeOf(listener.path)).toBe(0o600);
    await listener.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('at a relative path reports the absolute path', async () => {
    const before = process.cwd();
    const name = `longshore-listen-${process.pid}.sock`;
    const listener = await listen(name, greet);
    expect(listener.host).toBe(`unix://${before}/${name}`);
    await listener.close();
  });

  it('is closed when its last connection is', async () => {
    let closed = false;
    const taken: Array<{ destroy(): void }> = [];
    const listener = await listen(undefined, (connection) => void taken.push(connection));
    const client = connect(listener.path);
    await once(client, 'connect');
    const closing = listener.close().then(() => (closed = true));
    await expect(whatIsSaid(listener.path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(closed).toBe(false);
    for (const connection of taken) connection.destroy();
    client.destroy();
    await closing;
  });
});

// The attack: between listen(2) and chmod(2) the mode of the socket depends on the umask. A user who connects then can use
// the engine like this process.
describe.skipIf(process.platform === 'win32')('a socket at a path', () => {
  it('is made in a folder that only this user can enter, and never has another mode at its path', async () => {
    const modes: number[] = [];
    const original = Server.prototype.listen;
    const spy = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...argv: unknown[]) {
      modes.push(statSync(dirname(String(argv[0]))).mode & 0o777);
      return Reflect.apply(original, this, argv) as Server;
    });
    const name = join(folder, 'x'.repeat(107 - folder.length - 3));
    await mkdir(name);
    try {
      await chmod(folder, 0o777);
      for (const path of [join(folder, 's'), join(name, 's')]) {
        const listener = await listen(path, greet);
        expect(await modeOf(path)).toBe(0o600);
        expect(await whatIsSaid(path)).toBe('hello');
        expect((await readdir(dirname(path))).sort()).toEqual(path.startsWith(name) ? ['s'] : ['s', basename(name)].sort());
        await listener.close();
      }
    } finally {
      spy.mockRestore();
    }
    expect(modes).toEqual([0o700, 0o700]);
    expect(await readdir(name)).toEqual([]);
  });

  it('is not removed if another file has replaced it', async () => {
    const listener = await listen(join(folder, 's'), greet);
    await rm(join(folder, 's'));
    await writeFile(join(folder, 's'), 'mine');
    await listener.close();
    expect(await readdir(folder)).toEqual(['s']);
  });

  it('does not replace a file that appears while the socket is made', async () => {
    const both = await Promise.allSettled([listen(join(folder, 's'), greet), listen(join(folder, 's'), greet)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await whatIsSaid(join(folder, 's'))).toBe('hello');
    for (const one of both) if (one.status === 'fulfilled') await one.value.close();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a path', () => {
  const ofLength = (bytes: number): string => join(folder, 'ü'.repeat(20) + 'x'.repeat(bytes - folder.length - 1 - 40));

  // Node 20 truncates a longer path to 108 bytes without an error.
  it.skipIf(process.platform !== 'linux')('of 107 bytes is accepted and one of 108 rejected, on Linux', async () => {
    const listener = await listen(ofLength(107), greet);
    expect(await whatIsSaid(ofLength(107))).toBe('hello');
    await listener.close();
    const refused = listen(ofLength(108), greet);
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow('at most 107 bytes');
    expect(await readdir(folder)).toEqual([]);
  });

  it('that already exists is not changed', async () => {
    await writeFile(join(folder, 'file'), 'mine');
    const listener = await listen(join(folder, 's'), greet);
    for (const name of ['file', 's']) {
      const refused = listen(join(folder, name), greet);
      await expect(refused).rejects.toThrow(FileError);
      await expect(refused).rejects.toThrow('the file exists already');
    }
    expect(await whatIsSaid(join(folder, 's'))).toBe('hello');
    await listener.close();
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('whose folder is missing is an error that names the reason', async () => {
    await expect(listen(join(folder, 'no', 's'), greet)).rejects.toMatchObject({ code: 'LONGSHORE_FILE', errno: 'ENOENT' });
  });

  it.skipIf(process.getuid?.() === 0)('without permission is an error that names the reason (not tried as root)', async () => {
    await chmod(folder, 0o500);
    await expect(listen(join(folder, 's'), greet)).rejects.toThrow('permission denied');
  });
});
