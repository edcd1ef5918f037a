import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as surface from '../src/index.ts';
import * as testing from '../src/testing.ts';
import { VERSION } from '../src/connection/package-version.ts';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lock = JSON.parse(read('package-lock.json'));

describe('the package', () => {
  // covers: complaint py-43, complaint js-8, complaint js-47
  it('has no run-time dependencies and exactly four development packages', () => {
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.peerDependencies).toBeUndefined();
    expect(manifest.optionalDependencies).toBeUndefined();
    expect(Object.keys(manifest.devDependencies)).toEqual(['@types/node', 'c8', 'typescript', 'vitest']);
    for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  // covers: complaint js-43
  it('has no install script anywhere in the tree', () => {
    const packages = Object.values<{ hasInstallScript?: true }>(lock.packages);
    expect(packages.filter((entry) => entry.hasInstallScript)).toEqual([]);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) expect(manifest.scripts[name]).toBeUndefined();
  });

  it('has the same version in package.json and in the User-Agent', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('exports exactly these names', () => {
    expect(Object.keys(surface).sort()).toEqual([
      'ApiError', 'ArchiveStream', 'ArgumentError', 'BadRequestError', 'ConfigError', 'ConflictError', 'ConnectError',
      'CredentialError', 'DecodeError', 'DigestError', 'FileError', 'ForbiddenError', 'ImageClient', 'InvalidReferenceError', 'LongshoreError',
      'NEWEST_API_VERSION', 'NotFoundError', 'OLDEST_API_VERSION', 'ProgressStream', 'ProgressTotals', 'ProtocolError', 'RateLimitError',
      'Secret', 'ServerError', 'TarError', 'TimeoutError', 'TruncatedError', 'UnauthorizedError', 'UnavailableError',
      'UploadError', 'VERSION', 'VersionError', 'decodeJsonValues', 'dockerConfig', 'encodeRegistryAuth', 'familiarReference',
      'formatReference', 'inspectArchive', 'packDirectory', 'packTar', 'parseReference', 'retry',
    ]);
  });

  it('exports exactly these names for tests', () => {
    expect(Object.keys(testing).sort()).toEqual(['TAPE_LIMIT', 'encodeTape', 'parseTape', 'record', 'recorder', 'replay', 'replayDialer']);
  });
});

describe('the workflow for pushes and pull requests', () => {
  const workflow = read('.github/workflows/ci.yml');
  const listed = (key: string): string[] => [...(new RegExp(`^ +${key}: \\[(.*)\\]`, 'm').exec(workflow)?.[1] ?? '').matchAll(/[\w.-]+/g)].map(([item]) => item);

  it('runs npm test on three systems, each with the oldest and the newest Node', () => {
    expect(listed('os').map((name) => name.split('-')[0])).toEqual(['ubuntu', 'macos', 'windows']);
    const { optionalDependencies } = JSON.parse(read('test/matrix/package.json'));
    const newest = Math.max(...Object.keys(optionalDependencies).map((name) => Number.parseInt(name.replace('node-', ''), 10)));
    expect(listed('node')).toEqual([`${manifest.engines.node.replace('>=', '')}.0`, String(newest)]);
    expect(workflow).toMatch(/^ +run: npm test$/m);
  });

  it('runs .ci/run in a privileged container of Debian 12 with Node 20', () => {
    expect(workflow).toMatch(/container:\n +image: node:20\.\d+\.\d+-bookworm\n +options: --privileged\n/);
    expect(workflow).toMatch(/^ +run: \.ci\/run$/m);
  });

  it('uses actions named by commit, no secret, and only the right to read', () => {
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map((match) => match[1]);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    expect([...workflow.matchAll(/^ +([\w-]+): (?:read|write)\b/gm)].map((match) => match[0].trim())).toEqual(['contents: read', 'contents: read']);
    expect(workflow).not.toMatch(/secrets\./);
  });

  it('says that it has not run yet, and lets macOS and Windows fail', () => {
    expect(workflow).toContain('This workflow has not run yet');
    expect(workflow).toContain("continue-on-error: ${{ !startsWith(matrix.os, 'ubuntu') }}");
  });
});

describe('a release', () => {
  const workflow = read('.github/workflows/publish.yml');

  it('is published with provenance, with actions named by commit, no secret, and only the rights that it needs', () => {
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map((match) => match[1]);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    expect(workflow).toMatch(/^permissions: \{\}$/m);
    expect([...workflow.matchAll(/^ +([\w-]+): (?:read|write)\b/gm)].map((match) => match[1])).toEqual(['contents', 'id-token']);
    expect(workflow).not.toMatch(/secrets\./);
    expect(workflow).toMatch(/^ +run: npm publish --provenance --access public$/m);
  });

  it('runs scripts of package.json before it is published', () => {
    const scripts = [...workflow.matchAll(/npm (?:run )?([\w:-]+)$/gm)].map((match) => match[1] ?? '');
    expect(scripts).toEqual(['test', 'test:package', 'audit-kit']);
    for (const script of scripts) expect(manifest.scripts[script]).toBeDefined();
  });

  /** Exit code and error output of the check for a tag, with this repository in package.json and this entry in the changelog. */
  function check(tag: string, repository: unknown, entry: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-release-'));
    mkdirSync(join(folder, '.github'));
    cpSync(fileURLToPath(new URL('../.github/check-release.mjs', import.meta.url)), join(folder, '.github/check-release.mjs'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '1.2.3', repository }));
    writeFileSync(join(folder, '.github/CHANGELOG.md'), `# Changelog\n\n${entry}\n`);
    const run = spawnSync(process.execPath, [join(folder, '.github/check-release.mjs'), tag, 'owner/name'], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    return `${run.status}${run.stderr}`;
  }
  const repository = { type: 'git', url: 'git+https://example.com/owner/name.git' };

  it.each([
    ['v1.2.3', repository, '## 1.2.3 - 2026-01-31', /^0$/],
    ['v1.2.3', 'example:owner/name', '## 1.2.3 - 2026-01-31', /^1.*names example:owner\/name/],
    ['v1.2.4', repository, '## 1.2.3 - 2026-01-31', /^1.*the tag is v1\.2\.4/],
    ['v1.2.3', repository, '## 1.2.30 - 2026-01-31', /^1.*has no entry/],
    ['v1.2.3', undefined, '## 1.2.3 - 2026-01-31', /^1.*names no repository/],
    ['v1.2.3', { url: 'https://example.com/owner/name2' }, '## 1.2.3 - 2026-01-31', /^1.*name2/],
  ])('is accepted or refused: tag %s, repository %o, changelog entry "%s"', (tag, from, entry, verdict) => {
    expect(check(tag, from, entry)).toMatch(verdict);
  });
});
