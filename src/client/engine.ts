// One API call: version, credentials, request, exchange, answer. Here they meet; each is made elsewhere.

import { CollectingText } from '../connection/collecting-sink.ts';
import type { Observe } from '../connection/diagnostics.ts';
import type { AnswerReader, ContentSink, ExchangeNotes, Wire } from '../connection/transport.ts';
import { escapeText } from '../bytes.ts';
import { BadRequestError, ConnectError, CredentialError, DecodeError, VersionError, callersCall, isCallersOwn } from '../errors.ts';
import { refuseContentCoding } from '../http/content-coding.ts';
import type { ResponseHead } from '../http/response-parser.ts';
import { bodyMessage, decodeJson, wantsTls } from '../api/api-error.ts';
import type { Asked } from '../api/api-error.ts';
import { encodeRegistryAuth, credentialsMatchRegistry } from '../api/credentials.ts';
import type { CredentialChoice } from '../api/credentials.ts';
import { encodeCall, gatesOfSubject, unsupportedError, needsIdentity, needsStore } from '../api/encode-call.ts';
import type { EngineFacts, ImageStore } from '../api/encode-call.ts';
import type { Endpoint } from '../api/parameters.ts';
import { endpoints } from '../api/endpoints.ts';
import { identityOfPing, identityOfServer, imageStoreOf } from '../api/engine-identity.ts';
import type { PingResult } from '../api/types/engine.ts';
import { readInfo, readVersion } from '../api/normalize.ts';
import { carriesCredentials, withoutSecrets } from '../api/request-secrets.ts';
import { OUR_RANGE, apiVersionOf, commonVersion, isVersionComplaint } from '../api/api-version.ts';
import { limitsKey } from './engine-call.ts';
import type { CallLimits, EngineCall, RegistryAccess } from './engine-call.ts';
import { errorOf, errorSink } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { Question, RequestMaker } from '../connection/engine-request.ts';
import type { RawRequest, RequestCommons, RequestFields } from '../connection/engine-request.ts';
import { allowManyListeners, abortable } from '../async/abort.ts';
import { SingleFlight } from '../async/single-flight.ts';

/** The most of a JSON answer that is kept, in bytes: some 100,000 images in a list. */
export const JSON_ANSWER_LIMIT: number = 64 * 1024 * 1024;

/**
 * With a pinned version, the limit for the answer to the question what the engine is, in milliseconds: an engine has it
 * ready, and no call may wait long for what it can do without.
 */
export const PINNED_PING_MS = 1000;

/** Takes the answer to a call that succeeded so far. */
export type CallReader = (asked: Asked, head: ResponseHead) => ContentSink;

/** Takes the answer to a request of any kind, whatever its status. */
export type RawReader = (head: ResponseHead, notes: ExchangeNotes) => ContentSink;

/** What an engine is reached with. */
export interface EngineOptions extends RequestCommons {
  readonly wire: Wire;
  /** As errors show it. */
  readonly address: string;
  /** Spoken without asking. */
  readonly version?: string | undefined;
  /** Told of every exchange. */
  readonly observe?: Observe | undefined;
  /** Called before somebody's credentials are sent; what it throws, the call rejects with, and nothing is sent. */
  readonly beforeCredentials?: (() => void) | undefined;
}

/** One engine. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #requests: RequestMaker;
  // What is learned of the engine is learned once, by the first call that needs it, and forgotten together: when an answer
  // has another Server field, or when the version is refused.
  #identity: PingResult | undefined;
  #store: ImageStore | undefined;
  /** The Server field of the latest answer that had one. */
  #server: string | undefined;
  /** With a pinned version: it was asked what it is, and did not answer. */
  #isSilent = false;
  readonly #pings = new SingleFlight<PingResult>();
  readonly #stores = new SingleFlight<ImageStore>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#requests = new RequestMaker(options);
  }

  /** Calls, and reads the JSON answer; `read` throws a `DecodeError` for a value of the wrong kind. Null without content. */
  async json<Value = unknown>(call: EngineCall, read: (answer: unknown) => Value = asItIs): Promise<Value> {
    const sink = jsonSink();
    let value = null as Value;
    // Within the exchange, so that an error names it.
    const end = (): void => {
      value = read(decodeJson(sink.content()));
    };
    const decoding: ContentSink = { synchronous: true, write: (view) => sink.write(view), end };
    const isJson = endpoints[call.operation].reply !== 'none';
    await this.exchange(call, (_, { status }) => (isJson && status !== 204 ? decoding : sink));
    return value;
  }

  /** Calls; the reader gets the content of a success, and only of that. Anything else is thrown. */
  async exchange(call: EngineCall, reader: CallReader): Promise<void> {
    try {
      call.signal?.throwIfAborted();
      const facts = this.#knownFacts(call) ?? (await this.#factsFor(call));
      const fields = call.registry === undefined ? contentFields(call) : await registryFields(call, call.registry);
      await this.#exchangeOnce(call, fields, facts, reader).catch(async (error: unknown) => {
        const isComplaint = error instanceof BadRequestError && isVersionComplaint(error.daemonMessage) && !isCallersOwn(error, call.signal);
        if (!isComplaint) throw error;
        await this.#versionRefused(facts.version, call);
        if (call.body?.repeatable === false) throw error;
        await this.#exchangeOnce(call, fields, await this.#factsFor(call), reader);
      });
    } catch (error) {
      call.body?.discard?.();
      throw error;
    }
  }

  /** The API version spoken: pinned, or negotiated once by the first who asks. */
  async version(limits: CallLimits = {}): Promise<string> {
    limits.signal?.throwIfAborted();
    if (this.#options.version !== undefined) return this.#options.version;
    const { apiVersion } = await this.identity(limits);
    return commonVersion(apiVersion) ?? this.#rangesDoNotMeet(`up to ${apiVersion}`);
  }

  /** What the engine said of itself when it was first asked. */
  async identity({ signal, timeouts }: CallLimits = {}): Promise<PingResult> {
    signal?.throwIfAborted();
    const learn = async (ending: AbortSignal): Promise<PingResult> =>
      (this.#identity = await this.ping({ signal: ending, timeouts }));
    return this.#identity ?? this.#pings.join(limitsKey(timeouts), learn, signal);
  }

  /** Whether it is Podman; undefined where a pinned version makes it needless to know, and the engine does not tell. */
  async isPodman(limits: CallLimits): Promise<boolean | undefined> {
    return this.knownPodman ?? (await this.#identityToGate(limits))?.isPodman;
  }

  /** The same, but by an answer of now where it was not Podman before: another engine may have taken the address since. */
  async isPodmanNow(limits: CallLimits): Promise<boolean | undefined> {
    if (this.knownPodman !== false) return this.isPodman(limits);
    this.#server = undefined;
    this.#forget();
    const told = await this.isPodman(limits);
    // Where /_ping is refused, any other answer may name its server.
    if (told === undefined) await this.json({ operation: 'version', ...limits }).catch(() => limits.signal?.throwIfAborted());
    return this.knownPodman;
  }

  /** The same, as far as answers have told it by now: every one of them may name its server. */
  get knownPodman(): boolean | undefined {
    return this.#identity?.isPodman ?? identityOfServer(this.#server)?.isPodman;
  }

  /** The limits of time of calls that bring none of their own. */
  get timeouts(): RequestCommons['timeouts'] {
    return this.#options.timeouts;
  }

  /** Whether the engine has a subject, `"inspectImage.platform"`. */
  async supports(subject: string, limits: CallLimits = {}): Promise<boolean> {
    const gates = gatesOfSubject(subject);
    const [version, identity] = await Promise.all([this.version(limits), this.#identityToGate(limits)]);
    const facts: EngineFacts = { version, identity };
    if (gates.some(({ gate }) => unsupportedError(subject, gate, facts) !== undefined)) return false;
    if (!gates.some(({ gate }) => gate.store !== undefined)) return true;
    const store = await this.imageStore(limits);
    return gates.every(({ gate }) => unsupportedError(subject, gate, { ...facts, store }) === undefined);
  }

  /** Throws for what the engine lacks of a call, before anything is done in its preparation. */
  async assertSupported(call: EngineCall): Promise<void> {
    encodeCall(call, await this.#factsFor(call));
  }

  /** What the gates must know of the engine, where all of it is known: then nothing is waited for. */
  #knownFacts(call: EngineCall): EngineFacts | undefined {
    const pinned = this.#options.version;
    if (needsStore(call)) return undefined;
    if (pinned !== undefined && !needsIdentity(call)) return { version: pinned, identity: undefined };
    const identity = this.#identity;
    const version = pinned ?? (identity && commonVersion(identity.apiVersion));
    return identity === undefined || version === undefined ? undefined : { version, identity };
  }

  async #factsFor(call: EngineCall): Promise<EngineFacts> {
    const version = await this.version(call);
    const isAsked = this.#options.version === undefined || needsIdentity(call);
    const identity = isAsked ? await this.#identityToGate(call) : undefined;
    const facts = { version, identity };
    if (!needsStore(call)) return facts;
    encodeCall(call, facts); // what the version forbids needs no question more
    return { ...facts, store: await this.imageStore(call) };
  }

  /**
   * What gates must know of the engine. With a pinned version nothing depends on /_ping, which a proxy may refuse: an
   * engine that does not answer it is known by the Server field of its other answers, or not at all.
   */
  async #identityToGate(limits: CallLimits): Promise<EngineFacts['identity']> {
    if (this.#options.version === undefined || this.#identity !== undefined) return this.identity(limits);
    if (!this.#isSilent) {
      try {
        return await this.identity({ ...limits, timeouts: this.#pinnedPingLimits(limits.timeouts) });
      } catch (error) {
        limits.signal?.throwIfAborted();
        // An engine that is not there yet has said nothing of its pings.
        this.#isSilent = !(error instanceof ConnectError);
      }
    }
    return identityOfServer(this.#server);
  }

  /** Those of the call or of the client, where they are shorter: also for an answer that stops behind its head. */
  #pinnedPingLimits(own: CallLimits['timeouts']): CallLimits['timeouts'] {
    const { headMs = PINNED_PING_MS, idleMs = PINNED_PING_MS } = { ...this.timeouts, ...own };
    return { ...own, headMs: Math.min(headMs, PINNED_PING_MS), idleMs: Math.min(idleMs, PINNED_PING_MS) };
  }

  /** Forgets what is known of the engine when another one, or a newer release, answers at its address. */
  #noticeServer(server: string | undefined): void {
    if (server === undefined || server === this.#server) return;
    // A proxy names itself in an answer that it makes itself, which says nothing of the engine behind it.
    if (identityOfServer(this.#server) !== undefined && identityOfServer(server) === undefined) return;
    if (this.#server !== undefined) this.#isSilent = false;
    this.#server = server;
    this.#forget();
  }

  #forget(): void {
    this.#identity = undefined;
    this.#store = undefined;
  }

  /** Where the engine keeps its images, asked once. */
  async imageStore({ signal, timeouts }: CallLimits = {}): Promise<ImageStore> {
    signal?.throwIfAborted();
    const learn = async (ending: AbortSignal): Promise<ImageStore> =>
      (this.#store = imageStoreOf(await this.json({ operation: 'info', signal: ending, timeouts }, readInfo)));
    return this.#store ?? this.#stores.join(limitsKey(timeouts), learn, signal);
  }

  /** Asks the engine what it is. HEAD first, as it costs the engine nothing; old ones and Podman's proxies want GET. */
  async ping(options: CallLimits = {}): Promise<PingResult> {
    const { head } = await this.#ping('HEAD', options);
    const told = head.status === 200 && head.fields.has('api-version');
    const answer = told ? head : await this.#pingedByGet(options);
    const apiVersion = apiVersionOf(answer.fields.get('api-version') ?? '');
    if (apiVersion === undefined) throw this.#noEngine(answer);
    return identityOfPing(apiVersion, answer.fields);
  }

  /** Sends any request; the reader gets whatever final answer there is. */
  async raw(request: RawRequest, reader: RawReader): Promise<void> {
    allowManyListeners(request.signal);
    const { wire, address, observe, beforeCredentials } = this.#options;
    const sent = this.#requests.make(request);
    if (beforeCredentials !== undefined && carriesCredentials(sent)) beforeCredentials();
    const observed = observe?.(sent, address);
    if (observed !== undefined) sent.notes = observed.notes;
    const answered: AnswerReader = (head) => {
      this.#noticeServer(head.fields.get('server'));
      observed?.answered(head.status);
      return reader(head, sent.notes);
    };
    try {
      await wire.exchange(sent, answered);
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

  async #exchangeOnce(call: EngineCall, fields: RequestFields, facts: EngineFacts, reader: CallReader): Promise<void> {
    const { reply, fast, success = OK }: Endpoint = endpoints[call.operation];
    const { method, target } = encodeCall(call, facts);
    const asked = new Question(method, target, this.#options.address);
    let refused: Refusal | undefined;
    const body = call.body === undefined ? undefined : await call.body.open();
    const { signal, timeouts } = call;
    const longLived = reply === 'progress' || reply === 'archive';
    const request: RawRequest = { method, target, fields, body, signal, timeouts, fast, longLived };
    try {
      await this.raw(request, (head, notes) => {
        if (success.includes(head.status)) {
          refuseContentCoding(head);
          return reader(asked, head);
        }
        refused = { head, notes, body: errorSink(), cut: false };
        return refused.body;
      });
    } catch (error) {
      // The body of an error may be cut short or endless: the status has told what matters.
      if (refused === undefined || signal?.aborted === true) throw error;
      refused.cut = true;
    }
    if (refused !== undefined) throw withoutSecrets(errorOf(asked, refused), request);
  }

  async #ping(method: 'HEAD' | 'GET', { signal, timeouts }: CallLimits): Promise<Refusal> {
    const body = errorSink();
    const request = { method, target: '/_ping', fields: [], body: undefined, signal, timeouts, fast: true };
    let answer: Refusal | undefined;
    try {
      await this.raw(request, (head, notes) => {
        answer = { head, notes, body, cut: false };
        return body;
      });
    } catch (error) {
      if (answer === undefined || answer.head.status === 200 || signal?.aborted === true) throw error;
      answer.cut = true;
    }
    if (wantsTls(bodyMessage(body.bytes()) ?? '')) throw this.#speaksTls();
    return answer as Refusal;
  }

  /** The head of a success; what is not one is an error like that of any other call. */
  async #pingedByGet(options: CallLimits): Promise<ResponseHead> {
    const answer = await this.#ping('GET', options);
    if (answer.head.status === 200) return answer.head;
    const asked = new Question('GET', '/_ping', this.#options.address);
    throw errorOf(asked, answer, PING_ADVICE);
  }

  #speaksTls(): ConnectError {
    const { address } = this.#options;
    const hint = 'Give tls, write https://, or set DOCKER_TLS_VERIFY';
    return new ConnectError(`cannot connect to ${address}: this port speaks TLS, and was sent plain text`, { address, hint });
  }

  #noEngine({ status, reason, fields }: ResponseHead): VersionError {
    const words = [`${status} ${reason}`.trim(), fields.get('server') ?? ''].filter((text) => text !== '');
    const said = words.map((text) => `"${escapeText(text)}"`);
    const told = fields.get('api-version');
    const missing = told === undefined ? 'no Api-Version' : `the Api-Version "${escapeText(told.slice(0, 100))}", which is not one`;
    const message =
      `${this.#options.address} answered /_ping with ${said.join(' from ')} and ${missing}: ` +
      'this is not a container engine, or something before it has answered; check the host (DOCKER_HOST)';
    return new VersionError(message, { needed: OUR_RANGE, spoken: 'unknown' });
  }

  /** A 400 said that our version is not spoken: the engine behind the address was changed, or is out of our range. */
  async #versionRefused(refused: string, limits: CallLimits): Promise<void> {
    this.#forget();
    if ((await this.version(limits)) === refused) {
      this.#rangesDoNotMeet(await this.#spokenRange(limits), refused);
    }
  }

  /** What `/version` says, which needs no version itself. */
  async #spokenRange({ signal, timeouts }: CallLimits): Promise<string> {
    const sink = jsonSink();
    const request = { method: 'GET', target: '/version', fields: [], body: undefined, signal, timeouts, fast: true };
    await this.raw(request, (head) => {
      refuseContentCoding(head);
      return sink;
    });
    const answer = decodeJson(sink.content());
    const { MinAPIVersion, ApiVersion } = readVersion(answer);
    return `${MinAPIVersion ?? 'unknown'} to ${ApiVersion ?? 'unknown'}`;
  }

  #rangesDoNotMeet(spoken: string, pinned?: string): never {
    const needed = this.#options.version ?? OUR_RANGE;
    const tried = pinned === undefined ? '' : ` (it refused ${pinned})`;
    const remedy =
      this.#options.version === undefined ? '' : '. DOCKER_API_VERSION or the option version says so: leave it out, or choose another';
    const message = `the engine at ${this.#options.address} speaks API ${escapeText(spoken)}, this client ${needed}${tried}${remedy}`;
    throw new VersionError(message, { needed, spoken });
  }
}

const asItIs = <Value>(answer: unknown): Value => answer as Value;

const OK: readonly number[] = [200];

const PING_ADVICE =
  'Is this the address of a container engine (DOCKER_HOST)? If a proxy forbids pings, set the option version (DOCKER_API_VERSION)';

function contentFields({ operation, body }: EngineCall): RequestFields {
  const { contentType }: Endpoint = endpoints[operation];
  return body === undefined || contentType === undefined ? [] : [['Content-Type', contentType]];
}

async function registryFields(call: EngineCall, registry: RegistryAccess): Promise<RequestFields> {
  const row: Endpoint = endpoints[call.operation];
  if (row.credentials === undefined) return contentFields(call);
  const credentials = await credentialsOf(registry, call.signal);
  if (credentials === undefined && row.credentials === 'if-known') return contentFields(call);
  return [...contentFields(call), ['X-Registry-Auth', encodeRegistryAuth(credentials, registry.key)]];
}

/** The credentials of a call; never those of another registry, whoever gives them. */
async function credentialsOf(registry: RegistryAccess, signal: AbortSignal | undefined): Promise<CredentialChoice> {
  const { key, repository, credentials: choice } = registry;
  if (typeof choice !== 'function') return choice;
  const credentials = await abortable(Promise.resolve(callersCall(() => choice(key, { repository, signal }))), signal);
  if (credentialsMatchRegistry(key, credentials)) return credentials;
  const message = `asked for the credentials of ${escapeText(key)}, your function gave some whose serverAddress is another`;
  throw new CredentialError(message, { registry: key });
}

function jsonSink(): CollectingText {
  const tooLarge = (): Error => new DecodeError('the JSON answer is too large', { offset: JSON_ANSWER_LIMIT });
  return new CollectingText(JSON_ANSWER_LIMIT, tooLarge);
}
