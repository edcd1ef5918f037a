import { describe, expect, it } from 'vitest';
import { inStreamError, statusError } from '../../src/api/api-error.ts';
import type { StatusAndBody } from '../../src/api/api-error.ts';
import * as errors from '../../src/errors.ts';

const asked = { method: 'GET', target: '/v1.41/images/zz/json', address: 'unix:///d.sock' };
/** The error of a request for the engine's own images. */
const errorOf = (status: number, body: string | Buffer, reasonPhrase = '', more: Partial<StatusAndBody> = {}): errors.ApiError =>
  statusError(asked, { status, reasonPhrase, body: Buffer.from(body as string), isFromEngine: true, ...more });
/** The error of a request that uses a registry. */
const pulling = { method: 'POST', target: '/v1.41/images/create?fromImage=zz', address: 'unix:///d.sock' };
const pullErrorOf = (status: number, message: string): errors.ApiError =>
  statusError(pulling, { status, reasonPhrase: '', body: Buffer.from(JSON.stringify({ message })), isFromEngine: true });

// An engine may quote a registry at any length. What an error keeps of it is searched for secrets.
describe('the message of an engine', () => {
  it('is truncated to 16,384 characters, but interpreted to its end', () => {
    const message = `${'%41'.repeat(100_000)}: unauthorized: authentication required`;
    const asked = { method: 'POST', target: '/v1.41/images/create?fromImage=a', address: 'unix:///d.sock' };
    const status = statusError(asked, { status: 500, reasonPhrase: '', body: Buffer.from(JSON.stringify({ message })) });
    for (const error of [status, inStreamError(asked, { errorDetail: { message } })]) {
      expect([error?.daemonMessage.length, error?.daemonMessage.at(-1), error?.reason]).toEqual([16_384, '\u2026', 'auth']);
      expect(error?.message.length).toBeLessThan(17_000);
    }
  });
});

describe('an error response', () => {
  // covers: fault 3.25.8
  it('becomes one sentence with the request, the address, the status and the message of the engine', () => {
    const error = errorOf(404, '{"message":"No such image: nope:latest"}\n', 'Not Found');
    expect(error.message).toBe('GET /v1.41/images/zz/json on unix:///d.sock answered 404: No such image: nope:latest');
    expect(error).toMatchObject({ status: 404, method: 'GET', target: '/v1.41/images/zz/json', inStream: false, code: 'LONGSHORE_API' });
    expect(error.daemonMessage).toBe('No such image: nope:latest');
  });

  // covers: complaint api-10
  it.each<[number, new (...args: never[]) => errors.ApiError]>([
    [304, errors.ApiError],
    [400, errors.BadRequestError],
    [401, errors.UnauthorizedError],
    [403, errors.ForbiddenError],
    [404, errors.NotFoundError],
    [409, errors.ConflictError],
    [418, errors.ApiError],
    [429, errors.RateLimitError],
    [500, errors.ServerError],
    [501, errors.ServerError],
    [502, errors.UnavailableError],
    [503, errors.UnavailableError],
    [504, errors.UnavailableError],
  ])('with the status %i has its own error class', (status, Class) => {
    expect(errorOf(status, '').constructor).toBe(Class);
  });

  // RFC 9110, RFC 6585: the transient statuses, and the reason if the message gives none
  it.each<[number, errors.ApiErrorReason | undefined, boolean]>([
    [400, undefined, false], [403, undefined, false], [404, undefined, false], [408, undefined, true], [409, undefined, false],
    [429, 'rate-limit', true], [500, undefined, false], [502, 'unavailable', true], [503, 'unavailable', true], [504, 'unavailable', true],
  ])('with the status %i and an unknown message has the reason %s; transient: %s', (status, reason, transient) => {
    for (const body of ['', '<html><head><title>no</title>', 'no', '{"message":"no"}']) {
      expect(errorOf(status, body)).toMatchObject({ reason, transient });
    }
  });

  // who may send a 404: the body, whether header fields prove that it is an engine, whether the image is absent
  it.each<[string, string, boolean, boolean]>([
    ['an engine', '{"message":"No such image: a:latest"}', true, true],
    ['an engine, without words that we know', '{"message":"x"}', true, true],
    ['an engine, without words', '', true, true],
    ['an engine behind a proxy that drops fields', '{"message":"No such image: a:latest"}', false, true],
    ['Podman behind such a proxy', '{"cause":"image not known","message":"a: image not known","response":404}', false, true],
    ['dockerd, of a path that it does not know', '{"message":"page not found"}', true, false],
    ['Go, of a path that it does not know', '404 page not found', true, false],
    ['Podman, of a path that it does not know', 'Not Found', false, false],
    ['nginx', '<html><head><title>404 Not Found</title></head></html>', false, false],
    ['Traefik', '404 page not found', false, false],
    ['Envoy', '', false, false],
    ['Kong', '{"message":"no Route matched with those values"}', false, false],
    ['Amazon API Gateway', '{"message":"Not Found"}', false, false],
    ['Nest', '{"statusCode":404,"message":"Cannot GET /v1.41/images/a/json","error":"Not Found"}', false, false],
    ['Kubernetes', '{"kind":"Status","message":"the server could not find the requested resource","code":404}', false, false],
    ['words of an engine as plain text', 'No such image: a:latest', false, false],
  ])('with the status 404 proves that something is absent only if an engine sent it: %s', (_, body, fromEngine, isAbsence) => {
    const error = errorOf(404, body, 'Not Found', { isFromEngine: fromEngine });
    expect(error.constructor).toBe(isAbsence ? errors.NotFoundError : errors.ApiError);
  });

  // the form of the body, the body, the message
  // covers: fault 3.17, complaint py-48
  it.each([
    ['Podman, with more members', '{"cause":"image not known","message":"x: image not known","response":404}', 'x: image not known'],
    ['without message, as Podman 5.8 on push', '{"errorDetail":{"message":"denied"},"error":"denied!"}', 'denied'],
    ['error alone', '{"error":"old style"}', 'old style'],
    ['cause alone', '{"cause":"why"}', 'why'],
    ['JSON without words', '{"a":1}', '{"a":1}'],
    ['a JSON list', '[1]', '[1]'],
    ['null', 'null', 'null'],
    ['plain text', 'page not found\n', 'page not found'],
    ['nothing', '', 'Not Found'],
    ['no UTF-8', '\xff', '\ufffd'],
  ])('takes its message from a body of the form %s', (_, body, words) => {
    const bytes = Buffer.from(body, body === '\xff' ? 'latin1' : 'utf8');
    expect(errorOf(404, bytes, 'Not Found').daemonMessage).toBe(words);
  });

  // covers: fault 3.2.6, fault 3.17
  it('escapes control characters in the message', () => {
    expect(errorOf(500, '\u001b[31mred\u202e').message).toBe('GET /v1.41/images/zz/json on unix:///d.sock answered 500: \\u{1b}[31mred\\u{202e}');
  });

  it('truncates a long text', () => {
    expect(errorOf(502, 'x'.repeat(1_000_000)).daemonMessage.length).toBe(4096);
  });

  // the page, and the message for it
  // covers: fault 3.17
  it.each([
    ['<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>', '502 Bad Gateway'],
    ['<!DOCTYPE html>\n<html><head><title lang="en">\n  Sign in to\n  the proxy </title>', 'Sign in to the proxy'],
    ['<HTML><BODY>no title', 'a page without a title'],
  ])('shows the title of an HTML page, and says that an engine does not send one: %j', (page, words) => {
    const error = errorOf(502, page, 'Bad Gateway');
    expect(error.daemonMessage).toBe(words);
    expect(error.message).toMatch(/answered 502: .* \(an HTML page: it comes from a proxy or another server, not from an engine/);
  });

  it('shows a text that begins with a bracket and is not HTML', () => {
    expect(errorOf(500, '<nil> pointer').daemonMessage).toBe('<nil> pointer');
  });

  // covers: fault 3.17
  it('with a status of 500 and without a message points to the log of the engine', () => {
    expect(errorOf(500, '', 'Internal Server Error').message).toBe(
      'GET /v1.41/images/zz/json on unix:///d.sock answered 500: Internal Server Error (the response has no message; see the engine\'s log)',
    );
    expect(errorOf(404, '', 'Not Found').message).toBe('GET /v1.41/images/zz/json on unix:///d.sock answered 404: Not Found');
  });

  it.each(['{"message":""}', '{"message":null}', '{"cause":"","message":""}', '{}'])('with JSON that contains no message does not show the JSON: %s', (body) => {
    expect(errorOf(403, body, 'Forbidden').message).toBe('GET /v1.41/images/zz/json on unix:///d.sock answered 403: Forbidden');
    expect(errorOf(403, body).daemonMessage).toBe('no message');
  });

  it('with the status 407 comes from a proxy in front of the engine, whatever its message is', () => {
    for (const body of ['', '{"message":"Proxy Authentication Required"}', '<title>407 Proxy Authentication Required</title>']) {
      const error = errorOf(407, body, 'Proxy Authentication Required');
      expect(error).toMatchObject({ reason: 'network', transient: false });
      expect(error.hint).toMatch(/^A proxy in front of the engine requires a login: .*Proxy-Authorization.*DOCKER_HOST/);
    }
  });

  // covers: fault 3.17
  it('says where its body is truncated', () => {
    const error = errorOf(404, '{"message":"No su', 'Not Found', { isTruncated: true });
    expect(error.message).toMatch(/answered 404: \{"message":"No su \(the response is truncated here\)$/);
  });

  it('says that redirects are not followed', () => {
    expect(errorOf(301, '', 'Moved Permanently').message).toMatch(/answered 301: Moved Permanently; redirects are not followed$/);
  });
});

describe('the reason of an error', () => {
  // messages of Docker 20.10 to 29 and Podman 4 and 5, and their reasons
  it.each([
    ['no basic auth credentials', 'auth'],
    ['unauthorized: authentication required', 'auth'],
    ['pull access denied for x, repository does not exist or may require \'docker login\'', 'auth'],
    // Docker 28.5, containerd store
    ['failed to resolve reference "h:1/x:1": pull access denied, repository does not exist or may require authorization', 'auth'],
    ['unexpected status from HEAD request to http://h:1/v2/x/blobs/sha256:9: 401 Unauthorized', 'auth'],
    // covers: complaint api-15
    ['login attempt to http://127.0.0.1/v2/ failed with status: 401 Unauthorized', 'auth'],
    ['toomanyrequests: You have reached your pull rate limit', 'rate-limit'],
    ['write /x: no space left on device', 'no-space'],
    ['image with reference x was found but does not match the specified platform: wanted linux/arm64', 'platform'],
    ['no matching manifest for linux/s390x in the manifest list entries', 'platform'],
    // Docker 28.5, graphdriver store: inspect, history, push and remove; save
    ['image with reference x:1 was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)', 'platform'],
    ['no suitable export target found for platform linux/s390x', 'platform'],
    // Docker 28.5, containerd store: inspect, history and push; save; load; remove
    ['image with reference x:1 was found but does not provide the specified platform (linux/s390x)', 'platform'],
    ['no suitable export target found: image with reference x:1 was found but does not provide the specified platform (linux/s390x)', 'platform'],
    ["image x:1 was loaded, but doesn't provide the requested platform (linux/s390x)", 'platform'],
    ['failed to delete platform linux/s390x for image sha256:0: image with reference x:1 was found but does not provide any platform', 'platform'],
    // Docker 20.10 to 28.5, graphdriver store: import
    ['operating system is not supported', 'platform'],
    // Podman 4.3 and 5.4
    ['no image found in image index for architecture s390x, variant "", OS linux', 'platform'],
    ['no image found in manifest list for architecture s390x, variant "", OS linux', 'platform'],
    ['No such image: nope:latest', 'not-found'],
    ['manifest for 127.0.0.1:5000/x:1 not found: manifest unknown: manifest unknown', 'not-found'],
    ['An image does not exist locally with the tag: x', 'not-found'],
    ['nope: image not known', 'not-found'],
    ['Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'network'],
    ['dial tcp: lookup registry.example on 1.1.1.1:53: no such host', 'network'],
    ['pinging container registry h:1: Get "https://h:1/v2/": http: server gave HTTP response to HTTPS client', 'network'],
    // Docker 28.5, containerd store
    ['failed to resolve reference "h:1/x:1": h:1/x:1: not found', 'not-found'],
    ['tag does not exist: h:1/x:1', 'not-found'],
    // Podman 5.4
    ['authenticating creds for "h:1": pinging container registry h:1: Get "https://h:1/v2/": dial tcp h:1: connect: connection refused', 'network'],
    ['invalid reference format', undefined],
  ])('%s', (words, reason) => {
    expect(pullErrorOf(500, words).reason).toBe(reason);
  });
});

describe('a status of 500', () => {
  // a message that one engine sends with 500, and others with a more specific status
  it.each([
    ['Docker 20.10 to 28.5', 'login attempt to http://h:1/v2/ failed with status: 401 Unauthorized', errors.UnauthorizedError],
    ['Docker 20.10', 'Head "http://h:1/v2/x/manifests/1": no basic auth credentials', errors.UnauthorizedError],
    ['Docker', 'toomanyrequests: You have reached your pull rate limit', errors.RateLimitError],
    ['Podman 4.3 and 5.4, of a save', 'docker.io/longshore/tape:missing: image not known', errors.NotFoundError],
    [
      'Podman 4.3 and 5.4, of a removal by id',
      'unable to delete image "7b35" by ID with more than one tag ([a:1 b:1]): please force removal',
      errors.ConflictError,
    ],
    ['Podman 4.3 to 6.1, of a removal by digest of an image with two names', `h:1/x@sha256:${'b'.repeat(64)}: tag not known`, errors.ConflictError],
    ['an ambiguous message', 'layer does not exist', errors.ServerError],
    ['an ambiguous message', 'exec: "unpigz": executable file not found in $PATH', errors.ServerError],
  ])('has the class that its message means: %s', (_, words, Class) => {
    expect(pullErrorOf(500, words).constructor).toBe(Class);
    expect(pullErrorOf(501, words).constructor).toBe(errors.ServerError);
  });
});

describe('an error inside a stream', () => {
  it.each([
    [{ errorDetail: { message: 'denied: no' }, error: 'denied: no' }, 'denied: no', errors.UnauthorizedError],
    [{ error: 'only the old key: manifest unknown' }, 'only the old key: manifest unknown', errors.NotFoundError],
    [{ errorDetail: { message: 'only the new key' } }, 'only the new key', errors.ApiError],
    [{ errorDetail: { code: 7 } }, '{"code":7}', errors.ApiError],
    [{ errorDetail: { code: 7, message: 'no' } }, 'no', errors.ApiError],
    // Both members are errors even without a message.
    [{ error: '', errorDetail: {} }, 'no message', errors.ApiError],
    [{ errorDetail: {} }, 'no message', errors.ApiError],
    [{ error: '' }, 'no message', errors.ApiError],
    [{ error: { message: 'x' } }, 'x', errors.ApiError],
    [{ error: { code: 1 } }, '{"code":1}', errors.ApiError],
    [{ error: 5 }, '5', errors.ApiError],
    [{ error: false }, 'false', errors.ApiError],
    [{ error: ['x'] }, '["x"]', errors.ApiError],
    [{ errorDetail: 'text' }, 'text', errors.ApiError],
    [{ errorDetail: [] }, 'no message', errors.ApiError],
    [{ errorDetail: null, error: 'x' }, 'x', errors.ApiError],
    [{ status: 'Downloading', errorDetail: {} }, 'no message', errors.ApiError],
    // dockerd and Podman append the body of an error where they fail after the head.
    [{ message: 'boom' }, 'boom', errors.ApiError],
    [{ message: 'boom', cause: 'x', response: 500 }, 'boom', errors.ApiError],
    [{ message: '' }, 'no message', errors.ApiError],
  ])('%j', (message, words, Class) => {
    const error = inStreamError(pulling, message);
    expect(error?.constructor).toBe(Class);
    expect(error).toMatchObject({ status: 200, inStream: true, daemonMessage: words });
    expect(error?.detailCode).toBe((message as { errorDetail?: { code?: number } }).errorDetail?.code);
  });

  it('that is nested too deeply for the stack is still an ApiError', () => {
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
    let words: unknown = 'no message';
    try {
      JSON.stringify(deep); // Node 26 encodes it, older ones have no stack for it
      words = expect.stringMatching(/^(?:\{"a":){100}/);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
    expect(inStreamError(asked, { errorDetail: deep })).toMatchObject({ daemonMessage: words });
  });

  it.each([[{ status: 'ok' }], [{ errorDetail: null, error: null }]])('is not reported by %j', (message) => {
    expect(inStreamError(asked, message)).toBeUndefined();
  });
});
