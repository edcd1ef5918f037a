// The table of messages against real messages of engines and registries; names that contain words of the table; and texts that
// are made to take long.

import { describe, expect, it } from 'vitest';
import { inStreamError, statusError } from '../../src/api/api-error.ts';
import { saysLayerIsMissing } from '../../src/api/error-table.ts';
import { READ_LIMIT, withoutNames } from '../../src/api/request-subject.ts';
import * as errors from '../../src/errors.ts';
import { sentences, targets } from '../support/engine-sentences.ts';

const asked = (target: string) => ({ method: 'POST', target, address: 'unix:///d.sock' });
const inStream = (target: string, message: string): errors.ApiError => {
  const error = inStreamError(asked(target), { errorDetail: { message } });
  if (error === undefined) throw new Error('no error');
  return error;
};
const of500 = (target: string, message: string): errors.ApiError =>
  statusError(asked(target), { status: 500, reasonPhrase: '', body: Buffer.from(JSON.stringify({ message })), isFromEngine: true });

describe('messages of engines and registries', () => {
  it('are at least eighty, each with its source', () => {
    expect(sentences.length).toBeGreaterThanOrEqual(80);
    for (const { source } of sentences) expect(source).toMatch(/^(?:[\w.-]+\/[\w.-]+#\d+|[\w.-]+\/[\w.-]+\.tape)$/);
  });

  it.each(sentences)('mean $reason ($source): $words', ({ words, kind, reason, passes }) => {
    for (const error of [inStream(targets[kind], words), of500(targets[kind], words)]) {
      expect([error.reason, error.transient]).toEqual([reason, passes]);
    }
  });

  it.each(sentences.filter(({ reason }) => reason === 'auth'))('are an UnauthorizedError in a stream ($source): $words', ({ words, kind }) => {
    expect(inStream(targets[kind], words)).toBeInstanceOf(errors.UnauthorizedError);
  });
});

// Sources: net/http, x/net/http2 and compress/* of Go, and Artifact Registry's documentation of its quotas.
describe('messages of the libraries that engines and registries use', () => {
  it.each([
    ['network', 'http2: client connection lost'],
    ['network', 'http2: client connection force closed via ClientConn.Close'],
    ['network', 'http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""'],
    ['network', 'net/http: timeout awaiting response headers'],
    ['network', 'http: server closed idle connection'],
    ['unavailable', 'unknown: internal server error'],
    ['unavailable', 'failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/: 504 Gateway Timeout'],
    ['rate-limit', "toomanyrequests: Quota exceeded for quota metric 'Requests per project per user' and limit 'Requests per minute' of service 'artifactregistry.googleapis.com' for consumer 'project_number:1'."],
  ])('are transient (%s): %s', (reason, words) => {
    expect(inStream(targets.pull, words)).toMatchObject({ reason, transient: true });
  });

  it.each([
    'gzip: invalid header', 'zstd: magic number mismatch', 'invalid character \'<\' looking for beginning of value',
    'unexpected end of JSON input', 'json: cannot unmarshal string into Go value of type []tarexport.manifestItem',
    'No such image: acme/app:latest', 'acme/app: image not known', 'manifest unknown',
    'unrecognized image format', // Docker 28.5 with the containerd store, for the tar of a file system
  ])('about an archive are a BadRequestError with a remedy: %s', (words) => {
    for (const error of [inStream(targets.load, words), of500(targets.load, words)]) {
      expect(error).toMatchObject({ name: 'BadRequestError', reason: undefined, hint: expect.stringContaining('decompress it first') });
    }
  });
});

describe('a load or an import that fails', () => {
  const heard = sentences.filter(({ kind, reason }) => (kind === 'load' || kind === 'import') && reason === undefined);
  const failures = [...heard, { words: 'layer "x/layer.tar" not found', kind: 'load', source: 'Docker 20.10, of a layer that the manifest names' } as const];
  it.each(failures)('is a BadRequestError with a remedy ($source): $words', ({ words, kind }) => {
    const body = Buffer.from(JSON.stringify({ message: words }));
    const of404 = statusError(asked(targets[kind]), { status: 404, reasonPhrase: '', body, isFromEngine: true });
    for (const error of [inStream(targets[kind], words), of500(targets[kind], words), of404]) {
      expect(error.constructor).toBe(errors.BadRequestError);
      expect(error.hint).toMatch(/decompress it first/);
      expect(error.message.endsWith(error.hint ?? '?')).toBe(true);
    }
  });
});

// The words of Docker 20.10 and 26.1 with graph drivers for an archive of podman save --format oci-archive, and of
// Podman 4.3 for a prune.
describe('an error whose words do not say what to do has a remedy:', () => {
  it.each([
    [targets.load, 'open /var/lib/docker/tmp/docker-import-3517070356/blobs/json: no such file or directory', /--format docker-archive/],
    ['/v1.41/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D', 'specifying "dangling" filter more than once with different values is not supported', /before 4\.8/],
  ])('%s: %s', (target, words, remedy) => {
    expect(of500(target, words).hint).toMatch(remedy);
  });
});

// An archive that was saved without a layer which the engine lacks. The words of Docker 20.10 to 28.5, and of Podman 4.3 and 6.1.
describe('a load of an archive that lacks a layer', () => {
  const digest = 'dee80d3d72ee153a2a7f92e94a0e75f12368265353cad66a7343ddb48c325f95';
  const oci = 'failed to load image: payload does not match any of the supported image formats:\n * oci: open /var/tmp/x.tar/index.json: not a directory\n * oci-archive: ';
  it.each([
    `open /var/lib/docker/tmp/docker-import-2533221416/blobs/sha256/${digest}: no such file or directory`,
    `${oci}reading blob sha256:${digest}: open /var/tmp/oci2679956851/blobs/sha256/${digest}: no such file or directory\n * docker-archive: Some layer tarfiles are missing in the tarball`,
    `${oci}unable to perform copy: reading blob sha256:${digest}: open /var/tmp/x/blobs/sha256/${digest}: no such file or directory\n * dir: not a directory`,
  ])('names the layer, and the way out: %s', (words) => {
    for (const error of [inStream(targets.load, words), of500(targets.load, words)]) {
      expect(error).toMatchObject({ hint: expect.stringContaining('longshore layers') });
      expect(error.message).toContain(digest);
    }
    expect(of500(targets.load, words).constructor).toBe(errors.BadRequestError);
    expect(saysLayerIsMissing(words)).toBe(true);
  });

  it('is not mistaken for another failed load', () => {
    const others = sentences.filter(({ kind, words }) => kind === 'load' && !words.includes('content digest')).map(({ words }) => words);
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter(saysLayerIsMissing)).toEqual([]);
    // Docker 28.5 with the containerd store: test/client/finish.test.ts has the whole response.
    expect(saysLayerIsMissing(`failed to get reader from content store: content digest sha256:${digest}: not found`)).toBe(true);
  });
});

// A list or a prune does not use a registry. The words are in names of images that are not in the request.
describe('messages about the images of the engine', () => {
  const local = ['/v1.41/images/json', '/v1.41/images/prune', '/v1.41/system/df?type=image', '/v1.41/images/acme/app/json', '/v1.41/images/acme/app'];
  it.each([
    'conflict: unable to delete unauthorized:latest (must be forced)',
    'unauthorized:latest: image is in use by a container',
    'denied:1 is in use',
    'image h.example/toomanyrequests:1 is in use',
    'cannot read h.example/acme/x509:1',
    'cannot read acme/eof: EOF',
    'image access-denied/a: denied/b is broken',
    'a tag of acme/app is immutable',
  ])('are not interpreted as those of a registry: %s', (words) => {
    for (const target of local) {
      expect(of500(target, words), target).toMatchObject({ name: 'ServerError', reason: undefined, hint: undefined });
    }
  });

  // moby's pkg/authorization/authz.go, and proxies before an engine.
  it.each([
    'authorization denied by plugin authz-broker: no policy applied (user: "x" action: "image_list")',
    'authorization denied by plugin opa: unauthorized',
    'denied: not for this user',
    'Unauthorized',
    'Access denied to resource',
    'unauthorized: no session',
  ])('may be the refusal of an authorization plugin or of a proxy: %s', (words) => {
    for (const target of [...local, targets.load, targets.pull]) expect(of500(target, words).reason, target).toBe('auth');
  });

  it('may say that an image is absent', () => {
    expect(of500('/v1.41/images/acme/app', 'acme/app: image not known')).toMatchObject({ name: 'NotFoundError', reason: 'not-found' });
  });
});

describe('the names in a request', () => {
  // words that tell a refusal, a limit, a failure of the network, and an absence
  const words = ['unauthorized', 'toomanyrequests', 'denied', 'forbidden', 'eof', 'immutable', 'x509'];
  // how engines of each kind say that the image is not there: the operation, and the sentence with the name in it
  const absences: ReadonlyArray<readonly [what: string, target: (name: string) => string, say: (name: string) => string]> = [
    ['push, graph driver', (name) => `/v1.41/images/${name}/push?tag=latest`, (name) => `An image does not exist locally with the tag: ${name}`],
    ['push, containerd store', (name) => `/v1.51/images/${name}/push?tag=denied`, (name) => `tag does not exist: ${name}:denied`],
    ['pull, graph driver', (name) => `/v1.41/images/create?fromImage=${encodeURIComponent(name)}&tag=denied`, (name) => `manifest for ${name}:denied not found: manifest unknown: manifest unknown`],
    ['pull, containerd store', (name) => `/v1.51/images/create?fromImage=${encodeURIComponent(name)}&tag=1`, (name) => `failed to resolve reference "${name}:1": ${name}:1: not found`],
    ['pull, Podman', (name) => `/v1.41/images/create?fromImage=${encodeURIComponent(name)}&tag=unauthorized`, (name) => `initializing source docker://${name}:unauthorized: reading manifest unauthorized in ${name}: manifest unknown`],
    ['inspect', (name) => `/v1.41/images/${name}/json`, (name) => `No such image: ${name}:latest`],
    ['save', (name) => `/v1.41/images/get?names=${encodeURIComponent(name)}`, (name) => `${name}: image not known`],
  ];
  const names = words.flatMap((word) => [`h.example:1/acme/${word}`, `docker.io/library/${word}`, `${word}.example/a`, `docker.io/${word}/app`]);
  it.each(absences.flatMap(([what, target, say]) => names.map((name) => [what, name, target, say] as const)))(
    'do not decide what the words mean: %s of %s',
    (_, name, target, say) => {
      const short = name.replace(/^docker\.io\/(?:library\/)?/, '');
      for (const said of [say(name), say(short)]) {
        const error = inStream(target(name), said);
        expect([error.constructor.name, error.reason]).toEqual(['NotFoundError', 'not-found']);
      }
    },
  );

  it.each(words)('do not hide a failure of another kind: %s', (word) => {
    const target = `/v1.41/images/create?fromImage=docker.io%2Flibrary%2F${word}&tag=latest`;
    expect(inStream(target, `Head "https://registry-1.docker.io/v2/library/${word}/manifests/latest": toomanyrequests: too many`).reason).toBe('rate-limit');
    const denied = `pull access denied for ${word}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`;
    expect(inStream(target, denied)).toMatchObject({ reason: 'auth', transient: false });
    const scope = `https://auth.docker.io/token?scope=repository%3Alibrary%2F${word}%3Apull`;
    expect(inStream(target, `Get "${scope}": dial tcp: i/o timeout`)).toMatchObject({ reason: 'network', transient: true });
  });

  it.each([
    ['a tag that is the name, too', '/v1.41/images/create?fromImage=x509&tag=x509', 'failed to resolve reference "docker.io/library/x509:x509": docker.io/library/x509:x509: not found', 'not-found'],
    ['a project of Harbor', '/v1.41/images/r.example/denied/app/push?tag=1', 'project denied not found: project denied not found', 'not-found'],
    ['the names of an image that is removed by its id', '/v1.41/images/sha256:7b35?force=0', 'unable to delete image "7b35" by ID with more than one tag ([h.example/acme/unauthorized:1 b:1]): please force removal', undefined],
    ['the names in an archive', '/v1.41/images/load', 'writing docker.io/acme/toomanyrequests:1: odd', undefined],
    ['the names in an archive, of a refusal', '/v1.41/images/load', 'importing h.example/denied: denied', undefined],
  ])('do not decide the reason of other messages: %s', (_, target, words, reason) => {
    expect(inStream(target, words).reason).toBe(reason);
  });

  it('include those in a search term, a filter, a URL and a commit message', () => {
    expect(of500('/v1.41/images/search?term=unauthorized', 'Unexpected answer for "unauthorized"').reason).toBeUndefined();
    const filters = encodeURIComponent('{"reference":["denied: x"]}');
    expect(of500(`/v1.41/images/json?filters=${filters}`, 'invalid filter "denied: x"').reason).toBeUndefined();
    const url = encodeURIComponent('http://host.example/unauthorized');
    expect(of500(`/v1.41/images/create?fromSrc=${url}`, 'Get "http://host.example/unauthorized": odd').reason).toBeUndefined();
    expect(of500('/v1.41/images/create?fromSrc=-&message=access%20denied%2Fx', 'odd message access denied/x').reason).toBeUndefined();
  });

  it('are removed from long messages, whose beginning and end are interpreted', () => {
    const term = 'unauthorized/'.repeat(1000);
    expect(withoutNames(`odd: ${term} is odd`, [term])).toBe('odd: _ is odd');
    const long = withoutNames(`first ${'x'.repeat(100_000)} last`, []);
    expect(long.length).toBe(READ_LIMIT + 1);
    expect([long.startsWith('first'), long.endsWith('last')]).toEqual([true, true]);
  });
});

describe('a remedy', () => {
  const pull = (name: string): string => `/v1.41/images/create?fromImage=${encodeURIComponent(name)}&tag=1`;
  it.each([
    ['h.example:5000/app', 'no basic auth credentials', /docker login h\.example:5000$/],
    ['docker.io/library/app', 'no basic auth credentials', /docker login$/],
    ['h:1/a', 'Unexpected status code 404', /^h:1 does not offer a search/], // of a search, by Docker 20.10 and 28.5
    ['docker.io/library/app', 'unauthorized: incorrect username or password', /has expired: run docker login\. .*docker logout, or/],
    ['ghcr.io/a/b', 'Head "https://ghcr.io/v2/a/b/manifests/1": denied: denied', /docker logout ghcr\.io, or credentials: "anonymous"$/],
    ['h:1/a', 'http: server gave HTTP response to HTTPS client', /list h:1 in "insecure-registries" .*registries\.conf/],
    ['h:1/a', 'http: server gave HTTP response to HTTPS client (Client.Timeout exceeded while awaiting headers)', /list h:1 in "insecure-registries"/],
    ['h:1/a', 'tls: first record does not look like a TLS handshake', /list h:1 in "insecure-registries"/],
    ['h:1/a', 'denied: Your authorization token has expired. Reauthenticate and try again.', /has expired: run docker login h:1\. .*docker logout h:1/],
    ['h:1/a', 'unauthorized: personal access token is expired', /docker logout h:1/],
    ['h:1/a', 'unauthorized: HTTP Basic: Access denied. The provided password or token is incorrect or your account has 2FA enabled', /docker logout h:1/],
    ['h:1/a', 'x509: certificate signed by unknown authority', /certs\.d\/h:1\/ca\.crt/],
    // The words of Go's crypto/tls and crypto/x509
    ['h:1/a', 'tls: first record does not look like a TLS handshake', /list h:1 in "insecure-registries"/],
    ['h:1/a', 'x509: certificate has expired or is not yet valid: current time 2026-11-29 is after 2020-01-01', /expired, or the clock/],
    ['h:1/a', 'x509: certificate is valid for a.example, not h', /h:1 needs a certificate .*subjectAltName/],
    ['h:1/a', 'x509: certificate is not valid for any names, but wanted to match h', /h:1 needs a certificate .*subjectAltName/],
    ['h:1/a', 'x509: certificate relies on legacy Common Name field, use SANs instead', /h:1 needs a certificate .*subjectAltName/],
    ['h:1/a', "x509: cannot validate certificate for 192.0.2.1 because it doesn't contain any IP SANs", /h:1 needs a certificate .*subjectAltName/],
    ['h:1/a', 'remote error: tls: certificate required', /certs\.d\/h:1\/client\.cert and client\.key/],
    ['h:1/a', 'remote error: tls: bad certificate', /certs\.d\/h:1\/client\.cert and client\.key/],
  ])('names the registry: %s, %s', (name, words, remedy) => {
    const error = inStream(pull(name), words);
    expect(error.hint).toMatch(remedy);
    expect(error.message).toContain(`${words}. ${error.hint}`);
  });
});

it('a TLS failure with another cause, or of a URL, has no remedy', () => {
  const importing = `/v1.41/images/create?fromSrc=${encodeURIComponent('https://h:1/x.tar')}&repo=docker.io/acme/app`;
  for (const words of ['http: server gave HTTP response to HTTPS client', 'x509: certificate signed by unknown authority']) {
    expect(inStream(importing, `Get "https://h:1/x.tar": ${words}`)).toMatchObject({ reason: 'network', hint: undefined });
  }
  expect(inStream('/v1.41/images/create?fromImage=h:1/a&tag=1', 'remote error: tls: handshake failure')).toMatchObject({ reason: 'network', hint: undefined });
});

describe('a message of several lines, as Podman writes it,', () => {
  it('keeps its lines, indented and without control characters', () => {
    const { message } = inStream(targets.load, 'payload does not match any of the supported image formats:\n * oci: a\u001b[31m\r\n * dir: b\n');
    expect(message).toContain('image formats:\n   * oci: a\\u{1b}[31m\n   * dir: b');
  });
});
