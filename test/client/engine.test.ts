import { afterEach, describe, expect, it, vi } from 'vitest';
import * as errors from '../../src/errors.ts';
import { ImageClient } from '../../src/client/image-client.ts';
import { fakeDaemon, onRequest, answer } from '../support/fake-daemon.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import type { Answering, FakeEngine } from '../support/fake-engine.ts';
import { wireNames } from '../support/wires.ts';

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  afterEach(async () => {
    vi.useRealTimers();
    client.close();
    await engine?.close();
  });

  async function start(answering: Answering, apiVersion?: string, options: { version?: string } = {}): Promise<void> {
    engine = await fakeEngine(answering, apiVersion);
    client = new ImageClient({ wire, host: engine.host, ...options });
  }

  const refusal = (range: string) => ({ message: `client version X is too new. Maximum supported API version is ${range}` });

  describe('the API version', () => {
    // covers: complaint py-45
    it('is negotiated once, by the first call', async () => {
      await start(() => []);
      await Promise.all(Array.from({ length: 50 }, () => client.images()));
      expect(engine.pings()).toBe(1);
      expect(new Set(engine.asked.map(({ target }) => target))).toEqual(new Set(['/v1.41/images/json']));
    });

    it('is the client\'s newest if the engine is newer', async () => {
      await start(() => [], '1.99');
      await client.images();
      expect(engine.asked[0]?.target).toBe('/v1.56/images/json');
    });

    it('is checked before a function is called for credentials, which may start a program or ask a person', async () => {
      await start(() => [], '1.45');
      let calls = 0;
      const credentials = () => (calls++, { username: 'u', password: 'p' });
      const pushing = client.push('registry.example/a:1', { platform: 'linux/arm64', credentials }); // API 1.46
      await expect(pushing).rejects.toMatchObject({ name: 'VersionError', subject: 'push.platform' });
      expect([calls, engine.asked]).toEqual([0, []]);
    });

    // zone.js does so; async functions still return the original.
    it('is negotiated in a program that replaces the global Promise, and a body is sent', async () => {
      await start(() => ({ stream: 'Loaded image: a:1' }));
      vi.stubGlobal('Promise', class extends Promise<unknown> {});
      const { references } = await client.loadImage(Buffer.from('x')).finally(() => vi.unstubAllGlobals());
      expect([references, engine.asked[0]?.target]).toEqual([['a:1'], '/v1.41/images/load?quiet=0']);
    });

    it('is not negotiated if it is pinned', async () => {
      await start(() => [], '1.41', { version: '1.30' });
      await client.images();
      expect(engine.pings()).toBe(0);
      expect(engine.asked[0]?.target).toBe('/v1.30/images/json');
    });

    // covers: fault 3.25.9
    it('of an engine that is too old is an error that states both ranges', async () => {
      await start(() => [], '1.18');
      const error = await client.images().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(errors.VersionError);
      expect(error).toMatchObject({ needed: '1.24 to 1.56', spoken: 'up to 1.18' });
      expect((error as Error).message).toContain('supports API versions up to 1.18, this client 1.24 to 1.56');
      expect(engine.asked).toEqual([]);
    });

    // covers: fault 3.25.9, complaint js-36
    it('of an engine that is too new is an error that states both ranges', async () => {
      await start((asked, response) => {
        if (asked.target === '/version') return { ApiVersion: '1.99', MinAPIVersion: '1.60' };
        response.statusCode = 400;
        return { message: 'client version 1.56 is too old. Minimum supported API version is 1.60, please upgrade your client' };
      }, '1.99');
      await expect(client.images()).rejects.toMatchObject({
        code: 'LONGSHORE_VERSION',
        needed: '1.24 to 1.56',
        spoken: '1.60 to 1.99',
      });
    });

    it('that is pinned and rejected is an error that states both versions', async () => {
      await start((asked, response) => {
        if (asked.target === '/version') return { ApiVersion: '1.41', MinAPIVersion: '1.12' };
        response.statusCode = 400;
        return refusal('1.41');
      }, '1.41', { version: '1.55' });
      await expect(client.images()).rejects.toMatchObject({ code: 'LONGSHORE_VERSION', needed: '1.55', spoken: '1.12 to 1.41' });
    });

    it('is negotiated again, and the call repeated, after the engine at the address was replaced', async () => {
      await start((asked, response) => {
        if (asked.target.startsWith(`/v${engine.apiVersion}/`)) return [];
        response.statusCode = 400;
        return refusal(engine.apiVersion);
      }, '1.45');
      await client.images();
      engine.apiVersion = '1.41';
      expect(await client.images()).toEqual([]);
      expect(engine.asked.map(({ target }) => target)).toEqual(['/v1.45/images/json', '/v1.45/images/json', '/v1.41/images/json']);
    });

    // Docker 29 says so to a client that is pinned to 1.41.
    it('that is pinned and rejected is an error that names the variable and the option', async () => {
      await start((asked, response) => {
        if (asked.target === '/version') return { ApiVersion: '1.52', MinAPIVersion: '1.44' };
        response.statusCode = 400;
        return { message: 'client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client' };
      }, '1.52', { version: '1.41' });
      await expect(client.images()).rejects.toThrow(
        /supports API versions 1\.44 to 1\.52, this client 1\.41 .*set by DOCKER_API_VERSION or the option version: leave it out, or choose another$/,
      );
    });

    it('is checked again when the call is repeated', async () => {
      await start((_, response) => {
        if (engine.apiVersion === '1.50') return [];
        response.statusCode = 400;
        return refusal('1.41');
      }, '1.50');
      await client.images();
      engine.apiVersion = '1.41';
      await expect(client.removeImage('a', { platforms: ['linux/arm64'] })).rejects.toMatchObject({
        subject: 'removeImage.platforms',
        spoken: '1.41',
      });
      expect(engine.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    });

    it('is negotiated again without repeating a call whose body cannot be read again', async () => {
      await start((_, response) => {
        response.statusCode = 400;
        return refusal('1.40');
      });
      engine.apiVersion = '1.41';
      await client.apiVersion();
      engine.apiVersion = '1.40';
      async function* stream(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('x');
      }
      await expect(client.loadImage(stream())).rejects.toBeInstanceOf(errors.BadRequestError);
      expect(engine.asked).toHaveLength(1);
      expect(await client.apiVersion()).toBe('1.40');
    });

    it('is negotiated again after a failure', async () => {
      await start(() => []);
      const { apiVersion } = engine;
      engine.apiVersion = 'nonsense';
      await expect(client.images()).rejects.toBeInstanceOf(errors.VersionError);
      engine.apiVersion = apiVersion;
      expect(await client.images()).toEqual([]);
    });

    it.each(['v1.41', 'V1.41', '1.041', 'v01.41'])('is 1.41 with an engine that writes %s', async (written) => {
      await start(() => [], written);
      expect(await client.images()).toEqual([]);
      expect(engine.asked.map(({ target }) => target)).toEqual(['/v1.41/images/json']);
      expect((await client.ping()).apiVersion).toBe('1.41');
    });

    it('is negotiated with GET if HEAD does not tell it', async () => {
      const daemon = await fakeDaemon((socket) =>
        onRequest(socket, (head) => {
          if (head.startsWith('HEAD')) socket.write('HTTP/1.1 405 Method Not Allowed\r\n\r\n');
          else socket.write(answer(head.startsWith('GET /_ping') ? 'OK' : '[]', 'Api-Version: 1.30\r\n'));
        }),
      );
      client = new ImageClient({ wire, host: daemon.host });
      expect(await client.apiVersion()).toBe('1.30');
      expect((await client.ping()).apiVersion).toBe('1.30');
      await daemon.close();
    });

    it.each([
      ['two fields', 'Api-Version: 1.47\r\nApi-Version: 1.47\r\n'],
      ['one field', 'Api-Version: 1.47, 1.47\r\n'],
      ['two writings', 'Api-Version: v1.47\r\nApi-Version: 1.47\r\n'],
    ])('is the one that a proxy wrote twice, in %s', async (_, fields) => {
      const daemon = await fakeDaemon((socket) => onRequest(socket, (head) => socket.write(answer(head.startsWith('HEAD') ? '' : '[]', fields))));
      client = new ImageClient({ wire, host: daemon.host });
      expect(await client.apiVersion()).toBe('1.47');
      expect((await client.ping()).apiVersion).toBe('1.47');
      await daemon.close();
    });

    it.each([
      ['1.47, 1.48', 'Api-Version: 1.47\r\nApi-Version: 1.48\r\n'],
      ['1.47, x', 'Api-Version: 1.47, x\r\n'],
    ])('%s is two, of which an engine says one', async (value, fields) => {
      const daemon = await fakeDaemon((socket) => onRequest(socket, () => socket.write(answer('', fields))));
      client = new ImageClient({ wire, host: daemon.host });
      const error: unknown = await client.images().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'LONGSHORE_VERSION', spoken: 'unknown' });
      expect((error as Error).message).toContain(`"${value}", which is invalid: this is not a container engine`);
      await daemon.close();
    });

    it('is negotiated for the other callers after one caller has aborted', async () => {
      await start(() => []);
      const controller = new AbortController();
      const given = client.images({ signal: controller.signal });
      const other = client.images();
      controller.abort(new Error('mine'));
      await expect(given).rejects.toThrow('mine');
      expect(await other).toEqual([]);
      expect(engine.pings()).toBe(1);
    });
  });

  describe('a call with an aborted signal', () => {
    it('does not connect, and leaves no unhandled rejection', async () => {
      await start(() => []);
      const reason = new Error('mine');
      await expect(client.images({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(engine.pings()).toBe(0);
      const nowhere = new ImageClient({ host: 'unix:///nowhere.sock' });
      await expect(nowhere.images({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await new Promise((resolve) => setTimeout(resolve, 20)); // an unhandled rejection fails the run
    });
  });

  describe('an answer to a ping that no engine sent', () => {
    const pinged = async (status: string, fields: string, body: string): Promise<errors.LongshoreError> => {
      const daemon = await fakeDaemon((socket) => onRequest(socket, (head) => socket.write(answer(head.startsWith('HEAD') ? '' : body, fields, status))));
      client = new ImageClient({ wire, host: daemon.host });
      const error: unknown = await client.images().catch((reason: unknown) => reason);
      await daemon.close();
      expect(error).toBeInstanceOf(errors.LongshoreError);
      return error as errors.LongshoreError;
    };
    const page = (title: string): string => `<html><head><title>${title}</title></head></html>`;

    // docker-socket-proxy answers 403 without PING=1; nginx and others when the engine is not there
    it.each<[string, string, typeof errors.ApiError, boolean]>([
      ['403 Forbidden', page('403 Forbidden'), errors.ForbiddenError, false],
      ['401 Unauthorized', page('401 Authorization Required'), errors.UnauthorizedError, false],
      ['404 Not Found', page('404 Not Found'), errors.ApiError, false],
      ['502 Bad Gateway', page('502 Bad Gateway'), errors.UnavailableError, true],
      ['503 Service Unavailable', 'x'.repeat(2 ** 20 + 1), errors.UnavailableError, true],
      ['504 Gateway Timeout', '', errors.UnavailableError, true],
      ['500 Internal Server Error', '{"message":"no"}', errors.ServerError, false],
    ])('is an error of the class of its status that names the option version: %s', async (status, body, Class, transient) => {
      const error = await pinged(status, 'Server: nginx\r\n', body);
      expect(error.constructor).toBe(Class);
      expect(error).toMatchObject({ transient, status: Number.parseInt(status, 10), exchange: { method: 'GET', target: '/_ping' } });
      expect(error.message).toMatch(/GET \/_ping on unix:.* answered \d+: .*If a proxy forbids pings, set the option version \(DOCKER_API_VERSION\)$/);
    });

    it.each(['1.41.0', '1', ''])('is an error that shows an invalid Api-Version: %j', async (version) => {
      const error = await pinged('200 OK', `Api-Version: ${version}\r\n`, 'OK');
      expect(error).toBeInstanceOf(errors.VersionError);
      expect(error.message).toContain(`the Api-Version "${version}", which is invalid`);
    });

    it('is a VersionError if it is a success without an API version', async () => {
      const error = await pinged('200 OK', 'Server: nginx\r\n', 'OK');
      expect(error).toBeInstanceOf(errors.VersionError);
      expect(error.message).toMatch(/answered \/_ping with "200 OK" from "nginx" and no Api-Version: this is not a container engine/);
    });
  });

  // A wrong base path before a real engine: the ping is answered by it, and names no image that could be absent.
  it('a ping that an engine answers with 404 is not reported as a missing image', async () => {
    const ping = 'HTTP/1.1 404 Not Found\r\nServer: Docker/28.5.2 (linux)\r\nContent-Length: 0\r\n\r\n';
    const daemon = await fakeDaemon((socket) => onRequest(socket, () => socket.write(ping)));
    const lost = new ImageClient({ host: daemon.host });
    for (const call of [() => lost.exists('a'), () => lost.inspectImage('a'), () => lost.pull('a', { policy: 'missing' }), () => lost.images()]) {
      await expect(call()).rejects.toMatchObject({ name: 'ApiError', status: 404 });
    }
    lost.close();
    await daemon.close();
  });

  describe('a 404 that no engine sent', () => {
    const pages: Readonly<Record<string, string>> = {
      nginx: '<html><head><title>404 Not Found</title></head></html>',
      Go: '404 page not found\n',
      Envoy: '',
      'Amazon API Gateway': '{"message":"Not Found"}',
    };
    it.each(Object.entries(pages))('is an ApiError that no method treats as a missing image: %s', async (_, body) => {
      await start((_, response) => void response.writeHead(404).end(body));
      const calls = [() => client.exists('a'), () => client.pull('a', { policy: 'missing' }), () => client.search('a'), () => client.inspectImage('a')];
      for (const call of calls) {
        const error = await (async () => call())().then((value) => value, (reason: unknown) => reason);
        expect(error).toMatchObject({ name: 'ApiError', status: 404 });
      }
      expect(engine.asked.some(({ method }) => method === 'POST')).toBe(false);
    });

    it('is not treated as an empty search result on Podman', async () => {
      engine = await fakeEngine((_, response) => void response.writeHead(404).end(pages['nginx']), '1.41', { 'Libpod-Api-Version': '5.4.0' });
      client = new ImageClient({ wire, host: engine.host });
      await expect(client.search('a')).rejects.toMatchObject({ name: 'ApiError', status: 404 });
    });

    it('is distinguished from an engine\'s own 404 by the header fields, also without a body', async () => {
      for (const field of ['Api-Version', 'Libpod-API-Version', 'Server']) {
        await start((_, response) => void response.writeHead(404, { [field]: field === 'Server' ? 'Docker/28.5.2 (linux)' : '1.41' }).end());
        expect(await client.exists('a')).toBe(false);
        client.close();
        await engine.close();
      }
      await start(() => []);
    });
  });

  describe('an error body', () => {
    // covers: fault 3.17
    it('that never ends is read up to 1 MiB, and the status is reported', async () => {
      await start((_, response) => {
        response.statusCode = 500;
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      });
      const error: unknown = await client.images().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(errors.ServerError);
      expect((error as Error).message).toMatch(/… \(the response is truncated here\)$/);
    });

    it('that stalls is read for 30 seconds, and then the status is reported', async () => {
      await start((_, response) => {
        response.writeHead(409, { 'Content-Length': 100 }).write('{"message":');
        headSent();
      });
      let headSent = (): void => {};
      await client.apiVersion();
      const options = { timeouts: { headMs: 24 * 60 * 60 * 1000 } }; // no race with the head
      const calls = [
        () => client.inspectImage('a', options), () => client.exists('a', options),
        () => client.tag('a', 'b', options), () => client.removeImage('a', options),
      ];
      for (const call of calls) {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
        const sent = new Promise<void>((resolve) => (headSent = resolve));
        let ended = false;
        const told = call().then(() => undefined, (error: unknown) => error).finally(() => (ended = true));
        await sent;
        // Turns of the event loop, until the head has come and the limit is set; then time passes at once.
        for (let turn = 0; !ended && turn < 5000; turn++) {
          await new Promise((resolve) => setImmediate(resolve));
          vi.advanceTimersByTime(100);
        }
        expect(ended).toBe(true);
        expect(await told).toMatchObject({ name: 'ConflictError', status: 409, daemonMessage: '{"message":' });
        vi.useRealTimers();
      }
    });

    // covers: fault 3.17
    it('that is cut off is reported with its status, as truncated', async () => {
      await start((_, response) => {
        response.writeHead(404, { 'Content-Length': 100 }).write('{"message":');
        setImmediate(() => response.destroy());
      });
      const error: unknown = await client.inspectImage('a').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ status: 404, daemonMessage: '{"message":' });
      expect((error as Error).message).toContain('{"message": (the response is truncated here)');
    });
  });

  describe('a redirect', () => {
    // covers: fault 3.16
    it('is an error and is not followed', async () => {
      await start((_, response) => {
        response.writeHead(301, { Location: '/containers/json' });
        return '';
      });
      await expect(client.images()).rejects.toMatchObject({ status: 301 });
      expect(engine.asked).toHaveLength(1);
    });
  });

  describe('credentials', () => {
    const decoded = (value: unknown): unknown => JSON.parse(Buffer.from(String(value), 'base64').toString());
    const stream: Answering = ({ target }) =>
      target.includes('/push?') ? `{"status":"latest: digest: sha256:${'0'.repeat(64)} size: 5"}\n` : '{"status":"Status: Downloaded newer image for x"}\n';

    // covers: complaint js-18, complaint api-3
    it('are always sent with a push, as an empty object if there are none', async () => {
      await start(stream);
      await client.push('127.0.0.1:5000/x');
      expect(engine.asked[0]?.headers['x-registry-auth']).toBe('e30=');
    });

    it('are not sent with a pull if there are none', async () => {
      await start(stream);
      await client.pull('127.0.0.1:5000/x');
      expect(engine.asked[0]?.headers['x-registry-auth']).toBeUndefined();
    });

    it('contain the address of their registry', async () => {
      await start(stream);
      const credentials = { username: 'u', password: 'p' };
      await client.pull('127.0.0.1:5000/x', { credentials });
      await client.pull('alpine', { credentials });
      expect(engine.asked.map(({ headers }) => decoded(headers['x-registry-auth']))).toEqual([
        { username: 'u', password: 'p', serveraddress: '127.0.0.1:5000' },
        { username: 'u', password: 'p', serveraddress: 'https://index.docker.io/v1/' },
      ]);
    });

    // covers: fault 3.19.1
    it('are requested from a function with the key of the registry, and are sent with no other call', async () => {
      await start((_, response) => void response.end('[]'));
      const askedFor: string[] = [];
      client = new ImageClient({ wire, host: engine.host, credentials: (key) => (askedFor.push(key), { identityToken: 't' }) });
      await client.search('reg.example:5000/x');
      await client.images();
      await client.history('reg.example:5000/x');
      expect(askedFor).toEqual(['reg.example:5000']);
      expect(engine.asked.map(({ headers }) => headers['x-registry-auth'] !== undefined)).toEqual([true, false, false]);
    });

    it('never appear in an error', async () => {
      await start((_, response) => {
        response.statusCode = 500;
        return { message: 'no' };
      });
      const error = await client.pull('reg.example/x', { credentials: { username: 'u', password: 'hunter2' } }).then(
        () => expect.unreachable(),
        (reason: unknown) => reason,
      );
      const { inspect } = await import('node:util');
      const encoded = Buffer.from('hunter2').toString('base64').slice(0, 8);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(new RegExp(`hunter2|${encoded}`));
    });
  });

  describe('an answer in a content coding, which was not requested', () => {
    const calls: ReadonlyArray<readonly [string, () => PromiseLike<unknown>]> = [
      ['a list', () => client.images()],
      ['an archive', () => client.getImage('a').each(() => {})],
      ['a progress stream', () => client.pull('a')],
      ['a tag', () => client.tag('a', 'b')],
    ];
    it.each(calls)('is a ProtocolError: %s', async (_, call) => {
      await start(({ target }, response) => {
        response.writeHead(target.includes('/tag?') ? 201 : 200, { 'Content-Encoding': 'identity, GZIP' }).end('[]');
      });
      const error = await (async () => call())().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(errors.ProtocolError);
      expect(error).toMatchObject({ section: 'RFC 9110 §8.4' });
      expect((error as Error).message).toContain('"gzip"');
    });

    it.each(['identity', 'Identity , identity', ''])('is accepted if the coding is "%s"', async (coding) => {
      await start((_, response) => void response.writeHead(200, { 'Content-Encoding': coding }).end('[]'));
      expect(await client.images()).toEqual([]);
    });

    it('is reported by its status alone if it is an error', async () => {
      await start((_, response) => void response.writeHead(404, { 'Content-Encoding': 'gzip', 'Api-Version': '1.41' }).end(Buffer.from([0x1f, 0x8b, 8])));
      const error = await client.inspectImage('a').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(errors.NotFoundError);
      expect((error as errors.ApiError).daemonMessage).toBe('Not Found');
    });

    it('is returned unchanged by request()', async () => {
      await start((_, response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('coded'));
      const { headers, body } = await client.request({ path: '/x' });
      const { value } = await body.next();
      expect([headers.get('content-encoding'), Buffer.from(value as Uint8Array).toString()]).toEqual(['gzip', 'coded']);
    });
  });

  describe('an error for a status', () => {
    // covers: fault 3.12
    it('names the request, and says whether the connection was reused', async () => {
      await start((_, response) => void response.writeHead(404).end('{"message":"no"}'), '1.41', { version: '1.41' });
      const exchange = { method: 'GET', target: '/v1.41/images/a/json', address: engine.host, requestSent: true };
      await expect(client.inspectImage('a')).rejects.toMatchObject({ exchange: { ...exchange, reusedSocket: false } });
      await expect(client.inspectImage('a')).rejects.toMatchObject({ exchange: { ...exchange, reusedSocket: true } });
    });
  });
});
