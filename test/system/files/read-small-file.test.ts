import * as crypto from 'node:crypto';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { readDockerConfig } from '../../../src/system/files/read-docker-config.ts';
import { findEngine, listContexts } from '../../../src/system/find-engine.ts';
import type { Environment } from '../../../src/config/environment-variables.ts';
import { readEnvironment } from '../../../src/system/environment.ts';
import { SMALL_FILE_LIMIT, namesInFolder, readSmallFile } from '../../../src/system/files/read-small-file.ts';
import { readTlsMaterial } from '../../../src/system/tls/tls-material.ts';
import { replay } from '../../../src/testing/replay.ts';
import { makeFifo, noFifo } from '../../support/fifo.ts';
import { titled } from '../../support/installed.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-small-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readSmallFile', () => {
  it('returns the bytes, or undefined if the file or its directory does not exist', async () => {
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
  ])('reports for mode %o whether others may read the file', async (mode, readableByOthers) => {
    const path = join(folder, `mode-${mode}`);
    await writeFile(path, '');
    await chmod(path, mode);
    expect(await readSmallFile(path)).toMatchObject({ readableByOthers });
  });

  it('reads a file at the limit, and rejects one byte more and a directory', async () => {
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

// Opening a FIFO without a writer blocks forever, in a thread that the whole process shares.
describe.skipIf(noFifo)(titled('a configuration that is not a regular file', noFifo), () => {
  let fifo: string;
  beforeAll(() => {
    fifo = makeFifo(join(folder, 'fifo'));
  });

  /** A directory for DOCKER_CONFIG, with the FIFO at that path in it. */
  async function configWith(path: string): Promise<string> {
    const config = await mkdtemp(join(folder, 'config-'));
    await mkdir(dirname(join(config, path)), { recursive: true });
    await symlink(fifo, join(config, path));
    return config;
  }
  const meta = `contexts/meta/${createHash('sha256').update('lab').digest('hex')}/meta.json`;
  const environment = (DOCKER_CONFIG: string): Environment => readEnvironment({ DOCKER_CONFIG });

  // what is replaced by the FIFO, what reads it
  it.each<[string, () => Promise<unknown>]>([
    ['the credentials', async () => readDockerConfig(await configWith('config.json'))],
    ['the search for the engine', async () => findEngine({}, environment(await configWith('config.json')))],
    ['a context', async () => findEngine({ context: 'lab' }, environment(await configWith(meta)))],
    ['tls.ca', async () => readTlsMaterial({ ca: fifo }, () => {}, crypto)],
    ['tls.cert', async () => readTlsMaterial({ cert: fifo, key: fifo }, () => {}, crypto)],
    ['a tape', async () => replay(fifo)],
  ])('is a ConfigError, for %s', async (_, read) => {
    const error = await read().then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(/^cannot read .*: it is a FIFO, not a regular file/);
  });

  it('is reported in the list of contexts', async () => {
    expect(await listContexts(environment(await configWith(meta)))).toMatchObject([{ problem: expect.stringContaining('a FIFO') }]);
  });

  it('is rejected if it is a device, a socket or a directory', async () => {
    await expect(readSmallFile('/dev/zero')).rejects.toThrow('it is a device, not a regular file');
    await expect(readSmallFile(folder)).rejects.toThrow('it is a directory, not a regular file');
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    await expect(readSmallFile(join(folder, 'socket'))).rejects.toThrow('it is a socket or a device, not a regular file');
    server.close();
  });

  // Files below /proc have size 0 and any content; /proc/self/pagemap has terabytes (proc(5)).
  it.skipIf(process.platform !== 'linux')('is read up to the limit if its size is 0', async () => {
    expect(String((await readSmallFile('/proc/self/stat'))?.bytes)).toMatch(/^\d+ \(/);
    await expect(readSmallFile('/proc/self/pagemap')).rejects.toThrow(`more than ${SMALL_FILE_LIMIT} bytes`);
  });
});

describe('namesInFolder', () => {
  it('returns sorted names, and none for a missing directory', async () => {
    await mkdir(join(folder, 'names', 'b'), { recursive: true });
    await writeFile(join(folder, 'names', 'a'), '');
    expect(await namesInFolder(join(folder, 'names'))).toEqual(['a', 'b']);
    expect(await namesInFolder(join(folder, 'none'))).toEqual([]);
  });
});
