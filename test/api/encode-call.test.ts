import { describe, expect, it } from 'vitest';
import { encodeCall, encodeTarget, needsIdentity, needsStore } from '../../src/api/encode-call.ts';
import type { EncodedCall, EngineFacts } from '../../src/api/encode-call.ts';
import type { OperationName } from '../../src/api/endpoints.ts';
import { negotiatedVersion, compareVersions, isVersionMismatch, parsePinnedVersion } from '../../src/api/api-version.ts';
import { ConfigError, VersionError } from '../../src/errors.ts';

interface Call {
  readonly operation: OperationName;
  readonly image?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}
const encoded = ({ operation, args, image }: Call): EncodedCall => encodeCall(operation, args, image);
const requestOf = (call: Call, facts: EngineFacts): { method: string; target: string } => {
  const { endpoint } = encoded(call);
  return { method: endpoint.method, target: encodeTarget(encoded(call), facts) };
};

describe('a call', () => {
  // call, version, what goes on the wire
  it.each<[Call, string, string]>([
    [{ operation: 'images' }, '1.41', 'GET /v1.41/images/json'],
    [{ operation: 'images', args: { all: true, sharedSize: undefined } }, '1.24', 'GET /v1.24/images/json?all=1'],
    [{ operation: 'images', args: { all: false, filters: { dangling: true, label: ['a=b', 'c'] } } }, '1.41', `GET /v1.41/images/json?all=0&filters=${encodeURIComponent('{"dangling":["true"],"label":["a=b","c"]}')}`],
    [{ operation: 'images', args: { filters: {} } }, '1.41', 'GET /v1.41/images/json'],
    [{ operation: 'inspectImage', image: 'localhost:5000/a/b:1' }, '1.41', 'GET /v1.41/images/localhost:5000/a/b:1/json'],
    [{ operation: 'getImage', args: { names: ['a:1', 'b@sha256:0'] } }, '1.41', 'GET /v1.41/images/get?names=a%3A1&names=b%40sha256%3A0'],
    [{ operation: 'importImage', args: { fromSrc: '-', changes: ['CMD ["a b"]', 'ENV x=1'] } }, '1.41', 'POST /v1.41/images/create?fromSrc=-&changes=CMD+%5B%22a+b%22%5D&changes=ENV+x%3D1'],
    [{ operation: 'history', image: 'a', args: { platform: 'linux/arm64/v8' } }, '1.48', 'GET /v1.48/images/a/history?platform=%7B%22architecture%22%3A%22arm64%22%2C%22os%22%3A%22linux%22%2C%22variant%22%3A%22v8%22%7D'],
    [{ operation: 'pull', args: { fromImage: 'a', platform: 'linux/arm64/v8' } }, '1.41', 'POST /v1.41/images/create?fromImage=a&platform=linux%2Farm64%2Fv8'],
    [{ operation: 'ping' }, '1.41', 'GET /_ping'],
  ])('%j at %s is %s', (call, version, wire) => {
    const { method, target } = requestOf(call, { version });
    expect(`${method} ${target}`).toBe(wire);
  });

  // what, a version below, the first that has it
  it.each<[Call, string, string, string]>([
    [{ operation: 'removeImage', image: 'a', args: { platforms: ['linux/arm64'] } }, '1.49', '1.50', 'removeImage.platforms'],
    [{ operation: 'images', args: { manifests: true } }, '1.46', '1.47', 'images.manifests'],
    [{ operation: 'pruneImages' }, '1.24', '1.25', 'pruneImages'],
    [{ operation: 'inspectDistribution', image: 'a' }, '1.29', '1.30', 'inspectDistribution'],
  ])('%j is a VersionError at %s, and is accepted at %s', (call, below, at, subject) => {
    expect(() => requestOf(call, { version: at })).not.toThrow();
    try {
      requestOf(call, { version: below });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(VersionError);
      expect(error).toMatchObject({ subject, needed: at, spoken: below });
      expect((error as Error).message).toContain(`${subject} needs API version ${at}, but version ${below} is in use`);
    }
  });
});

describe('a requirement that the version alone does not cover', () => {
  const podman = { version: '1.51', identity: { apiVersion: '1.41', isPodman: true, podmanVersion: '4.3.1' } };
  const docker = { version: '1.51', identity: { apiVersion: '1.51', isPodman: false, podmanVersion: undefined } };
  const remove: Call = { operation: 'removeImage', image: 'a', args: { platforms: ['linux/arm64'], force: true } };
  const manifests: Call = { operation: 'inspectImage', image: 'a', args: { manifests: true } };
  const distribution: Call = { operation: 'inspectDistribution', image: 'a' };

  it('needs the engine\'s identity or its image store', () => {
    expect([remove, manifests, distribution].map(encoded).map(needsIdentity)).toEqual([true, true, true]);
    expect(needsIdentity(encoded({ operation: 'removeImage', image: 'a', args: { force: true } }))).toBe(false);
    expect([remove, manifests].map(encoded).map(needsStore)).toEqual([false, true]);
  });

  it('is checked against the version that Podman reports: Podman ignores the version in the path and would delete everything', () => {
    expect(() => requestOf(remove, docker)).not.toThrow();
    expect(() => requestOf(remove, podman)).toThrow('removeImage.platforms needs API version 1.50, but version 1.41 is in use');
  });

  it('fails for an operation that Podman does not have', () => {
    expect(() => requestOf(distribution, docker)).not.toThrow();
    expect(() => requestOf(distribution, podman)).toThrow('inspectDistribution needs Docker, and this engine is Podman');
  });

  // github.com/containers/podman, release notes of 4.6.0; 4.3.1 and 5.4.2 were seen to do so
  it.each([
    ['4.3.1', false],
    ['4.5.1', false],
    ['4.6.0', true],
    ['4.10.0-rhel', true],
    ['5.0.0', true],
    ['10.0.0', true],
    ['next', false],
    [undefined, false],
  ])('depends on the release of Podman: noprune on Podman %s is supported: %s', (podmanVersion, heeded) => {
    const call: Call = { operation: 'removeImage', image: 'a', args: { noprune: true } };
    expect(needsIdentity(encoded(call))).toBe(true);
    const encode = (): unknown => requestOf(call, { version: '1.41', identity: { ...podman.identity, podmanVersion } });
    if (heeded) expect(encode()).toMatchObject({ target: '/v1.41/images/a?noprune=1' });
    else expect(encode).toThrow(/^removeImage\.noprune needs Podman 4\.6, and this engine is Podman .+, which ignores it$/);
    expect(requestOf(call, docker)).toMatchObject({ target: '/v1.51/images/a?noprune=1' });
  });

  it('does not apply to a flag that is false, which is not sent', () => {
    const call: Call = { operation: 'removeImage', image: 'a', args: { noprune: false } };
    expect(needsIdentity(encoded(call))).toBe(false);
    expect(requestOf(call, podman)).toMatchObject({ target: '/v1.51/images/a' });
    expect(requestOf({ operation: 'images', args: { sharedSize: false } }, { version: '1.24' }).target).toBe('/v1.24/images/json');
  });

  it('fails for an argument that the other image store ignores', () => {
    expect(() => requestOf(manifests, { ...docker, store: 'containerd' })).not.toThrow();
    expect(() => requestOf(manifests, { ...docker, store: 'graphdriver' })).toThrow(
      'inspectImage.manifests needs the containerd image store, and this engine has a graphdriver store',
    );
  });

  it('may need a newer version for several values than for one', () => {
    const save = (platform: unknown): Call => ({ operation: 'getImage', args: { names: ['a'], platform } });
    expect(() => requestOf(save('linux/arm64'), { version: '1.48' })).not.toThrow();
    expect(() => requestOf(save(['linux/arm64', 'linux/arm64']), { version: '1.48' })).not.toThrow(); // one, twice
    expect(() => requestOf(save(['linux/arm64', 'linux/amd64']), { version: '1.51' })).toThrow(VersionError);
    expect(() => requestOf(save(['linux/arm64', 'linux/amd64']), { version: '1.52' })).not.toThrow();
  });
});

describe('versions', () => {
  it.each([
    ['1.9', '1.10', -1],
    ['1.41', '1.41', 0],
    ['2.0', '1.99', 1],
    ['1.100', '1.55', 1],
  ])('%s against %s as numbers', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });

  it.each([['1.23', undefined], ['1.24', '1.24'], ['1.41', '1.41'], ['1.55', '1.55'], ['1.56', '1.56'], ['1.57', '1.56'], ['1.100', '1.56']])(
    'an engine with the newest version %s gets requests of version %s',
    (newest, spoken) => {
      expect(negotiatedVersion(newest)).toBe(spoken);
    },
  );

  it.each([['1.41', '1.41'], ['v1.41', '1.41'], ['V1.41', '1.41']])('%s can be pinned', (text, version) => {
    expect(parsePinnedVersion(text)).toBe(version);
  });

  it.each(['1', '1.', 'v', '1.41.0', '1.23', '1.57', 'latest', '', '1.4\n'])('%j cannot be pinned', (text) => {
    expect(() => parsePinnedVersion(text, 'DOCKER_API_VERSION')).toThrow(ConfigError);
  });

  it('that are newer than this client are an error with the supported range and a remedy', () => {
    const message = 'DOCKER_API_VERSION "1.57" is not an API version that this client supports (1.24 to 1.56): ' +
      'leave it out to negotiate the version with the engine';
    expect(() => parsePinnedVersion('1.57', 'DOCKER_API_VERSION')).toThrow(message);
  });

  it('that an engine does not support are recognized by its message', () => {
    expect(isVersionMismatch('client version 1.99 is too new. Maximum supported API version is 1.41')).toBe(true);
    expect(isVersionMismatch('client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version')).toBe(true);
    expect(isVersionMismatch('invalid reference format')).toBe(false);
  });
});
