import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { files } from '../../../src/system/files/archive-files.ts';
import { until } from '../../support/fake-daemon.ts';
import { makeFifo, noFifo } from '../../support/fifo.ts';
import { lacking, titled } from '../../support/installed.ts';

const MIB = 1024 * 1024;
const content = randomBytes(9 * MIB + 12_345);
let folder = '';
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The digest of all chunks, each copied before the next is requested, because the memory of a chunk is reused. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<{ lengths: number[]; sha256: string }> {
  const hash = createHash('sha256');
  const lengths: number[] = [];
  for await (const chunk of chunks) {
    // Waits one turn, so that a read that comes too early would overwrite the chunk.
    await new Promise((resolve) => setImmediate(resolve));
    hash.update(chunk);
    lengths.push(chunk.length);
  }
  return { lengths, sha256: hash.digest('hex') };
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('fileBody', () => {
  it.each([0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 4 * MIB, content.length])('yields the %i bytes of a file in order', async (length) => {
    writeFileSync(path('archive'), content.subarray(0, length));
    const body = await files.fileBody(path('archive'));
    if (!('chunks' in body)) throw new Error('no chunks');
    expect(body.length).toBe(length);
    const { lengths, sha256 } = await read(body.chunks);
    expect(sha256).toBe(digestOf(content.subarray(0, length)));
    expect(lengths.every((each) => each > 0)).toBe(true);
  });

  // Files below /proc, and of some FUSE file systems, have size 0 and content.
  it.skipIf(process.platform !== 'linux')('reads a file of size 0 that has content', async () => {
    const body = await files.fileBody('/proc/version');
    if (!('chunks' in body)) throw new Error('no chunks');
    expect(body.length).toBeUndefined();
    expect((await read(body.chunks)).sha256).toBe(digestOf(readFileSync('/proc/version')));
  });

  it.skipIf(process.platform !== 'linux')('rejects a file of size 0 that cannot be read', async () => {
    // Reading at address 0 fails with EIO: mem(4).
    await expect(files.fileBody('/proc/self/mem')).rejects.toThrow(/^cannot read \/proc\/self\/mem: EIO/);
  });

  it('closes the file when the reader stops early', async () => {
    writeFileSync(path('archive'), content);
    const body = await files.fileBody(path('archive'));
    if (!('chunks' in body)) throw new Error('no chunks');
    const source = body.chunks[Symbol.asyncIterator]();
    expect((await source.next()).value).toHaveLength(MIB);
    expect(await source.return?.()).toMatchObject({ done: true });
    expect(await source.next()).toMatchObject({ done: true });
  });
});

// Opening a FIFO blocks until a writer comes, and reading it until something is written, each in one of the four threads that
// a process has for files, unless the reads are non-blocking.
describe.skipIf(process.platform !== 'linux' || noFifo)(titled('fileBody of a FIFO', noFifo), () => {
  let fifo: string;
  beforeEach(() => {
    fifo = makeFifo(path(`fifo-${randomUUID()}`));
  });
  const chunksOf = async (of = fifo): Promise<AsyncIterable<Uint8Array>> => {
    const body = await files.fileBody(of);
    if (!('chunks' in body)) throw new Error('no chunks');
    expect(body.length).toBeUndefined(); // it is sent in chunks of HTTP
    return body.chunks;
  };
  /** The open descriptors of the FIFO, as the kernel lists them. */
  const opened = (): string[] =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === fifo;
      } catch {
        return false; // the descriptor of this very listing
      }
    });

  it('yields everything from a writer that comes late and pauses', async () => {
    const reading = read(await chunksOf());
    await until(() => opened().length === 1);
    const writer = await open(fifo, 'w');
    await writer.write(content.subarray(0, 10));
    await new Promise((resolve) => setImmediate(resolve));
    await writer.writeFile(content.subarray(10));
    await writer.close();
    expect((await reading).sha256).toBe(digestOf(content));
  });

  const noBash = lacking('bash');
  it.skipIf(noBash)(titled('reads a process substitution of a shell and /dev/stdin after a pipe, also through links', noBash), async () => {
    const link = path(`link-${randomUUID()}`);
    const fds = path(`fds-${randomUUID()}`);
    symlinkSync('/dev/stdin', link);
    symlinkSync('/proc/self/fd', fds);
    symlinkSync(basename(link), `${link}-2`);
    const program = `
      import { files } from ${JSON.stringify(new URL('../../../build/system/files/archive-files.js', import.meta.url).href)};
      for await (const chunk of (await files.fileBody(process.argv[1])).chunks) process.stdout.write(Buffer.from(chunk));`;
    const node = `"$0" --input-type=module -e "$1"`;
    const names = ['/dev/stdin', link, `${link}-2`, `${fds}/0`];
    for (const command of [`${node} <(cat "$2")`, ...names.map((name) => `cat "$2" | ${node} ${name}`)]) {
      // For an empty pipe, only the path shows that there was a writer.
      for (const bytes of [content, Buffer.alloc(0)]) {
        writeFileSync(path('archive'), bytes);
        const argv = ['-c', command, process.execPath, program, path('archive')];
        expect(digestOf(execFileSync('bash', argv, { maxBuffer: 2 * content.length, timeout: 20_000 })), command).toBe(digestOf(bytes));
      }
    }
  });

  it('closes FIFOs without a writer when the reader stops; other files are read meanwhile', async () => {
    const sources = await Promise.all(
      Array.from({ length: 8 }, async () => (await chunksOf())[Symbol.asyncIterator]()),
    );
    const steps = sources.map((source) => source.next());
    await until(() => opened().length === sources.length);
    expect(await readFile('/proc/self/comm')).not.toHaveLength(0);
    const ends = await Promise.allSettled(sources.map((source) => source.return?.()));
    await Promise.allSettled(steps);
    expect(ends.map(({ status }) => status)).toEqual(sources.map(() => 'fulfilled'));
    await until(() => opened().length === 0);
  });

  it('closes a FIFO when the reader stops during the opening', async () => {
    const source = (await chunksOf())[Symbol.asyncIterator]();
    const step = source.next().catch(() => {});
    await source.return?.();
    await step;
    await until(() => opened().length === 0);
  });

  it('rejects a socket, which cannot be opened', async () => {
    const server = createServer().listen(path('socket'));
    await once(server, 'listening');
    await expect(files.fileBody(path('socket'))).rejects.toThrow(`cannot read ${path('socket')}: it is a socket`);
    server.close();
  });

  it('reads a device', async () => {
    const source = (await chunksOf('/dev/zero'))[Symbol.asyncIterator]();
    expect(Buffer.compare((await source.next()).value as Uint8Array, Buffer.alloc(MIB))).toBe(0);
    await source.return?.();
  });
});

describe('enlargeReads', () => {
  const stream = (options: Parameters<typeof createReadStream>[1]): ReadStream => {
    writeFileSync(path('archive'), content);
    return createReadStream(path('archive'), options);
  };
  const enlargeReads = (of: ReadStream): ReadStream => {
    files.enlargeReads(of);
    return of;
  };

  it.each([
    ['whole', {}, 0, content.length],
    ['from a start', { start: 5 }, 5, content.length],
    ['of a range', { start: 70_000, end: 2 * MIB + 99 }, 70_000, 2 * MIB + 100],
    ['of a range below one read', { start: 3, end: 9 }, 3, 10],
  ] as const)('makes a stream read the same bytes in larger pieces: %s', async (_, options, start, end) => {
    const { lengths, sha256 } = await read(enlargeReads(stream(options)));
    expect(sha256).toBe(digestOf(content.subarray(start, end)));
    expect(Math.max(...lengths)).toBe(Math.min(MIB, end - start));
  });

  it('keeps a high-water mark that the caller has set', async () => {
    const { lengths } = await read(enlargeReads(stream({ highWaterMark: 50_000 })));
    expect(Math.max(...lengths)).toBe(50_000);
  });

  it('loses nothing of a stream that has been read in part', async () => {
    const begun = stream({});
    await once(begun, 'readable');
    const first = begun.read(10) as Buffer;
    const { sha256 } = await read(enlargeReads(begun));
    expect(first).toEqual(content.subarray(0, 10));
    expect(sha256).toBe(digestOf(content.subarray(10)));
  });

  it('keeps the errors of the stream', async () => {
    await expect(read(enlargeReads(createReadStream(path('absent'))))).rejects.toMatchObject({ code: 'ENOENT' });
    const stop = new AbortController();
    const stopped = enlargeReads(stream({ signal: stop.signal }));
    stop.abort();
    await expect(read(stopped)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
