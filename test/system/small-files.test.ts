import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { SMALL_FILE_LIMIT, namesInFolder, readSmallFile } from '../../src/system/small-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-small-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readSmallFile', () => {
  it('gives the bytes, and undefined where there is no such file or folder', async () => {
    await writeFile(join(folder, 'there'), 'ä');
    expect(Buffer.from((await readSmallFile(join(folder, 'there')))?.bytes ?? [])).toEqual(Buffer.from([0xc3, 0xa4]));
    expect(await readSmallFile(join(folder, 'nowhere'))).toBeUndefined();
    expect(await readSmallFile(join(folder, 'there', 'below-a-file'))).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32').each([
    [0o600, false],
    [0o640, true],
    [0o604, true],
    [0o620, false],
  ])('tells of mode %o whether others may read it', async (mode, readableByOthers) => {
    const path = join(folder, `mode-${mode}`);
    await writeFile(path, '');
    await chmod(path, mode);
    expect(await readSmallFile(path)).toMatchObject({ readableByOthers });
  });

  it('takes a file at the limit, and refuses one byte more and a folder', async () => {
    const path = join(folder, 'large');
    await writeFile(path, Buffer.alloc(SMALL_FILE_LIMIT));
    expect((await readSmallFile(path))?.bytes.length).toBe(SMALL_FILE_LIMIT);
    await writeFile(path, Buffer.alloc(SMALL_FILE_LIMIT + 1));
    const error = await readSmallFile(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(path);
    await expect(readSmallFile(folder)).rejects.toThrow(ConfigError);
  });
});

describe('namesInFolder', () => {
  it('gives the names sorted, and none of a folder that is not there', async () => {
    await mkdir(join(folder, 'names', 'b'), { recursive: true });
    await writeFile(join(folder, 'names', 'a'), '');
    expect(await namesInFolder(join(folder, 'names'))).toEqual(['a', 'b']);
    expect(await namesInFolder(join(folder, 'none'))).toEqual([]);
  });
});
