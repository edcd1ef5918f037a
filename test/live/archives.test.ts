// Saving images and loading them again.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, ArgumentError, NotFoundError, packTar } from '../../src/index.ts';
import type { ArchiveStream, UploadData } from '../../src/index.ts';
import { gnuTar } from '../support/foreign-tar.ts';
import {
  ENGINE,
  LABEL,
  RUN,
  cleanUp,
  collect,
  connect,
  curl,
  failure,
  fileOf,
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

/** An image of some megabytes: it needs many reads, and its size is not a round number. */
const BIG = 3 * 1024 * 1024 + 77;
let big: { name: string; id: string };
let expected: Buffer;
beforeAll(async () => {
  const name = `${repository('big')}:v1`;
  const content = createHash('sha256')
    .update(RUN)
    .digest('hex')
    .repeat(BIG / 64);
  const changes = [`LABEL ${LABEL}`];
  big = { name, ...(await docker.importImageFromData({ content, run: RUN }, { repository: name, changes })) };
  expected = curl(`/images/get?names=${encodeURIComponent(name)}`);
});

describe('getImage', () => {
  it('yields the same bytes as curl, in chunks of the given size', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of docker.getImage(big.name, { chunkSize: 10_000 })) chunks.push(chunk);
    expect(timeless(Buffer.concat(chunks)).equals(timeless(expected))).toBe(true);
    const sizes = chunks.map((chunk) => chunk.length);
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([10_000]));
    expect(sizes.at(-1)).toBe(expected.length % 10_000 || 10_000);
  });

  const ways: ReadonlyArray<readonly [string, (archive: ArchiveStream) => Promise<Buffer>]> = [
    ['a loop', (archive) => collect(archive)],
    ['a stream of Node', (archive) => collect(archive.toNode())],
    ['a stream of the web', (archive) => collect(archive.toWeb())],
    [
      'each',
      async (archive) => {
        const copies: Buffer[] = [];
        const result = await archive.each((view) => void copies.push(Buffer.from(view)));
        expect(result.bytes).toBe(expected.length);
        return Buffer.concat(copies);
      },
    ],
    [
      'each with a promise, until which the view stays valid',
      async (archive) => {
        const copies: Buffer[] = [];
        await archive.each(async (view) => {
          await new Promise((resolve) => setImmediate(resolve));
          copies.push(Buffer.from(view));
        });
        return Buffer.concat(copies);
      },
    ],
    [
      'a file',
      async (archive) => {
        const path = join(folder.path, 'ways.tar');
        await archive.toFile(path);
        return readFile(path);
      },
    ],
  ];
  it.each(ways)('yields the same bytes by %s', async (_, read) => {
    expect(timeless(await read(docker.getImage(big.name))).equals(timeless(expected))).toBe(true);
  });

  it('writes a file, and returns its length, its entries and the names in it', async () => {
    const path = join(folder.path, 'saved.tar');
    const result = await docker.getImage(big.name).toFile(path);
    const listing = gnuTar(['-tf', path]).toString().trimEnd().split('\n');
    expect(result).toEqual({ bytes: expected.length, entries: listing.length, references: [big.name] });
    expect((await readdir(folder.path)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  // covers: complaint py-12
  it('accepts an id, and then the archive has no names', async () => {
    const archive = await collect(docker.getImage(big.id));
    // The containerd store keeps the names; Docker's own store and Podman omit them for an id.
    expect([[], [big.name]]).toContainEqual(manifestOf(archive)[0]?.RepoTags ?? []);
    expect(fileOf(archive, 'run')).toBe(RUN);
  });

  it('puts several images into one archive', async () => {
    const [one, two] = [await makeImage(docker, 'several-1'), await makeImage(docker, 'several-2')];
    const archive = await collect(docker.getImage([one.name, two.name]));
    const names = manifestOf(archive).flatMap((image) => image.RepoTags ?? []);
    expect(names.sort()).toEqual([shown(one.name), shown(two.name)]);
  });

  it('leaves no connection after an early break, and the client still works', async () => {
    for await (const chunk of docker.getImage(big.name, { chunkSize: 1000 })) {
      expect(chunk).toHaveLength(1000);
      break;
    }
    expect(await docker.exists(big.name)).toBe(true);
  });

  it('can be read once', async () => {
    const archive = docker.getImage(big.name);
    await archive.each(() => {});
    expect(await failure(archive.each(() => {}))).toBeInstanceOf(ArgumentError);
  });

  it('is a NotFoundError on reading if the image does not exist, and leaves no file', async () => {
    const path = join(folder.path, 'none.tar');
    const error = await failure(docker.getImage(repository('nothing')).toFile(path));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(await readdir(folder.path)).not.toContain('none.tar');
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough of it');
    const read = docker.getImage(big.name, { signal: controller.signal }).each(() => controller.abort(reason));
    expect(await failure(read)).toBe(reason);
  });
});

describe('loadImage', () => {
  const path = (): string => join(folder.path, 'load.tar');
  // Podman lists all names in one line, without a line end.
  const loadedLine = (): string => `Loaded image: ${shown(big.name)}${ENGINE.isPodman ? '' : '\n'}`;
  beforeAll(() => writeFile(path(), expected));

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < expected.length; at += 100_003) yield expected.subarray(at, at + 100_003);
  }
  const sources: ReadonlyArray<readonly [string, () => UploadData]> = [
    ['a path', () => ({ path: path() })],
    ['bytes', () => expected],
    ['an async iterable', pieces],
    ['a Blob', () => new Blob([new Uint8Array(expected)])],
    ['a stream of Node', () => createReadStream(path())],
    ['a stream of the web', () => new Blob([new Uint8Array(expected)]).stream() as unknown as UploadData],
  ];
  it.each(sources)('accepts %s, and returns the references', async (_, source) => {
    await docker.removeImage(big.name);
    expect(await docker.exists(big.id)).toBe(false);
    expect(await docker.loadImage(source())).toEqual({ references: [shown(big.name)], ids: [] });
    expect((await docker.inspectImage(big.name)).Id).toBe(big.id);
  });

  it('returns the id of an image without a name', async () => {
    const untagged = await collect(docker.getImage(big.id));
    await docker.removeImage(big.name);
    const { references, ids } = await docker.loadImage(untagged);
    expect([...references, ...ids]).toHaveLength(1);
    const [image = ''] = [...references, ...ids];
    expect((await docker.inspectImage(image)).Id).toBe(big.id);
    await docker.tag(image, big.name);
  });

  it('returns the references of several images', async () => {
    const [one, two] = [await makeImage(docker, 'load-1'), await makeImage(docker, 'load-2')];
    const archive = await collect(docker.getImage([one.name, two.name]));
    await docker.removeImage(one.name);
    await docker.removeImage(two.name);
    const { references, ids } = await docker.loadImage(archive);
    expect([[...references].sort(), ids]).toEqual([[shown(one.name), shown(two.name)], []]);
  });

  // The containerd store reports no progress of a load at all.
  // covers: complaint api-1
  it('reports progress, and with quiet only the loaded images', async () => {
    await docker.removeImage(big.name);
    const loud = docker.loadImage(expected);
    const types = new Set<string>();
    for await (const event of loud) types.add(event.type);
    expect(types).toContain('stream');
    expect((await loud.result()).references).toEqual([shown(big.name)]);
    const quiet = docker.loadImage(expected, { quiet: true });
    const events = [];
    for await (const event of quiet) if (event.type !== 'upload') events.push(event);
    expect(events).toEqual([{ type: 'stream', text: loadedLine() }]);
  });

  it('yields what the engine sends, undecoded', async () => {
    const sent = await collect(docker.loadImage(expected, { quiet: true }).bytes());
    expect(JSON.parse(sent.toString())).toEqual({ stream: loadedLine() });
  });

  // covers: fault 3.13.6, complaint js-4
  it('is an ApiError inside the stream for an archive without an image', async () => {
    const error = await failure(docker.loadImage(packTar({ 'no-manifest': 'x' })));
    expect(error).toBeInstanceOf(ApiError);
    // Podman reads all of it before it answers.
    const place = ENGINE.isPodman ? { inStream: false, status: 500 } : { inStream: true, status: 200 };
    expect(error).toMatchObject({ ...place, method: 'POST' });
  });
});

describe('digests', () => {
  /** Files that have no digest in any layout: tables of contents, and files that only Docker before 1.10 reads. */
  const withoutDigest = /^(?:index\.json|manifest\.json|oci-layout|repositories|[0-9a-f]{64}\/(?:VERSION|json))$/;
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  /** The lengths of an archive's files by their paths, as GNU tar lists them. */
  function sizesIn(path: string): Map<string, number> {
    const lines = gnuTar(['-tvf', path]).toString().trimEnd().split('\n').filter((line) => line.startsWith('-'));
    return new Map(lines.map((line) => line.split(/ +/)).map((words) => [words.at(-1) ?? '', Number(words[2])]));
  }

  /** Three layers; the last is equal to the first, so the older layout has a link for it. */
  async function loadLayers(): Promise<string> {
    const [one, two] = [await collect(packTar({ one: RUN.repeat(10_000) })), await collect(packTar({ two: RUN }))];
    const layers = [one, two, one].map(sha256);
    const rootfs = { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer}`) };
    const [key = '', value] = LABEL.split('=');
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: { [key]: value } }, rootfs });
    const Config = `${sha256(Buffer.from(config))}.json`;
    const image = { Config, RepoTags: [`${repository('layers')}:v1`], Layers: layers.map((layer) => `${layer}.tar`) };
    const files = { [`${layers[0]}.tar`]: one, [`${layers[1]}.tar`]: two, [Config]: config };
    await docker.loadImage(packTar({ ...files, 'manifest.json': JSON.stringify([image]) }));
    return `${repository('layers')}:v1`;
  }

  it('cover everything except the tables of contents in an archive of several images', async () => {
    const path = join(folder.path, 'digests.tar');
    const names = [big.name, (await makeImage(docker, 'digests')).name, await loadLayers()];
    const { verified } = await docker.getImage(names, { verify: 'digests' }).toFile(path);
    const sizes = sizesIn(path);
    expect(verified?.unverified).toEqual([...sizes.keys()].filter((name) => withoutDigest.test(name)));
    const covered = [...sizes].filter(([name]) => !withoutDigest.test(name));
    expect(verified?.bytes).toBe(covered.reduce((sum, [, size]) => sum + size, 0));
    expect(verified?.absent).toEqual([]);
  });

  it('cover an image that was saved by its id', async () => {
    const { verified } = await docker.getImage(big.id, { verify: 'digests' }).each(() => {});
    expect(verified?.bytes).toBeGreaterThan(0);
    expect(verified?.unverified.filter((path) => !withoutDigest.test(path))).toEqual([]);
  });
});
