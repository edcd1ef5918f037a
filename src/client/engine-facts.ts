// The facts about an engine: its identity (Docker or Podman, with its newest API version) and its image store. The first call
// that needs a fact fetches it; it is then cached for all calls. The cache is cleared when the `Server` field of any response
// changes, when the engine rejects the API version, and before a question that must not be answered from the cache (`isPodmanNow`).
// A failed connection clears the image store only.
//
// With a pinned API version, the ping may fail, because a proxy may forbid it: no call depends on it. The engine is then identified
// by the Server field of other responses, if they have one.

import { escapeText } from '../bytes.ts';
import { ConnectError, TruncatedError, VersionError } from '../errors.ts';
import type { ResponseHead } from '../http/response-parser.ts';
import { expectsTls, readErrorBody } from '../api/api-error.ts';
import { decodeJson } from '../api/json.ts';
import { SUPPORTED_RANGE, parseApiVersion, negotiatedVersion } from '../api/api-version.ts';
import { encodeCall, encodeTarget, needsIdentity, needsStore, requirementsOfSubject, unsupportedError } from '../api/encode-call.ts';
import type { EncodedCall, EngineFacts, ImageStore } from '../api/encode-call.ts';
import { identityOfPing, identityOfServer, imageStoreOf } from '../api/engine-identity.ts';
import { readInfo, readVersion } from '../api/normalize.ts';
import type { PingResult } from '../api/types/engine.ts';
import { SingleFlight } from '../async/single-flight.ts';
import type { ResponseReader } from '../connection/transport.ts';
import type { CallOptions } from './options.ts';
import { ErrorResponse, errorSink, jsonSink } from './error-response.ts';

/**
 * The longest time that a ping may take if the version is pinned, in milliseconds. An engine responds at once, and a call must not
 * wait long for facts that it does not need.
 */
export const PINNED_PING_MS = 1000;

/** Sends the requests that fetch facts; `Engine` is one. */
export interface FactSource {
  readonly address: string;
  readonly timeouts: NonNullable<CallOptions['timeouts']>;
  /** Sends a request to a fast endpoint that needs no API version. `reader` gets a response of 200; any other is returned. */
  probe(method: 'HEAD' | 'GET', path: string, options: CallOptions, reader: ResponseReader): Promise<ErrorResponse | undefined>;
  json<Value>(call: EncodedCall, options: CallOptions, read: (response: unknown) => Value): Promise<Value>;
}

/** The facts about one engine. */
export class EngineFactCache {
  readonly #source: FactSource;
  readonly #pinned: string | undefined;
  #identity: PingResult | undefined;
  #store: ImageStore | undefined;
  /** The Server field of the latest response of the engine that had one, since the last `isPodmanNow`. See `noteServer`. */
  #server: string | undefined;
  /** With a pinned version: a ping has failed. */
  #pingFailed = false;
  readonly #pings = new SingleFlight<PingResult>();
  readonly #stores = new SingleFlight<ImageStore>();

  constructor(source: FactSource, pinned: string | undefined) {
    this.#source = source;
    this.#pinned = pinned;
  }

  /**
   * Returns the facts that a call is checked against. The identity is one of them if the version is negotiated, because the version
   * comes from it, or if a requirement of the call is about it. Returns no promise if the facts are cached and the call does not
   * depend on the image store.
   */
  neededBy(call: EncodedCall, options: CallOptions): EngineFacts | Promise<EngineFacts> {
    const isIdentityNeeded = this.#pinned === undefined || needsIdentity(call);
    const identity = isIdentityNeeded ? this.#identity : undefined;
    const version = this.#pinned ?? (identity && negotiatedVersion(identity.apiVersion));
    const isCached = version !== undefined && (identity !== undefined || !isIdentityNeeded) && !needsStore(call);
    return isCached ? { version, identity } : this.#load(call, isIdentityNeeded, options);
  }

  async #load(call: EncodedCall, isIdentityNeeded: boolean, options: CallOptions): Promise<EngineFacts> {
    const version = await this.version(options);
    const identity = isIdentityNeeded ? await this.identityForChecks(options) : undefined;
    if (!needsStore(call)) return { version, identity };
    encodeTarget(call, { version, identity }); // fails on the version before the store is queried
    return { version, identity, store: await this.imageStore(options) };
  }

  /** Returns the API version in use: pinned, or negotiated. */
  async version(options: CallOptions = {}): Promise<string> {
    options.signal?.throwIfAborted();
    if (this.#pinned !== undefined) return this.#pinned;
    const { apiVersion } = await this.identity(options);
    return negotiatedVersion(apiVersion) ?? this.#failNegotiation(`up to ${apiVersion}`);
  }

  /** Returns the engine's identity, cached or from its response to `/_ping`. */
  async identity({ signal, timeouts }: CallOptions = {}): Promise<PingResult> {
    signal?.throwIfAborted();
    const load = async (ofAllCallers: AbortSignal): Promise<PingResult> => {
      const server = this.#server;
      let found = await this.ping({ signal: ofAllCallers, timeouts });
      // The Server field of another response has changed during the ping, and is not that of the ping: another engine took over
      // the address, and the ping may be from the old one. Otherwise the ping itself has changed the field.
      if (this.#server !== server && this.#server !== found.server) found = await this.ping({ signal: ofAllCallers, timeouts });
      return (this.#identity = found);
    };
    return this.#identity ?? this.#pings.join(timeoutsKey(timeouts), load, signal);
  }

  /**
   * Returns where the engine keeps its images. The cached value is cleared when the Server field changes or the connection of a
   * call fails. It stays if dockerd is restarted with the other store while no call is running.
   */
  async imageStore({ signal, timeouts }: CallOptions = {}): Promise<ImageStore> {
    signal?.throwIfAborted();
    const load = async (ofAllCallers: AbortSignal): Promise<ImageStore> => {
      const query = (): Promise<unknown> => this.#source.json(encodeCall('info'), { signal: ofAllCallers, timeouts }, readInfo);
      const server = this.#server;
      let info = await query();
      // If the Server field changed during the query, the result may be of the old engine. The first value is not a change.
      if (server !== undefined && this.#server !== server) info = await query();
      return (this.#store = imageStoreOf(info));
    };
    return this.#store ?? this.#stores.join(timeoutsKey(timeouts), load, signal);
  }

  /** Whether the engine is Podman; undefined if the version is pinned and the engine does not report it. */
  async isPodman(options: CallOptions): Promise<boolean | undefined> {
    return this.knownPodman ?? (await this.identityForChecks(options))?.isPodman;
  }

  /** Like `isPodman`, but does not trust a cached "Docker": another engine may have taken over the address since. */
  async isPodmanNow(options: CallOptions): Promise<boolean | undefined> {
    if (this.knownPodman !== false) return this.isPodman(options);
    this.#server = undefined;
    this.clear();
    const isPodman = await this.isPodman(options);
    // The ping is forbidden, or did not show it: the response to another request may have a Server field.
    if (isPodman === undefined) {
      const short = { ...options, timeouts: this.#shortTimeouts(options.timeouts) };
      await this.#source.json(encodeCall('version'), short, readVersion).catch(() => options.signal?.throwIfAborted());
    }
    return this.knownPodman;
  }

  /** Whether the engine is Podman, according to its responses so far; undefined if they do not show it. Sends nothing. */
  get knownPodman(): boolean | undefined {
    return this.#identity?.isPodman ?? identityOfServer(this.#server)?.isPodman;
  }

  async supports(subject: string, options: CallOptions = {}): Promise<boolean> {
    const requirements = requirementsOfSubject(subject);
    const areMet = (facts: EngineFacts): boolean => requirements.every((each) => unsupportedError(subject, each, facts) === undefined);
    const [version, identity] = await Promise.all([this.version(options), this.identityForChecks(options)]);
    if (!areMet({ version, identity })) return false;
    const dependsOnStore = requirements.some(({ store }) => store !== undefined);
    return !dependsOnStore || areMet({ version, identity, store: await this.imageStore(options) });
  }

  /** Notes the Server field of a response. If it has changed, another engine or release is there: clears the cache. */
  noteServer(server: string | undefined): void {
    if (server === undefined || server === this.#server) return;
    // A proxy puts its own name into a response that it makes itself. This does not identify the engine behind it.
    if (identityOfServer(this.#server) !== undefined && identityOfServer(server) === undefined) return;
    if (this.#server !== undefined) this.#pingFailed = false; // the ping of the other engine has not been tried
    this.#server = server;
    this.clear();
  }

  /** Notes the error of a request. If the connection failed, clears the cached store: dockerd may restart with the other store. */
  noteFailure(error: unknown): void {
    if (error instanceof ConnectError || error instanceof TruncatedError) this.#store = undefined;
  }

  clear(): void {
    this.#identity = undefined;
    this.#store = undefined;
  }

  /** After a 400 for the API version: throws a `VersionError` if the same version would be negotiated again, or none. */
  async renegotiate(rejected: string, options: CallOptions): Promise<void> {
    this.clear();
    if ((await this.version(options)) === rejected) this.#failNegotiation(await this.#supportedRange(options), rejected);
  }

  /** Sends HEAD /_ping; if its response lacks the API version, as that of old engines and of proxies before Podman, GET /_ping. */
  async ping(options: CallOptions = {}): Promise<PingResult> {
    const byHead = await this.#ping('HEAD', options);
    const hasVersion = !(byHead instanceof ErrorResponse) && byHead.fields.has('api-version');
    const response = hasVersion ? byHead : await this.#ping('GET', options);
    if (response instanceof ErrorResponse) throw response.toError(PING_ADVICE);
    // A proxy may write the field twice.
    const [apiVersion, ...others] = new Set(response.fields.list('api-version').map(parseApiVersion));
    if (apiVersion === undefined || others.length > 0) throw this.#notAnEngine(response);
    return identityOfPing(apiVersion, response.fields);
  }

  async #ping(method: 'HEAD' | 'GET', options: CallOptions): Promise<ResponseHead | ErrorResponse> {
    let head: ResponseHead | undefined;
    const error = await this.#source.probe(method, '/_ping', options, (received) => {
      head = received;
      return errorSink();
    });
    if (error === undefined) return head as ResponseHead;
    if (!expectsTls(readErrorBody(error.body.bytes()).text ?? '')) return error;
    const { address } = this.#source;
    const hint = 'Set the option tls, use https://, or set DOCKER_TLS_VERIFY';
    throw new ConnectError(`cannot connect to ${address}: this port speaks TLS, and was sent plain text`, { address, hint });
  }

  #notAnEngine({ status, reason, fields }: ResponseHead): VersionError {
    const parts = [`${status} ${reason}`.trim(), fields.get('server') ?? ''].filter((text) => text !== '');
    const quoted = parts.map((text) => `"${escapeText(text)}"`);
    const version = fields.get('api-version');
    const missing = version === undefined ? 'no Api-Version' : `the Api-Version "${escapeText(version.slice(0, 100))}", which is invalid`;
    const message =
      `${this.#source.address} answered /_ping with ${quoted.join(' from ')} and ${missing}: ` +
      'this is not a container engine, or a proxy has answered; check the host (DOCKER_HOST)';
    return new VersionError(message, { needed: SUPPORTED_RANGE, spoken: 'unknown' });
  }

  /** Returns the range of API versions that `/version` reports; its path needs no version. */
  async #supportedRange(options: CallOptions): Promise<string> {
    const sink = jsonSink();
    const error = await this.#source.probe('GET', '/version', options, () => sink);
    // An error response lacks both members; the range is then "unknown".
    const { MinAPIVersion, ApiVersion } = readVersion(decodeJson(error?.body.bytes() ?? sink.content()));
    return `${MinAPIVersion ?? 'unknown'} to ${ApiVersion ?? 'unknown'}`;
  }

  #failNegotiation(spoken: string, rejected?: string): never {
    const needed = this.#pinned ?? SUPPORTED_RANGE;
    const tried = rejected === undefined ? '' : ` (the engine rejected ${rejected})`;
    const remedy = this.#pinned === undefined ? '' : `. ${PIN_REMEDY}`;
    const supported = `the engine at ${this.#source.address} supports API versions ${escapeText(spoken)}`;
    throw new VersionError(`${supported}, this client ${needed}${tried}${remedy}`, { needed, spoken });
  }

  /**
   * Returns the identity that requirements are checked against. With a pinned version, a ping that fails is not repeated; the
   * Server field of other responses is used instead.
   */
  async identityForChecks(options: CallOptions): Promise<EngineFacts['identity']> {
    if (this.#pinned === undefined || this.#identity !== undefined) return this.identity(options);
    if (!this.#pingFailed) {
      try {
        return await this.identity({ ...options, timeouts: this.#shortTimeouts(options.timeouts) });
      } catch (error) {
        options.signal?.throwIfAborted();
        this.#pingFailed = !(error instanceof ConnectError); // an engine that is not running yet may respond later
      }
    }
    return identityOfServer(this.#server);
  }

  /** The timeouts of a call or of the client; at most `PINNED_PING_MS` for the head, and for content that stops (`idleMs`). */
  #shortTimeouts(own: CallOptions['timeouts']): CallOptions['timeouts'] {
    const { headMs = PINNED_PING_MS, idleMs = PINNED_PING_MS } = { ...this.#source.timeouts, ...own };
    return { ...own, headMs: Math.min(headMs, PINNED_PING_MS), idleMs: Math.min(idleMs, PINNED_PING_MS) };
  }
}

const PIN_REMEDY = 'That version is set by DOCKER_API_VERSION or the option version: leave it out, or choose another';

const PING_ADVICE =
  'Is this the address of a container engine (DOCKER_HOST)? If a proxy forbids pings, set the option version (DOCKER_API_VERSION)';

/** Calls share a request for a fact only if they have the same timeouts, so no call waits longer than its own timeouts allow. */
function timeoutsKey(timeouts: CallOptions['timeouts']): string {
  return timeouts === undefined ? '' : Object.entries(timeouts).join();
}
