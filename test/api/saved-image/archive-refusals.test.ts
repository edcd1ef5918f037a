// Archives that `verify: "digests"` must reject although each file has the digest in its name, and similar valid archives.
// GNU tar writes them; the digests are computed by Node.

import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ArchiveDigests } from '../../../src/api/saved-image/verify-digests.ts';
import type { VerifiedContent } from '../../../src/api/types/verified-content.ts';
import { ArchiveScan } from '../../../src/tar/scan-archive.ts';
import { gnuTar, noGnuTar } from '../../support/foreign-tar.ts';
import { titled } from '../../support/installed.ts';

type Content = string | Buffer;
/** Paths and contents, in the order of the archive. */
type Files = Readonly<Record<string, Content | { readonly link: string } | { readonly hard: string }>>;

function write(folder: string, path: string, content: Files[string]): void {
  const place = join(folder, path);
  mkdirSync(dirname(place), { recursive: true });
  if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(place, content);
  else if ('link' in content) symlinkSync(content.link, place);
  else linkSync(join(folder, content.hard), place);
}

function archiveOf(files: Files): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-refusals-'));
  try {
    for (const [path, content] of Object.entries(files)) write(folder, path, content);
    return gnuTar(['-C', folder, '-cf', '-', ...Object.keys(files)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function verify(archive: Uint8Array): VerifiedContent {
  const digests = new ArchiveDigests((algorithm = 'sha256') => createHash(algorithm));
  const scan = new ArchiveScan(digests);
  scan.push(archive);
  scan.finish();
  return digests.finish();
}

const hex = (content: Content, algorithm = 'sha256'): string => createHash(algorithm).update(content).digest('hex');
const digestOf = (content: Content, algorithm = 'sha256'): string => `${algorithm}:${hex(content, algorithm)}`;
const pathOf = (content: Content, algorithm = 'sha256'): string => `blobs/${algorithm}/${hex(content, algorithm)}`;
const json = JSON.stringify;
const blobs = (...contents: Content[]): Files => Object.fromEntries(contents.map((each) => [pathOf(each), each]));

const OCI = 'application/vnd.oci.image';
const INDEX = `${OCI}.index.v1+json`;
const MANIFEST = `${OCI}.manifest.v1+json`;
const CONFIG = `${OCI}.config.v1+json`;
const TAR = `${OCI}.layer.v1.tar`;
const refer = (mediaType: string, content: Content, algorithm = 'sha256'): object =>
  ({ mediaType, digest: digestOf(content, algorithm), size: content.length });
const indexOf = (...manifests: object[]): string => json({ schemaVersion: 2, manifests });
const manifestOf = (config: object, layers: unknown): string => json({ schemaVersion: 2, config, layers });
const configOf = (...layers: Content[]): string =>
  json({ os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) } });

const [LOWER, UPPER] = ['lower '.repeat(200), 'upper '.repeat(200)];
const config = configOf(LOWER, UPPER);
/** Docker omits an empty list. */
const NO_LAYERS = json({ rootfs: { type: 'layers' } });
const CONFIG_PATH = `${hex(config)}.json`;

/** An OCI layout with a manifest of these layers, for an image whose config lists LOWER and UPPER. */
function layout(layers: unknown, contents: readonly Content[] = [LOWER, UPPER], type = MANIFEST): Files {
  const manifest = manifestOf(refer(CONFIG, config), layers);
  return { ...blobs(config, manifest, ...contents), 'index.json': indexOf(refer(type, manifest)) };
}
const plain = [refer(TAR, LOWER), refer(TAR, UPPER)];

/** The older layout: Docker before 25, and Podman. */
const saved = (layers: unknown, more: Files = {}): Files =>
  ({ [CONFIG_PATH]: config, ...more, 'manifest.json': json([{ Config: CONFIG_PATH, RepoTags: ['x:1'], Layers: layers }]) });
const older = { 'a/layer.tar': LOWER, 'b/layer.tar': UPPER };

/** Docker 25 and later write both. */
const savedBlobs = (...layers: Content[]): Files =>
  ({ 'manifest.json': json([{ Config: pathOf(config), RepoTags: ['x:1'], Layers: layers.map((layer) => pathOf(layer)) }]) });

const zipped = [gzipSync(LOWER), gzipSync(UPPER)] as const;
const zippedRefs = zipped.map((layer) => refer(`${TAR}+gzip`, layer));

describe.skipIf(noGnuTar)(titled('verify: "digests"', noGnuTar), () => {
  it.each<[string, Files]>([
    ['an OCI layout', layout(plain)],
    ['an OCI layout with compressed layers', layout(zippedRefs, zipped)],
    ['compressed layers under a type that says plain tar', layout([refer(TAR, zipped[0]), refer(TAR, zipped[1])], zipped)],
    ['both layouts', { ...layout(plain), ...savedBlobs(LOWER, UPPER) }],
    ['the older layout', saved(['a/layer.tar', 'b/layer.tar'], older)],
    ['the older layout of an image without layers (null)', {
      [`${hex(NO_LAYERS)}.json`]: NO_LAYERS, 'manifest.json': json([{ Config: `${hex(NO_LAYERS)}.json`, Layers: null }]),
    }],
    ['an index without manifests beside manifest.json (moby#47210)', {
      ...blobs(config, LOWER, UPPER), ...savedBlobs(LOWER, UPPER), 'index.json': '{"manifests":null}',
    }],
    ['a chart, whose config lists no layers', (() => {
      const [chart, meta] = ['chart', '{"name":"chart"}'];
      const type = 'application/vnd.cncf.helm';
      const manifest = manifestOf(refer(`${type}.config.v1+json`, meta), [refer(`${type}.chart.content.v1.tar+gzip`, chart)]);
      const image = [{ Config: pathOf(meta), RepoTags: null, Layers: [pathOf(chart)] }];
      return { ...blobs(chart, meta, manifest), 'index.json': indexOf(refer(MANIFEST, manifest)), 'manifest.json': json(image) };
    })()],
    ['a link to the content that its name says', {
      ...blobs(config), first: LOWER, second: UPPER,
      [pathOf(LOWER)]: { link: '../../first' }, [pathOf(UPPER)]: { link: '../../second' }, ...savedBlobs(LOWER, UPPER),
    }],
  ])('accepts %s', (_, files) => {
    expect(verify(archiveOf(files)).bytes).toBeGreaterThan(0);
  });

  it.each([
    ['Zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
    ['a skippable frame of Zstandard', [0x50, 0x2a, 0x4d, 0x18]],
    ['bzip2', [0x42, 0x5a, 0x68]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58]],
  ])('accepts layers in %s, by their first bytes', (_, start) => {
    const layers = ['one', 'two'].map((rest) => Buffer.concat([Buffer.from(start), Buffer.from(rest)]));
    const files = layout(layers.map((layer) => refer(TAR, layer)), layers);
    expect(verify(archiveOf(files)).bytes).toBeGreaterThan(0);
  });

  it('verifies blobs named in SHA-512, which the OCI image-spec registers', () => {
    const layers = plain.map((_, i) => refer(TAR, [LOWER, UPPER][i] as string, 'sha512'));
    const manifest = manifestOf(refer(CONFIG, config, 'sha512'), layers);
    const contents = [LOWER, UPPER, config, manifest];
    const files = Object.fromEntries(contents.map((each) => [pathOf(each, 'sha512'), each]));
    const index = { 'index.json': indexOf(refer(MANIFEST, manifest, 'sha512')) };
    const bytes = contents.reduce((sum, { length }) => sum + length, 0);
    expect(verify(archiveOf({ ...files, ...index }))).toEqual({ bytes, unverified: ['index.json'], absent: [] });
    const damaged = { ...files, ...index, [pathOf(UPPER, 'sha512')]: 'other' };
    expect(() => verify(archiveOf(damaged))).toThrow(`should be ${digestOf(UPPER, 'sha512')} but is ${digestOf('other', 'sha512')}`);
  });

  const swapped = layout([...plain].reverse());
  const nonsense = 'nonsense:abc';
  const capitals = digestOf(LOWER).toUpperCase().replace('SHA', 'sha');
  const strange = (digest: string, path: string): Files => {
    const manifest = manifestOf(refer(CONFIG, config), [{ mediaType: TAR, digest }, plain[1]]);
    return { ...blobs(config, manifest, UPPER), [path]: 'anything', 'index.json': indexOf(refer(MANIFEST, manifest)) };
  };
  it.each<[string, Files, string]>([
    // what is wrong, the archive, words of the error
    ['a manifest with null for its layers (Docker 25.0, moby#47065)', layout(null, []), 'has 0 layers for the config'],
    ['a manifest without layers', layout([], []), 'has 0 layers for the config'],
    ['a manifest of fewer layers than the config lists', layout([plain[0]], [LOWER]), 'has 1 layers for the config'],
    ['a manifest of more', layout([...plain, plain[0]]), 'has 3 layers for the config'],
    ['fewer compressed layers', layout([zippedRefs[0]], zipped), 'has 1 layers for the config'],
    ['layers in another order (Docker 25.0, moby#47150)', swapped, `should be ${digestOf(LOWER)}`],
    ['layers in another order, under a type that says gzip',
      layout([refer(`${TAR}+gzip`, UPPER), refer(`${TAR}+gzip`, LOWER)]), `should be ${digestOf(LOWER)}`],
    ['a layer twice in place of two', layout([plain[0], plain[0]]), `should be ${digestOf(UPPER)}`],
    ['null for the layers, older layout', saved(null), 'has 0 layers for the config'],
    ['no layers, older layout', saved([]), 'has 0 layers for the config'],
    ['fewer layers, older layout', saved(['a/layer.tar'], older), 'has 1 layers for the config'],
    ['fewer blobs in manifest.json', { ...layout(plain), ...savedBlobs(LOWER) }, 'has 1 layers for the config'],
    ['blobs in another order in manifest.json', { ...layout(plain), ...savedBlobs(UPPER, LOWER) }, `should be ${digestOf(LOWER)}`],
    ['a layer blob that is a link to other content', {
      ...layout(plain, [UPPER]), evil: 'evil', [pathOf(LOWER)]: { link: '../../evil' },
    }, `should be ${digestOf(LOWER)} but is ${digestOf('evil')}`],
    ['a layer blob that is a hard link to other content', {
      evil: 'evil', ...layout(plain, [UPPER]), [pathOf(LOWER)]: { hard: 'evil' },
    }, `should be ${digestOf(LOWER)} but is ${digestOf('evil')}`],
    ['a link to another blob', { ...layout(plain, [UPPER]), [pathOf(LOWER)]: { link: hex(UPPER) } }, `is ${digestOf(UPPER)}`],
    ['a config that is a link to another', {
      ...saved(['a/layer.tar', 'b/layer.tar'], older), [CONFIG_PATH]: { link: 'evil' }, evil: configOf('evil'),
    }, `should be ${digestOf(config)}`],
    ['a layer of Podman that is a link to another', saved([`${hex(LOWER)}.tar`, `${hex(UPPER)}.tar`], {
      [`${hex(LOWER)}.tar`]: LOWER, [`${hex(UPPER)}.tar`]: { link: `${hex(LOWER)}.tar` },
    }), `should be ${digestOf(UPPER)}`],
    ['a link in place of the folder of the blobs', {
      ...layout(plain), evil: { link: 'blobs' }, 'blobs/sha256x': { link: 'evil' },
    }, 'not named by a digest'],
    ['digests of an unknown algorithm', strange(nonsense, 'blobs/nonsense/abc'), 'not named by a digest'],
    ['such digests alone', strange(nonsense, 'other'), `refers to "${nonsense}", which is not a digest`],
    ['digests in capitals', strange(capitals, capitals.replace(':', '/').replace('sha', 'blobs/sha')), 'not named by a digest'],
    ['digests that lead elsewhere', strange('sha256:../../evil', 'evil'), 'refers to "sha256:../../evil"'],
    ['digests in SHA-256 that are too short', strange('sha256:abc', 'blobs/sha256/abc'), 'not named by a digest'],
    ['SHA-512 that is not so', strange(digestOf(LOWER, 'sha512'), pathOf(LOWER, 'sha512')), `but is ${digestOf('anything', 'sha512')}`],
    ['a manifest whose type has a parameter', layout([refer(TAR, 'absent')], [], `${MANIFEST}; charset=utf-8`), 'has no "blobs/'],
    ['a manifest whose type has capitals', layout([refer(TAR, 'absent')], [], MANIFEST.toUpperCase()), 'has no "blobs/'],
    ['an index whose type has capitals and a parameter', (() => {
      const index = indexOf(refer(MANIFEST, 'absent'));
      return { ...blobs(index), 'index.json': indexOf(refer(`${INDEX.replace('index', 'Index')} ;x=y`, index)) };
    })(), 'has no "blobs/'],
    ['a config whose type has capitals', (() => {
      const manifest = manifestOf(refer(CONFIG.toUpperCase(), config), null);
      return { ...blobs(config, manifest), 'index.json': indexOf(refer(MANIFEST, manifest)) };
    })(), 'has 0 layers for the config'],
    ['an index of nothing', { 'index.json': '{"manifests":[]}' }, 'contains no image'],
    ['an index of null', { 'index.json': '{"manifests":null}' }, 'contains no image'],
    ['a list of no images', { 'manifest.json': '[]' }, 'contains no image'],
    ['both empty', { 'index.json': '{"manifests":[]}', 'manifest.json': '[]' }, 'contains no image'],
    ['things that are not manifests', { ...blobs('thing'), 'index.json': indexOf(refer('text/plain', 'thing')) }, 'contains no image'],
  ])('rejects %s', (_, files, words) => {
    const archive = archiveOf(files);
    expect(() => verify(archive)).toThrow(expect.objectContaining({ code: 'LONGSHORE_DIGEST', message: expect.stringContaining(words) }));
  });

  it('rejects a link that later replaces a directory with content', () => {
    // GNU tar writes such an archive by appending. An engine that unpacks it gets the target of the link.
    const sound = archiveOf(layout(plain));
    const end = sound.length - sound.reverse().findIndex((byte) => byte !== 0);
    sound.reverse();
    const first = sound.subarray(0, Math.ceil(end / 512) * 512);
    const evil = archiveOf({ blobs: { link: 'evil' } });
    expect(() => verify(Buffer.concat([first, evil]))).toThrow('has "blobs" both as a link and as a directory ("blobs/sha256/');
  });
});
