// Hand-made saved images in the layouts of all engines: valid ones, and one for each possible fault.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../src/bytes.ts';
import { ArchiveDigests } from '../../../src/api/saved-image/verify-digests.ts';
import type { VerifiedContent } from '../../../src/api/types/verified-content.ts';
import { DecodeError, DigestError, TruncatedError } from '../../../src/errors.ts';
import { packTar } from '../../../src/tar/pack.ts';
import type { TarEntry } from '../../../src/tar/pack.ts';
import { ArchiveScan } from '../../../src/tar/scan-archive.ts';
import { integer, random } from '../../support/random.ts';
import { splits } from '../../support/splits.ts';

const hex = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const digestOf = (content: string | Uint8Array): string => `sha256:${hex(content)}`;
const json = JSON.stringify;

async function pack(entries: readonly TarEntry[]): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of packTar(entries)) blocks.push(block);
  return Buffer.from(concat(blocks));
}

function verifyPieces(pieces: Iterable<Uint8Array>): VerifiedContent {
  const digests = new ArchiveDigests((algorithm = 'sha256') => createHash(algorithm));
  const scan = new ArchiveScan(digests);
  for (const piece of pieces) scan.push(piece);
  scan.finish();
  return digests.finish();
}

async function verify(entries: readonly TarEntry[]): Promise<VerifiedContent> {
  return verifyPieces([await pack(entries)]);
}

async function failure(entries: readonly TarEntry[]): Promise<DigestError | DecodeError> {
  const error = await verify(entries).then(() => undefined, (reason: unknown) => reason);
  if (error instanceof DigestError || error instanceof DecodeError) return error;
  throw new Error(`a DigestError or a DecodeError, not ${String(error)}`);
}

const sizeOf = (entries: readonly TarEntry[]): number =>
  entries.reduce((sum, { content = '' }) => sum + (content as string | Buffer).length, 0);

const file = (path: string, content: string | Uint8Array): TarEntry => ({ path, content });
const link = (path: string, linkname: string): TarEntry => ({ path, type: 'symlink', linkname });
/** The entries, with another content for this path. */
const replaced = (entries: readonly TarEntry[], path: string, content: string | Uint8Array): TarEntry[] =>
  entries.map((entry) => (entry.path === path ? file(path, content) : entry));
const without = (entries: readonly TarEntry[], path: string): TarEntry[] =>
  entries.filter((entry) => entry.path !== path);

// Two layers. The second begins like JSON, which must not matter.
const BASE = 'base '.repeat(300);
const TOP = '{top';
const configOf = (...layers: string[]): string =>
  json({ os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } });
const CONFIG = configOf(BASE, TOP);
const CONFIG_PATH = `${hex(CONFIG)}.json`;

/** As Docker 20.10 saves two images with one base: sorted by name, with links for repeated layers. */
const OTHER = configOf(BASE);
const docker20: readonly TarEntry[] = [
  { path: 'a', type: 'directory' },
  file('a/VERSION', '1.0'),
  file('a/json', '{"id":"a"}'),
  file('a/layer.tar', TOP),
  file('b/VERSION', '1.0'),
  file('b/json', '{"id":"b"}'),
  link('b/layer.tar', '../c/layer.tar'),
  file(CONFIG_PATH, CONFIG),
  file('c/VERSION', '1.0'),
  file('c/json', '{"id":"c"}'),
  file('c/layer.tar', BASE),
  file(`${hex(OTHER)}.json`, OTHER),
  file('manifest.json', json([
    { Config: CONFIG_PATH, RepoTags: ['x:1'], Layers: ['c/layer.tar', 'a/layer.tar'] },
    { Config: `${hex(OTHER)}.json`, RepoTags: null, Layers: ['b/layer.tar'] },
  ])),
  file('repositories', '{}'),
];

/** As Podman saves: first the layers, named by digest, then links for old readers. */
const podman: readonly TarEntry[] = [
  file(`${hex(BASE)}.tar`, BASE),
  file(`${hex(TOP)}.tar`, TOP),
  file(CONFIG_PATH, CONFIG),
  link('a/layer.tar', `../${hex(BASE)}.tar`),
  file('a/VERSION', '1.0'),
  file('a/json', '{"id":"a"}'),
  file('manifest.json', json([{ Config: CONFIG_PATH, RepoTags: [], Layers: [`${hex(BASE)}.tar`, `${hex(TOP)}.tar`] }])),
  file('repositories', '{}'),
];

const OCI = 'application/vnd.oci.image';
const INDEX = `${OCI}.index.v1+json`;
const MANIFEST = `${OCI}.manifest.v1+json`;
const DOCKER = 'application/vnd.docker.distribution.manifest';
const blob = (content: string | Uint8Array): TarEntry => file(`blobs/sha256/${hex(content)}`, content);
const pathOf = (content: string | Uint8Array): string => blob(content).path;
const refer = (content: string | Uint8Array, mediaType: string): object =>
  ({ mediaType, digest: digestOf(content), size: content.length });
const indexOf = (...manifests: object[]): string => json({ schemaVersion: 2, mediaType: INDEX, manifests });
const manifestOf = (config: string, ...layers: (string | Uint8Array)[]): string => json({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: refer(config, `${OCI}.config.v1+json`),
  layers: layers.map((layer) => refer(layer, `${OCI}.layer.v1.tar`)),
});
const savedOf = (config: string, ...layers: (string | Uint8Array)[]): string =>
  json([{ Config: pathOf(config), RepoTags: ['x:1'], Layers: layers.map(pathOf), LayerSources: {} }]);

/** As Docker 25 and later save from both stores; the containerd store has compressed layers. */
const ociOf = (...layers: (string | Uint8Array)[]): readonly TarEntry[] => {
  const manifest = manifestOf(CONFIG, ...layers);
  return [
    { path: 'blobs', type: 'directory' },
    { path: 'blobs/sha256', type: 'directory' },
    ...[...layers, CONFIG, manifest].map(blob),
    file('index.json', indexOf(refer(manifest, MANIFEST))),
    file('manifest.json', savedOf(CONFIG, ...layers)),
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
  ];
};
const docker28 = ociOf(BASE, TOP);
const zipped = [gzipSync(BASE), gzipSync(TOP)] as const;
const containerd = ociOf(...zipped);

/** An image for two platforms, one of which was pulled: `index.json`, the index, one manifest. */
const arm = manifestOf(configOf('arm'), BASE, 'arm');
const amd = manifestOf(CONFIG, BASE, TOP);
const both = indexOf(refer(amd, MANIFEST), refer(arm, MANIFEST));
const multi: readonly TarEntry[] = [
  ...[both, amd, CONFIG, BASE, TOP].map(blob),
  file('index.json', indexOf(refer(both, INDEX))),
  file('manifest.json', savedOf(CONFIG, BASE, TOP)),
];

/** the engine, the archive, the paths without a digest, the paths that may be missing */
const LAYOUTS: readonly (readonly [string, readonly TarEntry[], readonly string[], readonly string[]])[] = [
  [
    'Docker 20.10',
    docker20,
    ['a/VERSION', 'a/json', 'b/VERSION', 'b/json', 'c/VERSION', 'c/json', 'manifest.json', 'repositories'],
    [],
  ],
  ['Podman', podman, ['a/VERSION', 'a/json', 'manifest.json', 'repositories'], []],
  ['Docker 28', docker28, ['index.json', 'manifest.json', 'oci-layout'], []],
  ['Docker 28 with the containerd store', containerd, ['index.json', 'manifest.json', 'oci-layout'], []],
  ['that store, of a platform among two', multi, ['index.json', 'manifest.json'], [pathOf(arm)]],
];

describe('a sound archive', () => {
  it.each(LAYOUTS)('by %s is verified, however it is cut and in any order', async (_, entries, unverified, absent) => {
    const bytes = sizeOf(entries.filter(({ path }) => !unverified.includes(path)));
    for (const [name, pieces] of splits(await pack(entries))) {
      expect(verifyPieces(pieces), name).toEqual({ bytes, unverified, absent });
    }
    const reversed = await verify([...entries].reverse());
    expect(reversed).toEqual({ bytes, unverified: [...unverified].reverse(), absent });
  });

  it.each(LAYOUTS)('by %s is rejected after a change of any byte', async (_, entries, unverified) => {
    const archive = await pack(entries);
    for (const { path, content } of entries) {
      if (content === undefined || unverified.includes(path)) continue;
      const at = archive.indexOf(Buffer.from(content as string));
      for (let i = 0; i < Math.min((content as string).length, 400); i++) {
        archive[at + i] = (archive[at + i] as number) ^ 1;
        expect(() => verifyPieces([archive]), `byte ${i} of ${path}`).toThrow(DigestError);
        archive[at + i] = (archive[at + i] as number) ^ 1;
      }
    }
  });

  it('may have nested indexes, and null for an empty list of manifests (moby#47210)', async () => {
    const empty = json({ mediaType: INDEX, manifests: null });
    const middle = indexOf(refer(both, INDEX), refer(empty, `${DOCKER}.list.v2+json`));
    const top = indexOf(refer(middle, INDEX), refer(both, INDEX));
    const entries = [...multi, blob(top), blob(middle), blob(empty)];
    const { absent } = await verify(replaced(entries, 'index.json', indexOf(refer(top, INDEX), refer(top, INDEX))));
    expect(absent).toEqual([pathOf(arm)]);
  });

  it('may have the manifest of a platform that was not pulled, without its content', async () => {
    expect((await verify([...multi, blob(arm)])).absent).toEqual([pathOf(configOf('arm')), pathOf('arm')]);
  });

  it('may lack layers that must not be distributed', async () => {
    const config = configOf('windows', 'windows too', TOP);
    const windows = json({
      config: refer(config, `${OCI}.config.v1+json`),
      layers: [
        refer('windows', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'),
        refer('windows too', `${OCI}.layer.nondistributable.v1.tar+gzip`),
        refer(TOP, `${OCI}.layer.v1.tar`),
      ],
    });
    const { absent } = await verify([
      ...[config, TOP, windows].map(blob),
      file('index.json', indexOf(refer(windows, MANIFEST))),
      file('manifest.json', savedOf(config, 'windows', 'windows too', TOP)),
    ]);
    expect(absent).toEqual([pathOf('windows'), pathOf('windows too')]);
  });

  it('may refer to content other than images', async () => {
    const thing = '{"any":"thing"}';
    const entries = [blob(thing), ...replaced(docker28, 'index.json', indexOf(refer(amd, MANIFEST), refer(thing, 'text/plain')))];
    expect(await verify(entries)).toMatchObject({ unverified: ['index.json', 'manifest.json', 'oci-layout'], absent: [] });
  });

  it('may have paths in other spellings, hard links, and links to links', async () => {
    const entries: TarEntry[] = [
      file('./a//layer.tar', BASE),
      { path: 'b/hard', type: 'link', linkname: 'a/layer.tar' },
      link('c/soft', '.././b/hard'),
      file(`./${hex(OTHER)}.json`, OTHER),
      file('./manifest.json', json([{ Config: `./${hex(OTHER)}.json`, Layers: ['c/x/../soft'] }])),
    ];
    const bytes = BASE.length + OTHER.length;
    expect(await verify(entries)).toEqual({ bytes, unverified: ['manifest.json'], absent: [] });
  });

  it('may have 40 links in sequence, as Linux follows, and no more', async () => {
    const chain = (links: number): TarEntry[] => [
      ...without(docker20, 'b/layer.tar'),
      link('b/layer.tar', '../1'),
      ...Array.from({ length: links - 2 }, (_, i) => link(`${i + 1}`, `${i + 2}`)),
      link(`${links - 1}`, 'c/layer.tar'),
    ];
    expect(await verify(chain(40))).toEqual(await verify(docker20));
    expect(await failure(chain(41))).toBeInstanceOf(DigestError);
  });

  it('may have the same entries twice', async () => {
    expect(await verify([...docker20, ...docker20])).toEqual(await verify(docker20));
  });
});

describe('a DigestError', () => {
  const expected = digestOf(BASE);
  const actual = digestOf('other');
  const circle = [...without(docker20, 'c/layer.tar'), link('c/layer.tar', '../b/layer.tar')];

  const linked = (target: string): TarEntry[] => [...without(docker20, 'b/layer.tar'), link('b/layer.tar', target)];
  const ociOfConfig = (config: string, ...layers: (string | Uint8Array)[]): TarEntry[] => {
    const manifest = manifestOf(config, ...layers);
    return [...[config, manifest, ...layers].map(blob), file('index.json', indexOf(refer(manifest, MANIFEST)))];
  };
  const reversed = (configType: string, layerType: string): TarEntry[] => {
    const manifest = json({ config: refer(CONFIG, configType), layers: [TOP, BASE].map((layer) => refer(layer, layerType)) });
    return [...[CONFIG, BASE, TOP, manifest].map(blob), file('index.json', indexOf(refer(manifest, MANIFEST)))];
  };
  /** An index of an image, with its manifest and these layers, and of a complete attestation by BuildKit. */
  const attested = (...layers: string[]): TarEntry[] => {
    const statement = '{"_type":"https://in-toto.io/Statement/v0.1"}';
    const config = configOf(statement);
    const manifest = json({ config: refer(config, `${OCI}.config.v1+json`), layers: [refer(statement, 'application/vnd.in-toto+json')] });
    const top = indexOf(refer(amd, MANIFEST), refer(manifest, MANIFEST));
    const there = layers.length === 0 ? [] : [CONFIG, ...layers];
    return [...[statement, config, manifest, top, amd, ...there].map(blob), file('index.json', indexOf(refer(top, INDEX)))];
  };

  // what is wrong, the archive, the reported path, the digests
  type Row = [string, readonly TarEntry[], string, string | undefined, string | undefined];
  it.each<Row>([
    ['another layer, older layout', replaced(docker20, 'c/layer.tar', 'other'), 'c/layer.tar', expected, actual],
    ['another layer, Podman', replaced(podman, `${hex(BASE)}.tar`, 'other'), `${hex(BASE)}.tar`, expected, actual],
    ['another layer, OCI layout', replaced(docker28, pathOf(BASE), 'other'), pathOf(BASE), expected, actual],
    ['another config, older layout', replaced(docker20, CONFIG_PATH, 'other'), CONFIG_PATH, digestOf(CONFIG), actual],
    ['another config, OCI', replaced(docker28, pathOf(CONFIG), 'other'), pathOf(CONFIG), digestOf(CONFIG), actual],
    ['another manifest', replaced(multi, pathOf(amd), 'other'), pathOf(amd), digestOf(amd), actual],
    ['no layer, older layout', without(docker20, 'a/layer.tar'), 'a/layer.tar', digestOf(TOP), undefined],
    ['no layer, Podman', without(podman, `${hex(TOP)}.tar`), `${hex(TOP)}.tar`, digestOf(TOP), undefined],
    ['no layer, OCI layout', without(docker28, pathOf(TOP)), pathOf(TOP), digestOf(TOP), undefined],
    ['no layer behind a link', without(docker20, 'c/layer.tar'), 'c/layer.tar', expected, undefined],
    ['no config, older layout', without(docker20, CONFIG_PATH), CONFIG_PATH, digestOf(CONFIG), undefined],
    ['no config, OCI layout', without(docker28, pathOf(CONFIG)), pathOf(CONFIG), digestOf(CONFIG), undefined],
    ['no manifest', without(docker28, pathOf(manifestOf(CONFIG, BASE, TOP))), pathOf(amd), digestOf(amd), undefined],
    ['no index', without(multi, pathOf(both)), pathOf(both), digestOf(both), undefined],
    ['neither index.json nor manifest.json', [file('layer.tar', BASE)], 'manifest.json', undefined, undefined],
    ['two entries of one name', [...docker20, file('c/layer.tar', 'other')], 'c/layer.tar', expected, actual],
    ['a link over a file', [...docker20, link('c/layer.tar', '../a/layer.tar')], 'c/layer.tar', expected, undefined],
    ['a file over a link', [...docker20, file('b/layer.tar', 'other')], 'b/layer.tar', undefined, actual],
    ['links in a circle', circle, 'c/layer.tar', expected, undefined],
    ['a link from the root, which is not everybody\'s root', linked('/c/layer.tar'), 'b/layer.tar', undefined, undefined],
    ['a link that leads above the top', linked('../../c/layer.tar'), 'b/layer.tar', undefined, undefined],
    ['a link with ".." behind a name, which may be a link', linked('../a/../c/layer.tar'), 'b/layer.tar', undefined, undefined],
    ['a folder in place of a file', [...docker20, { path: 'c/layer.tar', type: 'directory' }], 'c/layer.tar', undefined, undefined],
    ['a file in place of a folder', [...docker28, file('blobs', 'x')], 'blobs', undefined, undefined],
    ['a file below a file', [...docker20, file('c/layer.tar/x', 'x')], 'c/layer.tar/x', undefined, undefined],
    ['a FIFO', [...docker20, { path: 'd', type: 'fifo' }], 'd', undefined, undefined],
    ['a device in place of a file', [...docker20, { path: 'c/layer.tar', type: 'char' }], 'c/layer.tar', undefined, undefined],
    ...['config.json', `sha256:${hex(CONFIG)}`, `${hex(CONFIG).toUpperCase()}.json`, `d/${CONFIG_PATH}`, hex(CONFIG)].map((path): Row => {
      const image = { Config: path, RepoTags: null, Layers: ['c/layer.tar', 'a/layer.tar'] };
      return [`a config called ${path}`, [...replaced(docker20, 'manifest.json', json([image])), file(path, CONFIG)], path, undefined, digestOf(CONFIG)];
    }),
    ['layers in another order under an unknown type', reversed(`${OCI}.config.v1+json`, 'application/octet-stream'), pathOf(TOP), expected, digestOf(TOP)],
    ['layers in another order beside a config of an unknown type', reversed('application/x-foo', `${OCI}.layer.v1.tar`), pathOf(TOP), expected, digestOf(TOP)],
    ['an image that lacks a layer beside what was attested of it', attested(BASE), pathOf(TOP), digestOf(TOP), undefined],
    ['an image that is absent beside what was attested of it', attested(), pathOf(CONFIG), digestOf(CONFIG), undefined],
    ['manifest.json of no image beside an index of some', replaced(docker28, 'manifest.json', '[]'), 'manifest.json', undefined, undefined],
    ['a config that lists nonsense beside a compressed layer', ociOfConfig(json({ rootfs: { diff_ids: ['nonsense'] } }), zipped[0]), 'nonsense', undefined, undefined],
  ])('reports %s', async (_, entries, path, promised, found) => {
    const error = await failure(entries);
    expect({ ...error }).toMatchObject({ code: 'LONGSHORE_DIGEST', path, expected: promised, actual: found });
    expect(error.message).toContain(path);
  });

  it('reports layers in another order, and more or fewer than the config lists', async () => {
    const saved = (...layers: string[]): TarEntry[] => {
      const image = { Config: CONFIG_PATH, Layers: layers.map((layer) => `${hex(layer)}.tar`) };
      return replaced(podman, 'manifest.json', json([image]));
    };
    expect(await failure(saved(TOP, BASE))).toMatchObject({ path: `${hex(TOP)}.tar`, expected, actual: digestOf(TOP) });
    expect(await failure(saved(BASE))).toMatchObject({ path: CONFIG_PATH, expected: digestOf(TOP), actual: undefined });
    expect((await failure(saved(BASE, TOP, TOP))).message).toContain(`3 layers for the config "${CONFIG_PATH}", which lists 2`);
  });

  const promising = [pathOf(BASE), `${hex(BASE)}.json`, `${hex(BASE)}.tar`];
  it.each(promising)('is thrown at once for %s, before the next entry', async (path) => {
    const archive = await pack([file(path, 'other'), file('rest', 'x'.repeat(10_000))]);
    const scan = new ArchiveScan(new ArchiveDigests((algorithm = 'sha256') => createHash(algorithm)));
    expect(() => scan.push(archive.subarray(0, 1024))).toThrow(DigestError);
  });

  it('reports an index without content, which Docker 27 and 28 save with status 200 (moby#49473)', async () => {
    // Docker 28.5 does so after removeImage(…, { platforms, force }) has removed a layer that another platform shares.
    const hollow = [...[both, amd].map(blob), file('index.json', indexOf(refer(both, INDEX)))];
    expect(await failure(hollow)).toMatchObject({ path: pathOf(CONFIG), expected: digestOf(CONFIG) });
    const saved = [...hollow, file('manifest.json', savedOf(CONFIG, BASE, TOP))];
    expect(await failure(saved)).toMatchObject({ path: pathOf(CONFIG) });
    const list = indexOf(refer(amd, `${DOCKER}.v2+json`));
    const listed = [...[list, amd].map(blob), file('index.json', indexOf(refer(list, `${DOCKER}.list.v2+json`)))];
    expect(await failure(listed)).toMatchObject({ path: pathOf(CONFIG) });
  });

  it('reports a missing image beside a complete one', async () => {
    const entries = replaced(docker28, 'index.json', indexOf(refer(amd, MANIFEST), refer(arm, MANIFEST)));
    expect(await failure(entries)).toMatchObject({ path: pathOf(arm), expected: digestOf(arm), actual: undefined });
  });

  it('reports a wrong layer among correct blobs', async () => {
    const image = { Config: pathOf(CONFIG), Layers: [pathOf(BASE), 'layer.tar'] };
    const entries = [...[CONFIG, BASE].map(blob), file('layer.tar', 'other'), file('manifest.json', json([image]))];
    expect(await failure(entries)).toMatchObject({ path: 'layer.tar', expected: digestOf(TOP), actual });
  });

  it('reports a missing layer that only manifest.json names', async () => {
    const entries = replaced(docker28, 'manifest.json', savedOf(CONFIG, BASE, 'more'));
    expect(await failure(entries)).toMatchObject({ path: pathOf('more'), expected: digestOf('more') });
  });

  it('shows paths and digests escaped', async () => {
    const odd = json({ rootfs: { diff_ids: ['\u001b[2J'] } });
    const saved = (config: string, path: string, layer: string): TarEntry[] => {
      const image = { Config: path, Layers: [layer] };
      return [file(path, config), file('\u001bl', 'x'), file('manifest.json', json([image]))];
    };
    const [ofOdd, ofOther] = [odd, OTHER].map((config) => `${hex(config)}.json`) as [string, string];
    const all = [saved(odd, ofOdd, '\u001bl'), saved(odd, '\u001bc', '\u001bl'), saved(OTHER, ofOther, '\u001bl'), saved(OTHER, ofOther, '\u001bm')];
    for (const entries of all) expect((await failure(entries)).message).toMatch(/^[ -~]*\\u\{1b\}[ -~]*$/);
  });
});

describe('a document of the archive', () => {
  const LIMIT = 4 * 1024 * 1024;
  const oneImage = (document: string): TarEntry[] =>
    [blob(document), file('index.json', indexOf(refer(document, MANIFEST)))];
  const index = (text: string | Uint8Array): TarEntry[] => replaced(docker28, 'index.json', text);
  const table = (text: string): TarEntry[] => replaced(docker20, 'manifest.json', text);
  const EMPTY = `${hex('{}')}.json`;
  const bareConfig = [file(EMPTY, '{}'), file('l', 'x'), file('manifest.json', json([{ Config: EMPTY, Layers: ['l'] }]))];
  const twice = (text: string, name: string, other: string): string => text.replace(`"${name}"`, `"${other}":null,"${name}"`);

  it.each<[string, readonly TarEntry[], string]>([
    ['index.json cut short', index('{"manifests":['), '"index.json" is not a valid index'],
    ['index.json without manifests', index('{}'), '"index.json" is not a valid index'],
    ['index.json of nothing', index(''), '"index.json" is not a valid index'],
    ['index.json in latin1', index(Buffer.from('{"manifests":[],"é":1}', 'latin1')), 'is not a valid index'],
    ['a reference without a digest', index(indexOf({ mediaType: MANIFEST })), 'is not a valid index'],
    ['manifest.json that is not a list', table('{}'), '"manifest.json" is not a valid list of images'],
    ['manifest.json of other things', table('[{"Config":1}]'), 'is not a valid list of images'],
    ['a manifest that is none', oneImage('no JSON'), 'is not a valid manifest'],
    ['a manifest without a config', oneImage('{"layers":[]}'), 'is not a valid manifest'],
    ['an index where a manifest is meant (CVE-2021-41190)', oneImage(both), 'is not a valid manifest'],
    ['a config without diff_ids', bareConfig, `"${EMPTY}" is not a valid config`],
    // Go ignores the case of members and keeps the last: an engine would read another document.
    ['index.json with manifests and Manifests', index(twice(indexOf(refer(amd, MANIFEST)), 'manifests', 'Manifests')), 'is not a valid index'],
    ['a manifest with layers and LAYERS', oneImage(twice(amd, 'layers', 'LAYERS')), 'is not a valid manifest'],
    ['a manifest with layers, and with U+017F for their s', oneImage(twice(amd, 'layers', 'layer\u017f')), 'is not a valid manifest'],
    ['a manifest with config and Config', oneImage(twice(amd, 'config', 'Config')), 'is not a valid manifest'],
    ['a manifest with digest and Digest', oneImage(twice(amd, 'digest', 'Digest')), 'is not a valid manifest'],
    ['a manifest with mediaType and mediatype', oneImage(amd.replace(/"mediaType"(?=[^{]*$)/, '"mediatype":"x","mediaType"')), 'is not a valid manifest'],
    ['manifest.json with Layers and layers', table(twice(json([{ Config: CONFIG_PATH, Layers: [] }]), 'Layers', 'layers')), 'is not a valid list of images'],
    ['a config with rootfs and RootFS', oneImage(manifestOf(twice(CONFIG, 'rootfs', 'RootFS'), BASE, TOP)).concat(blob(twice(CONFIG, 'rootfs', 'RootFS')), blob(BASE), blob(TOP)), 'is not a valid config'],
    ['a manifest above 4 MiB', oneImage(manifestOf(CONFIG).padEnd(LIMIT + 1)), `has more than ${LIMIT} bytes`],
    ['index.json above 4 MiB', index(indexOf().padEnd(LIMIT + 1)), `has more than ${LIMIT} bytes`],
  ])('is a DecodeError: %s', async (_, entries, words) => {
    const error = await failure(entries);
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain(words);
  });

  it('may have 4 MiB and begin with white space', async () => {
    const entries = index(`\n ${indexOf(refer(amd, MANIFEST))}`.padEnd(LIMIT));
    expect((await verify(entries)).absent).toEqual([]);
  });

});

it.each([['files', '0'], ['links', '2']])('limits the memory for %s', (_, typeflag) => {
  const digests = new ArchiveDigests((algorithm = 'sha256') => createHash(algorithm));
  const name = 'x'.repeat(1024 * 1024);
  const grow = (): void => {
    for (let i = 0; i < 100; i++) {
      digests.entry({ path: `${name}${i}`, typeflag, size: 0, linkname: 'x' });
      digests.endEntry();
    }
  };
  expect(grow).toThrow('more entries than can be verified');
});

it('throws one of three errors, or verifies no more than before, if random bytes are damaged', async () => {
  for (const [, entries] of LAYOUTS) {
    const archive = await pack(entries);
    const { bytes } = verifyPieces([archive]);
    for (let seed = 0; seed < 500; seed++) {
      const next = random(seed);
      const damaged = Buffer.from(archive);
      const faults = integer(next, 1, 3);
      for (let i = 0; i < faults; i++) damaged[integer(next, 0, archive.length - 1)] = integer(next, 0, 255);
      try {
        expect(verifyPieces([damaged]).bytes, `seed ${seed}`).toBeLessThanOrEqual(bytes);
      } catch (error) {
        const known = [DigestError, DecodeError, TruncatedError].some((Class) => error instanceof Class);
        if (!known) throw error;
      }
    }
  }
});
