import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as surface from '../src/index.ts';
import * as testing from '../src/testing.ts';
import { VERSION } from '../src/version.ts';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lock = JSON.parse(read('package-lock.json'));

describe('the package', () => {
  it('has no run-time dependencies and exactly four development packages', () => {
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.peerDependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
    expect(Object.keys(manifest.devDependencies)).toEqual(['@types/node', 'c8', 'typescript', 'vitest']);
    for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has no install script anywhere in the tree', () => {
    const packages = Object.values<{ hasInstallScript?: true }>(lock.packages);
    expect(packages.filter((entry) => entry.hasInstallScript)).toEqual([]);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) expect(manifest.scripts[name]).toBeUndefined();
  });

  it('tells engines its own version', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('exports these names and nothing else', () => {
    expect(Object.keys(surface).sort()).toEqual([
      'ApiError', 'ArchiveStream', 'ArgumentError', 'BadRequestError', 'ConfigError', 'ConflictError', 'ConnectError',
      'CredentialError', 'DecodeError', 'DigestError', 'FileError', 'ForbiddenError', 'ImageClient', 'InvalidReferenceError', 'LongshoreError',
      'NEWEST_API_VERSION', 'NotFoundError', 'OLDEST_API_VERSION', 'ProgressStream', 'ProgressTotals', 'ProtocolError', 'RateLimitError',
      'Secret', 'ServerError', 'TarError', 'TimeoutError', 'TruncatedError', 'UnauthorizedError', 'UnavailableError',
      'UploadError', 'VERSION', 'VersionError', 'decodeJsonValues', 'dockerConfig', 'encodeRegistryAuth', 'familiarReference',
      'formatReference', 'packDirectory', 'packTar', 'parseReference',
    ]);
  });

  it('exports these for tests and nothing else', () => {
    expect(Object.keys(testing).sort()).toEqual(['TAPE_LIMIT', 'encodeTape', 'parseTape', 'record', 'recorder', 'replay', 'replayDialer']);
  });
});
