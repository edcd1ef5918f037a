// Importing images from the tar of a file system: five sources, the options, and the content of the image.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, ArgumentError, TarError, UploadError, packTar } from '../../src/index.ts';
import type { ImportResult, ProgressEvent, ProgressStream, TarEntry } from '../../src/index.ts';
import { gnuTar } from '../support/foreign-tar.ts';
import {
  ENGINE,
  LABEL,
  PODMAN_5_8,
  REGISTRY,
  RUN,
  cleanUp,
  collect,
  connect,
  failure,
  fileOf,
  layerOf,
  makeImage,
  repository,
  serve,
  temporaryFolder,
} from './support.ts';

const docker = connect();
afterAll(() => cleanUp(docker));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder.remove());

const changes = [`LABEL ${LABEL}`];
const words = `what it says\n${RUN}\n`;

/** Packs with GNU tar. */
async function tar(): Promise<Buffer> {
  await writeFile(join(folder.path, 'words'), words);
  return gnuTar(['-cf', '-', '-C', folder.path, 'words']);
}

/** The result of an import, as the engine and GNU tar see it. */
async function holds(image: string): Promise<string> {
  return fileOf(await collect(docker.getImage(image)), 'words');
}

describe('importImageFromData', () => {
  it('accepts the bytes of a tar archive', async () => {
    const { id } = await docker.importImageFromData(await tar(), { repository: repository('bytes'), changes });
    expect((await docker.inspectImage(repository('bytes'))).Id).toBe(id);
    expect(await holds(id)).toBe(words);
  });

  it('packs an object of files', async () => {
    const { id } = await docker.importImageFromData({ words, 'bin/app': Buffer.from([0, 255]) }, { changes });
    const layer = layerOf(await collect(docker.getImage(id)));
    expect(gnuTar(['-xOf', '-', 'words'], layer).toString()).toBe(words);
    expect(gnuTar(['-xOf', '-', 'bin/app'], layer)).toEqual(Buffer.from([0, 255]));
  });

  it('packs entries of every type, with names, owners and times that need pax', async () => {
    const long = `${'long-name/'.repeat(15)}${'é'.repeat(60)}`;
    const entries: TarEntry[] = [
      { path: 'etc', type: 'directory', mode: 0o700, uid: 3_000_000, gid: 7 },
      { path: 'etc/words', content: words, mode: 0o4755, mtime: 1_700_000_000 },
      { path: 'words', type: 'link', linkname: 'etc/words' },
      { path: 'symbolic', type: 'symlink', linkname: 'etc/words' },
      { path: 'pipe', type: 'fifo' },
      { path: long, content: 'far down' },
    ];
    const { id } = await docker.importImageFromData(entries, { changes });
    const layer = layerOf(await collect(docker.getImage(id)));
    const lines = gnuTar(['-tvf', '-', '--numeric-owner', '--quoting-style=literal'], layer).toString();
    expect(lines).toMatch(/^drwx------ 3000000\/7 .* etc\/$/m);
    expect(lines).toMatch(/^-rwsr-xr-x 0\/0 .* 2023-11-14 .* etc\/words$/m);
    expect(lines).toMatch(/^h.* words link to etc\/words$/m);
    expect(lines).toMatch(/^l.* symbolic -> etc\/words$/m);
    expect(lines).toMatch(/^p.* pipe$/m);
    expect(gnuTar(['-xOf', '-', long], layer).toString()).toBe('far down');
  });

  it('packs entries from an async iterable, with content of known size in pieces', async () => {
    async function* content(): AsyncGenerator<Uint8Array> {
      for (let part = 0; part < 1000; part++) yield Buffer.alloc(1000, part % 251);
    }
    async function* entries(): AsyncGenerator<TarEntry> {
      yield { path: 'words', content: words };
      yield { path: 'pieces', size: 1_000_000, content: content() };
    }
    const { id } = await docker.importImageFromData(entries(), { changes });
    const layer = layerOf(await collect(docker.getImage(id)));
    expect(gnuTar(['-xOf', '-', 'pieces'], layer).equals(await collect(content()))).toBe(true);
  });

  it('makes no image if content is shorter than its size, and blames the source', async () => {
    const short = [{ path: 'short', size: 100_000, content: [Buffer.alloc(99_999)] }];
    const call = docker.importImageFromData(short as Iterable<TarEntry>, { repository: repository('short'), changes });
    expect(await failure(call)).toBeInstanceOf(TarError);
    expect(await docker.exists(repository('short'))).toBe(false);
  });
});

describe('importImageFromFile', () => {
  it('uploads a file, also a compressed one', async () => {
    for (const [name, bytes] of [
      ['plain.tar', await tar()],
      ['packed.tgz', gzipSync(await tar())],
    ] as const) {
      const path = join(folder.path, name);
      await writeFile(path, bytes);
      expect(await holds((await docker.importImageFromFile(path, { changes })).id), name).toBe(words);
      expect(await holds(((await docker.importImage(path, { changes })) as ImportResult).id), name).toBe(words);
    }
  });

  it('names a missing file, and does not treat it as a URL', async () => {
    const path = join(folder.path, 'mistyped.tar');
    for (const call of [docker.importImageFromFile(path), docker.importImage(path)]) {
      const error = await failure(call);
      expect(error).toBeInstanceOf(UploadError);
      expect((error as UploadError).message).toContain(path);
    }
  });
});

describe('importImageFromStream', () => {
  it('uploads anything that yields bytes', async () => {
    const bytes = await tar();
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
    }
    expect(await holds((await docker.importImageFromStream(pieces(), { changes })).id)).toBe(words);
    expect(await holds((await docker.importImageFromStream(packTar({ words }), { changes })).id)).toBe(words);
  });

  it('makes no image if the source throws, and rejects', async () => {
    const fault = new Error('the source has run dry');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield (await tar()).subarray(0, 1024);
      throw fault;
    }
    const error = await failure(docker.importImageFromStream(broken(), { repository: repository('broken'), changes }));
    expect(error).toBeInstanceOf(UploadError);
    expect((error as UploadError).cause).toBe(fault);
    expect(await docker.exists(repository('broken'))).toBe(false);
  });
});

describe('importImageFromUrl', () => {
  it('lets the engine fetch it', async () => {
    const bytes = await tar();
    const asked: string[] = [];
    const server = await serve((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end(bytes);
    });
    try {
      const url = `http://127.0.0.1:${server.port}/some/words.tar?a=b&c=%20`;
      expect(await holds((await docker.importImageFromUrl(url, { changes })).id)).toBe(words);
      expect(await holds(((await docker.importImage(url, { changes })) as ImportResult).id)).toBe(words);
      expect(asked).toEqual(Array(2).fill('GET /some/words.tar?a=b&c=%20'));
    } finally {
      server.close();
    }
  });

  it('has the engine\'s message if the fetch fails', async () => {
    const server = await serve((_, response) => void response.writeHead(404).end('gone'));
    try {
      const error = await failure(docker.importImageFromUrl(`http://127.0.0.1:${server.port}/x.tar`));
      expect(error).toBeInstanceOf(ApiError);
      // Podman does not check the status, and reads the page as a tar archive.
      expect((error as ApiError).daemonMessage).toContain(ENGINE.isPodman ? 'unexpected EOF' : '404');
    } finally {
      server.close();
    }
    const refused = await failure(docker.importImageFromUrl(`http://127.0.0.1:${server.port}/x.tar`));
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ reason: 'network' });
  });
});

describe('importImageFromImage', () => {
  it('is a pull', async () => {
    const { name, id } = await makeImage(docker, 'from-image');
    const remote = `${REGISTRY}/${name}`;
    await docker.tag(name, remote);
    await docker.push(remote);
    for (const again of [() => docker.importImageFromImage(remote), () => docker.importImage({ image: remote })]) {
      await docker.removeImage(id, { force: true });
      expect(await again()).toMatchObject({ reference: remote, status: 'downloaded' });
      expect((await docker.inspectImage(remote)).Id).toBe(id);
    }
  });
});

describe('importImage', () => {
  const sources: ReadonlyArray<
    readonly [string, () => Promise<Uint8Array | AsyncIterable<Uint8Array> | Blob | { path: string }>]
  > = [
    ['bytes', tar],
    ['an async iterable', async () => packTar({ words })],
    ['a Blob', async () => new Blob([new Uint8Array(await tar())])],
    [
      '{ path }',
      async () => (await writeFile(join(folder.path, 'a.tar'), await tar()), { path: join(folder.path, 'a.tar') }),
    ],
  ];
  it.each(sources)('accepts %s', async (_, source) => {
    const { id } = (await docker.importImage(await source(), { changes })) as ImportResult;
    expect(await holds(id)).toBe(words);
  });

  it('names the image: with latest, the tag in the reference, or the separate tag', async () => {
    const name = repository('named');
    const id = async (options: { repository: string; tag?: string }): Promise<string> =>
      (await docker.importImageFromData({ words: options.tag ?? '' }, { ...options, changes })).id;
    expect((await docker.inspectImage(`${name}:latest`).catch(() => undefined))?.Id).toBeUndefined();
    expect(await id({ repository: name })).toBe((await docker.inspectImage(`${name}:latest`)).Id);
    expect(await id({ repository: `${name}:inside` })).toBe((await docker.inspectImage(`${name}:inside`)).Id);
    expect(await id({ repository: name, tag: 'beside' })).toBe((await docker.inspectImage(`${name}:beside`)).Id);
  });

  it('rejects a tag without a repository, and two tags, before anything is sent', () => {
    expect(() => docker.importImageFromData({ words }, { tag: 'v1' })).toThrow(ArgumentError);
    expect(() => docker.importImageFromData({ words }, { repository: 'a:1', tag: '2' })).toThrow(ArgumentError);
  });

  it('applies every change, in order, with quotes, spaces and other scripts in them', async () => {
    const all = [
      ...changes,
      'CMD ["/bin/app", "--name", "a b"]',
      'ENTRYPOINT ["/bin/sh"]',
      'ENV A=first',
      // Podman keeps quotes, and reads everything after the first "=" as one value.
      ENGINE.isPodman ? 'ENV B=second & last größe+100%' : 'ENV A=second B="second & last größe+100%"',
      'EXPOSE 8080/udp',
      'USER 1000:1000',
      'VOLUME /data',
      'WORKDIR /work',
      ...(ENGINE.isPodman ? [] : ['ONBUILD RUN true']),
    ];
    const { id } = await docker.importImageFromData({ words }, { changes: all, message: 'größe & more' });
    const { Config } = await docker.inspectImage(id);
    expect(Config).toMatchObject({
      Cmd: ['/bin/app', '--name', 'a b'],
      Entrypoint: ['/bin/sh'],
      Env: expect.arrayContaining([ENGINE.isPodman ? 'A=first' : 'A=second', 'B=second & last größe+100%']),
      ExposedPorts: { '8080/udp': {} },
      User: '1000:1000',
      Volumes: { '/data': {} },
      WorkingDir: '/work',
    });
    // The configuration of an OCI image, which Podman makes, has no field for it.
    const none = PODMAN_5_8 ? undefined : null;
    expect(Config?.OnBuild).toEqual(ENGINE.isPodman ? none : ['RUN true']);
    expect((await docker.history(id))[0]?.Comment).toBe('größe & more');
  });

  it.runIf(ENGINE.isPodman)('rejects ONBUILD on Podman, because the OCI configuration has no field for it', async () => {
    const importing = docker.importImageFromData({ words }, { changes: [...changes, 'ONBUILD RUN true'] });
    expect(await failure(importing)).toMatchObject({ subject: 'importImage.changes', needed: 'Docker' });
  });

  it('sets the platform of the image', async () => {
    const importing = docker.importImageFromData({ words }, { changes, platform: 'linux' });
    if (await docker.supports('importImage.platform')) expect((await docker.inspectImage((await importing).id)).Os).toBe('linux');
    else expect(await failure(importing)).toMatchObject({ needed: 'Docker 23.0' }); // Docker 20.10 ignores it
  });

  it('yields each event, and returns the result afterwards', async () => {
    const stream: ProgressStream<ImportResult> = docker.importImageFromData({ words }, { changes });
    const events: ProgressEvent[] = [];
    for await (const event of stream) events.push(event);
    const { id } = await stream.result();
    expect(events.at(-1)).toMatchObject({ status: id });
    expect(() => stream[Symbol.asyncIterator]()).toThrow(ArgumentError);
  });

  it('sends nothing until it is awaited', async () => {
    const unused = docker.importImageFromData({ words }, { repository: repository('unused'), changes });
    await docker.ping();
    expect(await docker.exists(repository('unused'))).toBe(false);
    await unused;
    expect(await docker.exists(repository('unused'))).toBe(true);
  });
});
