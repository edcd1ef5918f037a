import { expect, it } from 'vitest';
import { refusingEngine } from '../../src/api/compressed-archives.ts';
import type { ArchiveUpload } from '../../src/api/compressed-archives.ts';
import { compressionOf } from '../../src/api/media-types.ts';
import type { Compression } from '../../src/api/media-types.ts';

const docker = (release: string) => ({ apiVersion: '1.41', isPodman: false, podmanVersion: undefined, server: `Docker/${release} (linux)` });
const podman = (podmanVersion: string) => ({ apiVersion: '1.41', isPodman: true, podmanVersion });

// The observations of test/live/compressed.test.ts; a release that was not observed counts as the newest one before it.
it.each([
  ['loadImage', 'zstd', docker('20.10.24+dfsg1'), 'Docker 20.10'],
  ['loadImage', 'zstd', docker('19.03.1'), 'Docker 19.03'],
  ['loadImage', 'zstd', docker('24.0.7'), 'Docker 24.0'],
  ['loadImage', 'zstd', docker('26.1.5'), undefined],
  ['loadImage', 'zstd', docker('30.0.0-rc.1'), undefined],
  ['loadImage', 'xz', docker('20.10.24'), undefined],
  ['loadImage', 'skippable', docker('28.5.2'), undefined],
  ['loadImage', 'skippable', podman('6.1.1'), 'Podman 6.1'],
  ['loadImage', 'gzip', podman('4.3.1'), 'Podman 4.3'],
  ['loadImage', 'gzip', podman('5.4.2'), undefined],
  ['importImage', 'gzip', podman('4.3.1'), undefined],
  ['importImage', 'zstd', podman('4.9.4'), 'Podman 4.9'],
  ['importImage', 'xz', podman('4.3.1'), 'Podman 4.3'],
  ['importImage', 'zstd', podman('5.4.2'), 'Podman 5.4'],
  ['importImage', 'bzip2', podman('5.8.0'), 'Podman 5.8'],
  ['importImage', 'xz', podman('6.1.1'), undefined],
  ['loadImage', 'zstd', { ...docker(''), server: undefined }, undefined],
  ['loadImage', 'zstd', undefined, undefined],
] as const)('%s of %s with %o: %s', (operation: ArchiveUpload, form: Compression, identity, engine) => {
  expect(refusingEngine(operation, form, identity)).toBe(engine);
});

// The magic numbers of RFC 1952, RFC 8878 §3.1, the bzip2 and the xz format.
it.each([
  ['\x1f\x8b\x08\x00', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\x50\x2a\x4d\x18', 'skippable'],
  ['\x5f\x2a\x4d\x18', 'skippable'],
  ['BZh9', 'bzip2'],
  ['\xfd7zX', 'xz'],
  ['\x1f', undefined],
  ['\x60\x2a\x4d\x18', undefined],
  ['blob', undefined],
  ['', undefined],
])('%j is %s', (start, compression) => expect(compressionOf(start)).toBe(compression));
