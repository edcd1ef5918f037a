// Odd documents; test/client/inspect-archive.test.ts reads whole archives.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ArchiveContents } from '../../../src/api/saved-image/archive-contents.ts';
import { DecodeError, DigestError } from '../../../src/errors.ts';

const OCI = 'application/vnd.oci.image';

/** The contents of an archive with these files. */
function contentsOf(files: ReadonlyArray<readonly [path: string, text: string, typeflag?: string]>): ArchiveContents {
  const contents = new ArchiveContents((algorithm = 'sha256') => createHash(algorithm));
  for (const [path, text, typeflag = '0'] of files) {
    const bytes = typeflag === '0' ? Buffer.from(text) : Buffer.alloc(0);
    contents.entry({ path, typeflag, size: bytes.length, linkname: typeflag === '0' ? '' : text });
    if (bytes.length > 0) contents.content(bytes);
    contents.endEntry();
  }
  return contents;
}
const blob = (value: unknown): readonly [path: string, text: string, digest: string] => {
  const text = JSON.stringify(value);
  const hex = createHash('sha256').update(text).digest('hex');
  return [`blobs/sha256/${hex}`, text, `sha256:${hex}`];
};

describe('an index', () => {
  it('may list another index, and one that is missing', () => {
    const inner = blob({ manifests: [{ digest: `sha256:${'1'.repeat(64)}`, mediaType: `${OCI}.manifest.v1+json` }] });
    const outer = blob({ manifests: [{ digest: inner[2], mediaType: `${OCI}.index.v1+json` }, { digest: `sha256:${'2'.repeat(64)}`, mediaType: `${OCI}.index.v1+json` }] });
    const index = { manifests: [{ digest: outer[2], mediaType: `${OCI}.index.v1+json` }] };
    const files = [[inner[0], inner[1]], [outer[0], outer[1]], ['index.json', JSON.stringify(index)]] as const;
    const { images } = contentsOf(files).finish();
    expect(images[0]?.variants.flatMap(({ missing }) => missing)).toEqual([`sha256:${'2'.repeat(64)}`, `sha256:${'1'.repeat(64)}`]);
  });

  it('that lists signatures beside the image does not make images of them', () => {
    const manifests = [{ digest: `sha256:${'1'.repeat(64)}`, mediaType: `${OCI}.manifest.v1+json`, annotations: { 'io.containerd.manifest.subject': 'x' } }];
    expect(contentsOf([['index.json', JSON.stringify({ manifests })]]).finish().images).toEqual([]);
  });
});

it('follows links to a layer, and not in a circle', () => {
  const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['a/layer.tar', 'b/layer.tar'] }]);
  const files = [['c.json', '{"rootfs":{"diff_ids":["x","y"]}}'], ['real/layer.tar', 'content'], ['a/layer.tar', '../real/layer.tar', '2'], ['b/layer.tar', 'b/layer.tar', '1'], ['manifest.json', manifest]] as const;
  const { images } = contentsOf(files).finish();
  expect(images[0]?.variants[0]?.layers).toEqual([
    { digest: undefined, diffId: 'x', mediaType: undefined, size: 7 },
    { digest: undefined, diffId: 'y', mediaType: undefined, size: undefined },
  ]);
  expect(images[0]?.variants[0]?.missing).toEqual(['b/layer.tar']);
});

it('rejects two different entries with one path, and accepts the same one twice', () => {
  expect(() => contentsOf([['index.json', '{"manifests":[]}'], ['index.json', '{"manifests":[ ]}']])).toThrow(DigestError);
  expect(contentsOf([['index.json', '{"manifests":[]}'], ['./index.json', '{"manifests":[]}']]).finish()).toEqual({ format: 'oci', images: [] });
});

it('limits the memory for paths', () => {
  const contents = contentsOf([]);
  const fill = (): void => {
    for (let i = 0; i < 1000; i++) contents.entry({ path: `${i}/${'x'.repeat(100_000)}`, typeflag: '5', size: 0, linkname: '' });
  };
  expect(fill).toThrow(DecodeError);
});

/** A hostile archive of 3 MB would otherwise give 20 million variants. */
it('limits the manifests that many indexes list', () => {
  const missing = Array.from({ length: 10_000 }, (_, i) => ({ digest: `sha256:${String(i).padStart(64, '0')}`, mediaType: `${OCI}.manifest.v1+json` }));
  const large = blob({ manifests: missing });
  const small = Array.from({ length: 2000 }, (_, i) => blob({ manifests: [{ digest: large[2], mediaType: `${OCI}.index.v1+json` }], i }));
  const index = { manifests: small.map(([, , digest]) => ({ digest, mediaType: `${OCI}.index.v1+json` })) };
  const files = [large, ...small].map(([path, text]) => [path, text] as const);
  expect(() => contentsOf([...files, ['index.json', JSON.stringify(index)]]).finish()).toThrow('more manifests and layers than can be inspected');
});
