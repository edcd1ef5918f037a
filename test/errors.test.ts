// Which errors say that the same call may succeed later, and which errors of the caller are unchanged.

import { afterEach, describe, expect, it } from 'vitest';
import * as errors from '../src/errors.ts';
import { ImageClient } from '../src/client/image-client.ts';
import { fakeEngine } from './support/fake-engine.ts';
import type { Answering, FakeEngine } from './support/fake-engine.ts';
import { wireNames } from './support/wires.ts';

const connect = (errno?: string): errors.ConnectError => new errors.ConnectError('x', { address: 'a', errno });
const api = { status: 500, method: 'GET', target: '/x', daemonMessage: 'x' };

describe('transient', () => {
  // The names are those of connect(2), getaddrinfo(3) and Node. gRPC maps the same errors to UNAVAILABLE, which clients retry.
  it.each([
    ['ECONNREFUSED', true],
    ['ECONNRESET', true],
    ['ENOENT', true], // the socket appears when the engine has started
    ['ETIMEDOUT', true],
    ['EAI_AGAIN', true],
    ['EAGAIN', true], // the backlog of a Unix socket is full
    ['ENOTFOUND', false],
    ['EACCES', false],
    ['ENOTSOCK', false],
    ['CERT_HAS_EXPIRED', false],
    [undefined, false],
  ])('of a ConnectError with errno %s is %s', (errno, transient) => {
    expect(connect(errno).transient).toBe(transient);
  });

  it.each<[errors.LongshoreError, boolean]>([
    [new errors.ConnectError('x', { address: 'a', errno: 'ENOENT', transient: false }), false],
    [new errors.TruncatedError('x', { phase: 'content', received: 1 }), true],
    [new errors.TruncatedError('x', { phase: 'stream', received: 1, transient: false }), false],
    [new errors.TimeoutError('x', { limit: 'idle', limitMs: 1 }), true],
    [new errors.ProtocolError('x', { offset: 0, section: 'x' }), false],
    [new errors.DigestError('x', { path: 'x', expected: undefined, actual: undefined }), false],
    [new errors.ApiError('x', api), false],
    [new errors.ApiError('x', { ...api, transient: true }), true],
    [new errors.DecodeError('x', { offset: 0 }), false],
    [new errors.UploadError('x'), false],
    [new errors.FileError('x', { path: 'x' }), false],
    [new errors.VersionError('x', { needed: 'x', spoken: 'x' }), false],
    [new errors.CredentialError('x', {}), false],
    [new errors.ConfigError('x'), false],
    [new errors.ArgumentError('x'), false],
    [new errors.InvalidReferenceError('x'), false],
    [new errors.TarError('x'), false],
  ])('of %o is %s', (error, transient) => {
    expect(error.transient).toBe(transient);
  });
});

describe.each(wireNames)('over the wire %s', (wire) => {
  let engine: FakeEngine;
  let client: ImageClient;
  afterEach(async () => {
    client.close();
    await engine.close();
  });
  const start = async (answering: Answering, onWarning?: (warning: unknown) => void): Promise<void> => {
    engine = await fakeEngine(answering);
    client = new ImageClient({ wire, host: engine.host, onWarning });
  };
  /** An error of our classes that a caller made. */
  const own = (): errors.LongshoreError => new errors.TruncatedError('as I made it', { phase: 'archive', received: 7 });
  const expectUntouched = (error: unknown, made: errors.LongshoreError): void => {
    expect(error).toBe(made);
    expect([made.message, made.exchange]).toEqual(['as I made it', undefined]);
  };
  const failure = async (call: () => PromiseLike<unknown>): Promise<unknown> => {
    const told = async (): Promise<unknown> => call();
    return told().then(() => expect.unreachable(), (error: unknown) => error);
  };

  describe('an error of our classes that the caller made is the rejection, unchanged,', () => {
    it('as the reason of an abort before the answer', async () => {
      const [controller, reason] = [new AbortController(), own()];
      await start(() => void setImmediate(() => controller.abort(reason)));
      expectUntouched(await failure(() => client.images({ signal: controller.signal })), reason);
    });

    it('as the reason of an abort within the answer', async () => {
      const [controller, reason] = [new AbortController(), own()];
      await start((_, response) => void response.write('{"status":"x"}\n', () => controller.abort(reason)));
      expectUntouched(await failure(() => client.pull('a', { signal: controller.signal })), reason);
    });

    it('as the reason of an abort while the connection is made', async () => {
      await start(() => []);
      const [controller, reason] = [new AbortController(), own()];
      const dialer = { address: 'x', dial: () => new Promise<never>(() => setImmediate(() => controller.abort(reason))) };
      const other = new ImageClient({ wire, dialer, version: '1.41' });
      expectUntouched(await failure(() => other.images({ signal: controller.signal })), reason);
      other.close();
    });

    it.each<[string, (client: ImageClient, signal: AbortSignal) => PromiseLike<unknown>]>([
      ['exists', (each, signal) => each.exists('a', { signal })],
      ['search', (each, signal) => each.search('a', { signal })],
      ['pull', (each, signal) => each.pull('a', { signal, policy: 'missing' })],
    ])('as a NotFoundError that is the reason of an abort: %s does not take it for an absent image', async (_, call) => {
      const fields = { status: 404, method: 'GET', target: '/x', daemonMessage: 'mine' };
      const [controller, reason] = [new AbortController(), new errors.NotFoundError('as I made it', fields)];
      await start(() => void setImmediate(() => controller.abort(reason)));
      expectUntouched(await failure(() => call(client, controller.signal)), reason);
    });

    it('if the credentials function or onWarning throws it, whatever its message is', async () => {
      const words = 'client version 1.47 is too new. Maximum supported API version is 1.41';
      const thrown = new errors.BadRequestError('as I made it', { status: 400, method: 'GET', target: '/x', daemonMessage: words });
      await start(() => '{"status":"WARNING: x"}\n', () => {
        throw thrown;
      });
      expectUntouched(await failure(() => client.pull('a')), thrown);
      const credentials = (): never => {
        throw thrown;
      };
      expectUntouched(await failure(() => client.pull('a', { credentials })), thrown);
    });

    it('if onWarning throws it', async () => {
      const thrown = own();
      await start(() => '{"status":"WARNING: x"}\n', () => {
        throw thrown;
      });
      expectUntouched(await failure(() => client.pull('a')), thrown);
    });

    it('although its message contains the password of the call', async () => {
      const credentials = { username: 'u', password: 'as I made it' };
      const [controller, reason, thrown] = [new AbortController(), own(), own()];
      await start((_, response) => void response.write('{"status":"x"}\n', () => controller.abort(reason)));
      expectUntouched(await failure(() => client.pull('a', { credentials, signal: controller.signal })), reason);
      client.close();
      await engine.close();
      await start(() => '{"status":"WARNING: x"}\n', () => {
        throw thrown;
      });
      expectUntouched(await failure(() => client.pull('a', { credentials })), thrown);
    });

    it('if the function of each() throws it, now or later', async () => {
      await start(() => 'x'.repeat(1024));
      for (const take of [(error: Error) => { throw error; }, async (error: Error) => Promise.reject(error)]) {
        const thrown = own();
        expectUntouched(await failure(() => client.getImage('a', { verify: false }).each(() => take(thrown))), thrown);
      }
    });
  });
});

describe('runCallback', () => {
  // zone.js replaces the global Promise; a polyfill has a class of its own.
  it('marks the error with which a promise of another class rejects as the caller\'s', async () => {
    const error = connect('ECONNREFUSED');
    const foreign = { then: (_: unknown, onError: (error: unknown) => unknown) => Promise.reject(error).then(undefined, onError) };
    await expect(errors.runCallback(() => foreign)).rejects.toBe(error);
    expect(errors.isCallerError(error)).toBe(true);
  });
});
