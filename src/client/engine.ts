// Makes one API call for a method of `ImageClient`, which has encoded the operation and its arguments (api/encode-call.ts):
//
//  1. `EngineFactCache` supplies the facts that the call depends on: API version, Docker or Podman, image store. The first call
//     fetches them (engine-facts.ts).
//  2. `encodeTarget` checks the call against the facts and adds the API version to its path. An unsupported call rejects with a
//     `VersionError`, and its request is not sent.
//  3. If the operation takes credentials, those for its registry become a field; if they are a function, it is called now
//     (registry-access.ts).
//  4. The body is opened. Method, path, fields, timeouts and body become one `EngineRequest`.
//  5. If the request has credentials, `beforeCredentials` may refuse to send them (plaintext-credentials.ts).
//  6. The transport sends it on a connection, and calls the reader with the head of the response (connection/).
//  7. A success goes to the reader's sink. The content of any other response is collected and thrown as an `ApiError`, even if it
//     is cut off.
//  8. If that error says that the engine does not support the API version, the version is negotiated again, and the call is
//     repeated once with the same credentials, unless its body can be read only once.
//  9. Every error is thrown without the secrets of the request (api/request-secrets.ts).

import type { Observe } from '../connection/diagnostics.ts';
import type { ResponseReader, Transport } from '../connection/transport.ts';
import { BadRequestError } from '../errors.ts';
import { refuseContentCoding } from '../http/content-coding.ts';
import { encodeTarget } from '../api/encode-call.ts';
import type { EncodedCall, EngineFacts } from '../api/encode-call.ts';
import { carriesCredentials, redactError } from '../api/request-secrets.ts';
import { isVersionMismatch } from '../api/api-version.ts';
import { CONNECT_MS, EngineRequest, FAST_HEAD_MS } from '../connection/engine-request.ts';
import type { RequestBody, RequestFields, RequestOrigin, Timeouts } from '../connection/engine-request.ts';
import { USER_AGENT } from '../connection/package-version.ts';
import { allowManyListeners } from '../async/abort.ts';
import { EngineFactCache } from './engine-facts.ts';
import type { FactSource } from './engine-facts.ts';
import { ErrorResponse, JsonSink, jsonSink } from './error-response.ts';
import type { CallOptions } from './options.ts';
import { registryAuth } from './registry-access.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { BodySource } from './request-body.ts';

/** How an engine is reached. */
export interface EngineOptions extends RequestOrigin {
  readonly transport: Transport;
  /** The pinned API version. Default: negotiated. */
  readonly version?: string | undefined;
  readonly timeouts: Partial<Timeouts>;
  /** Appended to the User-Agent. */
  readonly userAgent?: string | undefined;
  /** Fields that are added to each request, unless the request has them already. */
  readonly headers?: RequestFields;
  readonly observe?: Observe | undefined;
  /** Called before credentials are sent. If it throws, nothing is sent and the call rejects with that error. */
  readonly beforeCredentials?: (() => void) | undefined;
}

/** The body and the registry of a call, in addition to its arguments. */
export interface SendOptions extends CallOptions {
  readonly body?: BodySource | undefined;
  /** The registry whose credentials are sent, if the operation takes credentials. */
  readonly registry?: RegistryAccess | undefined;
}

/** One engine. */
export class Engine implements FactSource {
  readonly facts: EngineFactCache;
  readonly #options: EngineOptions;
  readonly #ownFields: RequestFields;
  // The timeouts of requests without their own, computed once.
  readonly #fastTimeouts: Timeouts;
  readonly #normalTimeouts: Timeouts;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.facts = new EngineFactCache(this, options.version);
    this.#ownFields = [['Host', options.host], ['User-Agent', options.userAgent === undefined ? USER_AGENT : `${USER_AGENT} ${options.userAgent}`]];
    this.#fastTimeouts = this.#mergeTimeouts(true);
    this.#normalTimeouts = this.#mergeTimeouts(false);
  }

  get address(): string {
    return this.#options.address;
  }

  get timeouts(): Partial<Timeouts> {
    return this.#options.timeouts;
  }

  /**
   * Makes a call and returns its JSON, checked by `read`, which throws a `DecodeError` for a value of another shape. Returns null
   * for an operation without a result (`response: 'none'`), and for a status of 204.
   */
  json<Value = unknown>(call: EncodedCall, options: SendOptions, read: (response: unknown) => Value = unchecked): Promise<Value> {
    const sink = new JsonSink(read);
    const isJson = call.endpoint.response !== 'none';
    return this.makeCall(call, options, ({ status }) => (isJson && status !== 204 ? sink : jsonSink())).then(() => sink.value);
  }

  /** Makes a call. The content of a success goes to the reader's sink; any other response is thrown as an error. */
  async makeCall(call: EncodedCall, options: SendOptions, reader: ResponseReader): Promise<void> {
    try {
      options.signal?.throwIfAborted();
      const cached = this.facts.neededBy(call, options);
      const facts = 'then' in cached ? await cached : cached;
      const { registry } = options;
      const { credentials } = call.endpoint;
      const takesCredentials = registry !== undefined && credentials !== undefined;
      // Rejects an unsupported call before a function for credentials starts a program or asks a person.
      if (takesCredentials) encodeTarget(call, facts);
      const auth = takesCredentials ? await registryAuth(registry, credentials === 'always', options.signal) : undefined;
      const fields = fieldsOf(call, options, auth);
      const error = errorOf(await this.#attempt(call, facts, fields, options, reader));
      if (error === undefined) return;
      if (!isVersionRejected(error)) throw error;
      await this.facts.renegotiate(facts.version, options);
      if (options.body?.repeatable === false) throw error;
      const repeated = errorOf(await this.#attempt(call, await this.facts.neededBy(call, options), fields, options, reader));
      if (repeated !== undefined) throw repeated;
    } catch (error) {
      options.body?.discard?.();
      throw error;
    }
  }

  /** Throws a `VersionError` if the engine does not support the call. Fetches missing facts, and sends nothing else. */
  async assertSupported(call: EncodedCall, options: CallOptions): Promise<void> {
    encodeTarget(call, await this.facts.neededBy(call, options));
  }

  /** Sends any request; the reader gets the final response with any status. */
  async send(request: EngineRequest, reader: ResponseReader): Promise<void> {
    await this.#send(request, reader, undefined, false);
  }

  /** Sends HEAD or GET to a fast endpoint that needs no API version. `reader` gets a response of 200; any other is returned. */
  probe(method: 'HEAD' | 'GET', path: string, options: CallOptions, reader: ResponseReader): Promise<ErrorResponse | undefined> {
    return this.#send(this.newRequest(method, path, NO_FIELDS, undefined, options, true), reader, OK, false);
  }

  /** Returns a request that `send` can send: with the fields and timeouts that all requests to this engine share. */
  newRequest(
    method: string,
    path: string,
    fields: RequestFields,
    body: RequestBody | undefined,
    { signal, timeouts }: CallOptions,
    isFast = false,
    longLived = false,
  ): EngineRequest {
    const shared = isFast ? this.#fastTimeouts : this.#normalTimeouts;
    const merged = timeouts === undefined ? shared : this.#mergeTimeouts(isFast, timeouts);
    return new EngineRequest(this.#options, method, path, this.#withSharedFields(fields), merged, body, signal, longLived);
  }

  close(): void {
    this.#options.transport.close();
  }

  /** Sends the request of a call. Returns the response if it is not a success. */
  #attempt(call: EncodedCall, facts: EngineFacts, fields: RequestFields, options: SendOptions, reader: ResponseReader): Promise<ErrorResponse | undefined> {
    const { method, response, fast, success = OK } = call.endpoint;
    const target = encodeTarget(call, facts);
    const longLived = response === 'progress' || response === 'archive';
    const send = (body: RequestBody | undefined): Promise<ErrorResponse | undefined> =>
      this.#send(this.newRequest(method, target, fields, body, options, fast, longLived), reader, success, true);
    const opened = options.body?.open();
    // Not `instanceof Promise`: a program may have replaced the global class, as zone.js does.
    return opened !== undefined && 'then' in opened ? opened.then(send) : send(opened);
  }

  /**
   * Sends a request. A response whose status is in `success` goes to `reader`; any other response is collected and returned. If its
   * body is too long, too slow or truncated, the rest of it is dropped. Without `success`, every response goes to `reader`. With
   * `refusesCoding`, a success whose content is compressed is an error.
   */
  async #send(
    request: EngineRequest,
    reader: ResponseReader,
    success: readonly number[] | undefined,
    refusesCoding: boolean,
  ): Promise<ErrorResponse | undefined> {
    allowManyListeners(request.signal);
    const { transport, address, observe, beforeCredentials } = this.#options;
    if (beforeCredentials !== undefined && carriesCredentials(request)) beforeCredentials();
    const observation = observe?.(request, address);
    if (observation !== undefined) request.stats = observation.stats;
    let response: ErrorResponse | undefined;
    try {
      await transport.send(request, (head) => {
        this.facts.noteServer(head.fields.get('server'));
        observation?.responded(head.status);
        if (success === undefined || success.includes(head.status)) {
          if (refusesCoding) refuseContentCoding(head);
          return reader(head, request);
        }
        response = new ErrorResponse(head, request);
        return response.body;
      });
    } catch (error) {
      this.facts.noteFailure(error);
      const redacted = redactError(error, request);
      observation?.failed(redacted);
      if (response === undefined || request.signal?.aborted === true) throw redacted; // an aborted call always rejects with the reason
      response.isTruncated = true;
      return response;
    }
    observation?.ended();
    return response;
  }

  /** Host, User-Agent, the client's `headers`, and the fields of one request, which replace headers of the same name. */
  #withSharedFields(fields: RequestFields): RequestFields {
    const { headers = NO_FIELDS } = this.#options;
    if (headers.length === 0) return fields.length === 0 ? this.#ownFields : [...this.#ownFields, ...fields];
    const names = new Set(fields.map(([name]) => name.toLowerCase()));
    return [...this.#ownFields, ...headers.filter(([name]) => !names.has(name.toLowerCase())), ...fields];
  }

  /** The timeouts of a call, then the client's, then the defaults. */
  #mergeTimeouts(isFast: boolean, own?: Partial<Timeouts>): Timeouts {
    const defaults = { connectMs: CONNECT_MS, headMs: isFast ? FAST_HEAD_MS : undefined, idleMs: undefined };
    return { ...defaults, ...this.#options.timeouts, ...own };
  }
}

const unchecked = <Value>(response: unknown): Value => response as Value;

const OK: readonly number[] = [200];
const NO_FIELDS: RequestFields = [];

function errorOf(response: ErrorResponse | undefined): unknown {
  return response && redactError(response.toError(), response.request);
}

function isVersionRejected(error: unknown): boolean {
  return error instanceof BadRequestError && isVersionMismatch(error.daemonMessage);
}

function fieldsOf({ endpoint }: EncodedCall, { body }: SendOptions, auth: string | undefined): RequestFields {
  const { contentType } = endpoint;
  const fields: RequestFields = body === undefined || contentType === undefined ? NO_FIELDS : [['Content-Type', contentType]];
  return auth === undefined ? fields : [...fields, ['X-Registry-Auth', auth]];
}
