// One API call: version, credentials, request, exchange, answer. Here they meet; each is made elsewhere.

import { CollectingSink } from './connection/collect.ts';
import type { Observe } from './connection/observer.ts';
import { LONGEST_TIMEOUT_MS } from './connection/time-limits.ts';
import type { AnswerReader, ContentSink, ExchangeNotes, RequestBody, Timeouts, Wire, WireRequest } from './connection/wire.ts';
import { escapeText } from './bytes.ts';
import {
  ArgumentError, BadRequestError, ConnectError, CredentialError, DecodeError, ProtocolError, VersionError,
} from './errors.ts';
import type { ApiError } from './errors.ts';
import type { ResponseHead } from './http/response.ts';
import { bodyMessage, decodeJson, isJsonObject, statusError, wantsTls } from './docker/answer.ts';
import type { Asked } from './docker/answer.ts';
import { encodeRegistryAuth, mayGoTo } from './docker/auth.ts';
import type { CredentialChoice, CredentialSource } from './docker/auth.ts';
import { checkArguments, encodeCall, gatesOfSubject, lacking, needsIdentity, needsStore } from './docker/call.ts';
import type { Call, EngineFacts, ImageStore } from './docker/call.ts';
import type { Endpoint } from './docker/endpoint.ts';
import { endpoints } from './docker/endpoints.ts';
import type { PingResult } from './docker/engine-types.ts';
import { carriesCredentials, withoutSecrets } from './docker/secrets.ts';
import { shownTarget } from './docker/shown-target.ts';
import { OUR_RANGE, commonVersion, isApiVersion, isVersionComplaint } from './docker/version.ts';
import { manyMayListen, waitFor } from './signals.ts';
import { SingleFlight } from './single-flight.ts';
import { USER_AGENT } from './version.ts';

/** The most of an error's body that is read, in bytes; moby's client reads as much. */
export const ERROR_BODY_LIMIT: number = 1024 * 1024;
/** The most of a JSON answer that is kept, in bytes: some 100,000 images in a list. */
export const JSON_ANSWER_LIMIT: number = 64 * 1024 * 1024;
/** The limit for the head of an answer that an engine has ready, in milliseconds. */
export const PROMPT_HEAD_MS = 30_000;
/** The limit for a connection, in milliseconds. */
export const CONNECT_MS = 10_000;


/** Takes the answer to a call that succeeded so far. */
export type CallReader = (asked: Asked, head: ResponseHead) => ContentSink;

/** Takes the answer to a request of any kind, whatever its status. */
export type RawReader = (head: ResponseHead, notes: ExchangeNotes) => ContentSink;

/** A request of any kind. */
export type RawRequest = Omit<WireRequest, 'timeouts' | 'shownTarget' | 'notes'> & {
  readonly timeouts?: Partial<Timeouts> | undefined;
};

/** What an engine is reached with. */
export interface EngineOptions {
  readonly wire: Wire;
  /** As errors show it. */
  readonly address: string;
  /** The value of the Host field. */
  readonly host: string;
  /** What every path begins with. */
  readonly basePath?: string;
  /** Spoken without asking. */
  readonly version?: string | undefined;
  readonly timeouts: Partial<Timeouts>;
  /** Go along with every request that does not have them itself. */
  readonly headers?: Fields;
  /** Told of every exchange. */
  readonly observe?: Observe | undefined;
  /** Called before somebody's credentials are sent; what it throws, the call rejects with, and nothing is sent. */
  readonly beforeCredentials?: (() => void) | undefined;
}

/** A call with all that is not on its row. */
export interface EngineCall extends Call {
  readonly body?: BodySource | undefined;
  /** Whose credentials go along, where the row lets them. */
  readonly registry?: RegistryAccess | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

/** The registry that a call leads to. */
export interface RegistryAccess {
  /** As credentials are stored under it. */
  readonly key: string;
  readonly repository: string | undefined;
  readonly credentials: CredentialChoice | CredentialSource;
}

/** The content of a request, opened when it is to be sent. */
export interface BodySource {
  open(): RequestBody | Promise<RequestBody>;
  /** Whether it can be opened and sent again. */
  readonly repeatable: boolean;
  /** Lets go of a source from which nothing was read: a stream of a file holds it open. */
  discard?(): void;
}

/** One engine. */
export class Engine {
  readonly #options: EngineOptions;
  // What is learned of the engine is learned once, by the first who needs it, and forgotten together.
  #identity: PingResult | undefined;
  #store: ImageStore | undefined;
  readonly #pings = new SingleFlight<PingResult>();
  readonly #stores = new SingleFlight<ImageStore>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Calls and decodes a JSON answer, which must be of the kind that is due; `null` where there is none to decode. */
  async json(call: EngineCall, isDue: (answer: unknown) => boolean = () => true): Promise<unknown> {
    const sink = jsonSink();
    let value: unknown = null;
    // Within the exchange, so that an error names it.
    const end = (): void => {
      value = decodeJson(sink.bytes());
      if (!isDue(value)) throw new DecodeError('the answer is JSON, and not of the kind that is due', { offset: 0 });
    };
    const decoding: ContentSink = { synchronous: true, write: (view) => sink.write(view), end };
    const isJson = endpoints[call.operation].reply !== 'none';
    await this.exchange(call, (_, { status }) => (isJson && status !== 204 ? decoding : sink));
    return value;
  }

  /** Calls; the reader gets the content of a success, and only of that. Anything else is thrown. */
  async exchange(call: EngineCall, reader: CallReader): Promise<void> {
    checkArguments(call);
    try {
      call.signal?.throwIfAborted();
      const facts = await this.#factsFor(call);
      const fields = await this.#credentialFields(call);
      await this.#exchangeOnce(call, fields, facts, reader).catch(async (error: unknown) => {
        if (!(error instanceof BadRequestError) || !isVersionComplaint(error.daemonMessage)) throw error;
        await this.#versionRefused(facts.version, call.signal);
        if (call.body?.repeatable === false) throw error;
        await this.#exchangeOnce(call, fields, await this.#factsFor(call), reader);
      });
    } catch (error) {
      call.body?.discard?.();
      throw error;
    }
  }

  /** The API version spoken: pinned, or negotiated once by the first who asks. */
  async version(signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    if (this.#options.version !== undefined) return this.#options.version;
    const { apiVersion } = await this.identity(signal);
    return commonVersion(apiVersion) ?? this.#rangesDoNotMeet(`up to ${apiVersion}`);
  }

  /** What the engine said of itself when it was first asked. */
  async identity(signal?: AbortSignal): Promise<PingResult> {
    signal?.throwIfAborted();
    const learn = async (ending: AbortSignal): Promise<PingResult> => (this.#identity = await this.ping({ signal: ending }));
    return this.#identity ?? this.#pings.join('', learn, signal);
  }

  /** Whether the engine has a subject, `"inspectImage.platform"`. */
  async supports(subject: string, signal?: AbortSignal): Promise<boolean> {
    const gates = gatesOfSubject(subject);
    const [version, identity] = await Promise.all([this.version(signal), this.identity(signal)]);
    const facts: EngineFacts = { version, identity };
    if (gates.some(({ gate }) => lacking(subject, gate, facts) !== undefined)) return false;
    if (!gates.some(({ gate }) => gate.store !== undefined)) return true;
    const store = await this.imageStore(signal);
    return gates.every(({ gate }) => lacking(subject, gate, { ...facts, store }) === undefined);
  }

  /** Throws for what the engine lacks of a call, before anything is done in its preparation. */
  async passGates(call: EngineCall): Promise<void> {
    encodeCall(call, await this.#factsFor(call));
  }

  async #factsFor(call: EngineCall): Promise<EngineFacts> {
    const { signal } = call;
    const version = await this.version(signal);
    const identity = this.#options.version === undefined || needsIdentity(call) ? await this.identity(signal) : undefined;
    const facts = { version, identity };
    if (!needsStore(call)) return facts;
    encodeCall(call, facts); // what the version forbids needs no question more
    return { ...facts, store: await this.imageStore(signal) };
  }

  /** Where the engine keeps its images, asked once. */
  async imageStore(signal?: AbortSignal): Promise<ImageStore> {
    signal?.throwIfAborted();
    const learn = async (ending: AbortSignal): Promise<ImageStore> =>
      (this.#store = imageStoreOf(await this.json({ operation: 'info', signal: ending })));
    return this.#store ?? this.#stores.join('', learn, signal);
  }

  /** Asks the engine what it is. HEAD first, as it costs the engine nothing; old ones and Podman's proxies want GET. */
  async ping(options: Pick<EngineCall, 'signal' | 'timeouts'> = {}): Promise<PingResult> {
    const head = await this.#ping('HEAD', options);
    const answer = head.status === 200 && head.fields.has('api-version') ? head : await this.#ping('GET', options);
    const apiVersion = answer.fields.get('api-version') ?? '';
    if (answer.status !== 200 || !isApiVersion(apiVersion)) throw this.#noEngine(answer);
    const server = answer.fields.get('server');
    const podmanVersion = answer.fields.get('libpod-api-version') ?? /^libpod\/(\S+)/i.exec(server ?? '')?.[1];
    return {
      apiVersion,
      osType: answer.fields.get('ostype'),
      experimental: answer.fields.get('docker-experimental') === 'true',
      builderVersion: answer.fields.get('builder-version') || undefined,
      server,
      isPodman: podmanVersion !== undefined,
      podmanVersion,
    };
  }

  /** Sends any request; the reader gets whatever final answer there is. */
  async raw(request: RawRequest, reader: RawReader): Promise<void> {
    manyMayListen(request.signal);
    const { wire, address, observe, beforeCredentials } = this.#options;
    const sent = this.#wireRequest(request);
    if (carriesCredentials(sent)) beforeCredentials?.();
    const observed = observe?.({ method: sent.method, target: sent.shownTarget, address });
    const notes = observed?.notes ?? { reusedSocket: undefined, bytesSent: 0, bytesReceived: 0, bytesBehind: 0 };
    const answered: AnswerReader = (head) => {
      observed?.answered(head.status);
      return reader(head, notes);
    };
    try {
      await wire.exchange({ ...sent, notes }, answered);
    } catch (error) {
      const told = withoutSecrets(error, sent);
      observed?.failed(told);
      throw told;
    }
    observed?.ended();
  }

  /** Ends everything. */
  close(): void {
    this.#options.wire.close();
  }

  async #exchangeOnce(call: EngineCall, fields: Fields, facts: EngineFacts, reader: CallReader): Promise<void> {
    const row: Endpoint = endpoints[call.operation];
    const target = encodeCall(call, facts);
    const asked = { method: target.method, target: shownTarget(target.target), address: this.#options.address };
    let refused: Refusal | undefined;
    let cut = false;
    const body = await call.body?.open();
    const timeouts = { ...(row.prompt ? { headMs: PROMPT_HEAD_MS } : {}), ...this.#options.timeouts, ...call.timeouts };
    const longLived = row.reply === 'progress' || row.reply === 'archive';
    const request = { ...target, fields, body, signal: call.signal, timeouts, longLived };
    try {
      await this.raw(request, (head, notes) => {
        if ((row.success ?? [200]).includes(head.status)) {
          refuseCoding(head);
          return reader(asked, head);
        }
        refused = { head, notes, body: new CollectingSink(ERROR_BODY_LIMIT, () => new Error('enough')) };
        return refused.body;
      });
    } catch (error) {
      // The body of an error may be cut short or endless: the status has told what matters.
      if (refused === undefined || call.signal?.aborted === true) throw error;
      cut = true;
    }
    if (refused !== undefined) throw withoutSecrets(errorOf(asked, refused, cut), request);
  }

  #wireRequest(request: RawRequest): WireRequest {
    const { host, basePath = '', timeouts, headers = [] } = this.#options;
    const limits = { connectMs: CONNECT_MS, headMs: undefined, idleMs: undefined, ...timeouts, ...request.timeouts };
    checkTimeouts(limits);
    const given = new Set(request.fields.map(([name]) => name.toLowerCase()));
    const always = headers.filter(([name]) => !given.has(name.toLowerCase()));
    const fields = [['Host', host], ['User-Agent', USER_AGENT], ...always, ...request.fields] as const;
    const target = `${basePath}${request.target}`;
    return { ...request, target, shownTarget: shownTarget(target), fields, timeouts: limits };
  }

  async #ping(method: 'HEAD' | 'GET', { signal, timeouts }: Pick<EngineCall, 'signal' | 'timeouts'>): Promise<ResponseHead> {
    let answer: ResponseHead | undefined;
    const body = new CollectingSink(ERROR_BODY_LIMIT, () => new Error('enough'));
    const limits = { headMs: PROMPT_HEAD_MS, ...this.#options.timeouts, ...timeouts };
    const request = { method, target: '/_ping', fields: [], body: undefined, signal, timeouts: limits };
    await this.raw(request, (head) => {
      answer = head;
      return body;
    });
    if (wantsTls(bodyMessage(body.bytes()) ?? '')) throw this.#speaksTls();
    return answer as ResponseHead;
  }

  #speaksTls(): ConnectError {
    const { address } = this.#options;
    const hint = 'Give tls, write https://, or set DOCKER_TLS_VERIFY';
    return new ConnectError(`cannot connect to ${address}: this port speaks TLS, and was sent plain text`, { address, hint });
  }

  #noEngine({ status, reason, fields }: ResponseHead): VersionError {
    const words = [`${status} ${reason}`.trim(), fields.get('server') ?? ''].filter((text) => text !== '');
    const said = words.map((text) => `"${escapeText(text)}"`);
    const message =
      `${this.#options.address} answered /_ping with ${said.join(' from ')} and no Api-Version: ` +
      'this is no container engine, or something stands before it; check the host';
    return new VersionError(message, { needed: OUR_RANGE, spoken: 'unknown' });
  }

  /** A 400 said that our version is not spoken: the engine behind the address was changed, or is out of our range. */
  async #versionRefused(refused: string, signal: AbortSignal | undefined): Promise<void> {
    this.#identity = undefined;
    this.#store = undefined;
    if ((await this.version(signal)) === refused) {
      this.#rangesDoNotMeet(await this.#spokenRange(signal), refused);
    }
  }

  /** What `/version` says, which needs no version itself. */
  async #spokenRange(signal: AbortSignal | undefined): Promise<string> {
    const sink = jsonSink();
    const timeouts = { headMs: PROMPT_HEAD_MS, ...this.#options.timeouts };
    await this.raw({ method: 'GET', target: '/version', fields: [], body: undefined, signal, timeouts }, (head) => {
      refuseCoding(head);
      return sink;
    });
    const answer = decodeJson(sink.bytes());
    if (!isJsonObject(answer)) return 'an unknown range';
    return `${String(answer['MinAPIVersion'] ?? 'unknown')} to ${String(answer['ApiVersion'] ?? 'unknown')}`;
  }

  #rangesDoNotMeet(spoken: string, pinned?: string): never {
    const needed = this.#options.version ?? OUR_RANGE;
    const tried = pinned === undefined ? '' : ` (it refused ${pinned})`;
    const message = `the engine at ${this.#options.address} speaks API ${escapeText(spoken)}, this client ${needed}${tried}`;
    throw new VersionError(message, { needed, spoken });
  }

  async #credentialFields({ operation, registry, body, signal }: EngineCall): Promise<Fields> {
    const row: Endpoint = endpoints[operation];
    const fields: Array<readonly [string, string]> = [];
    if (body !== undefined && row.contentType !== undefined) fields.push(['Content-Type', row.contentType]);
    if (row.credentials === undefined || registry === undefined) return fields;
    const credentials = await credentialsOf(registry, signal);
    if (credentials === undefined && row.credentials === 'if-known') return fields;
    fields.push(['X-Registry-Auth', encodeRegistryAuth(credentials, registry.key)]);
    return fields;
  }
}

type Fields = ReadonlyArray<readonly [name: string, value: string]>;

/** The credentials of a call; never those of another registry, whoever gives them. */
async function credentialsOf(registry: RegistryAccess, signal: AbortSignal | undefined): Promise<CredentialChoice> {
  const { key, repository, credentials: choice } = registry;
  if (typeof choice !== 'function') return choice;
  const credentials = await waitFor(Promise.resolve(choice(key, { repository, signal })), signal);
  if (mayGoTo(key, credentials)) return credentials;
  const message = `asked for the credentials of ${escapeText(key)}, your function gave some whose serverAddress is another`;
  throw new CredentialError(message, { registry: key });
}

/** Node takes a limit that is no number for one millisecond. */
function checkTimeouts(timeouts: Timeouts): void {
  for (const [name, limit] of Object.entries<unknown>({ ...timeouts })) {
    if (!['connectMs', 'headMs', 'idleMs'].includes(name)) throw new ArgumentError(`timeouts has no "${escapeText(name)}"`);
    const valid = limit === undefined || (typeof limit === 'number' && limit > 0 && limit <= LONGEST_TIMEOUT_MS);
    if (!valid) throw new ArgumentError(`timeouts.${name} must be a number of milliseconds, 1 to ${LONGEST_TIMEOUT_MS}`);
  }
}

function jsonSink(): CollectingSink {
  const tooLarge = (): Error => new DecodeError('the JSON answer is too large', { offset: JSON_ANSWER_LIMIT });
  return new CollectingSink(JSON_ANSWER_LIMIT, tooLarge);
}

/** The containerd store tells itself by its driver: https://docs.docker.com/engine/storage/containerd/ */
function imageStoreOf(info: unknown): ImageStore {
  const status = isJsonObject(info) ? info['DriverStatus'] : undefined;
  const isContainerd = (pair: unknown): boolean => Array.isArray(pair) && pair[1] === 'io.containerd.snapshotter.v1';
  return Array.isArray(status) && status.some(isContainerd) ? 'containerd' : 'graphdriver';
}

/** An answer whose status is no success, as far as it came. */
interface Refusal {
  readonly head: ResponseHead;
  readonly notes: ExchangeNotes;
  readonly body: CollectingSink;
}

function errorOf(asked: Asked, { head, notes, body }: Refusal, cut: boolean): ApiError {
  // In a coding there are no words; the status has told what matters.
  const words = codingsOf(head).length > 0 ? new Uint8Array(0) : body.bytes();
  const error = statusError(asked, head.status, head.reason, words, cut);
  return error.at({ ...asked, requestSent: true, reusedSocket: notes.reusedSocket === true });
}

/** We never ask for one (no Accept-Encoding), and what we do not undo must not pass for the content itself. */
function refuseCoding(head: ResponseHead): void {
  const [coding] = codingsOf(head);
  if (coding === undefined) return;
  const message = `the answer comes in the coding "${escapeText(coding)}", which nobody asked for`;
  throw new ProtocolError(message, { offset: 0, section: 'RFC 9110 §8.4' });
}

function codingsOf({ fields }: ResponseHead): string[] {
  return fields.list('content-encoding').filter((coding) => coding !== 'identity');
}
