// All error classes of longshore, and a mark for errors that a caller's code threw. Programs should check the class, the `code`
// and the fields, not the message. An aborted call rejects with the reason of its signal, which is not one of these classes.

/** The exchange in which an error happened. */
export interface ExchangePlace {
  /** The request method, `"GET"`. */
  readonly method: string;
  /** The request target, `"/v1.41/images/json"`, with `[redacted]` for values that may be secrets. */
  readonly target: string;
  /** The address of the engine, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** Whether any part of the request may have been sent. If so, the engine may have executed the request. */
  readonly requestSent: boolean;
  /** Whether the connection had been used for an earlier exchange. */
  readonly reusedSocket: boolean;
}

/** Options of every error. (`ErrorOptions` has `cause` too, but needs the `lib` of ES2022.) */
interface LongshoreErrorOptions {
  readonly cause?: unknown;
  readonly transient?: boolean | undefined;
}

/** Copies an error's fields. Throws an `ArgumentError` for wrong types, because programs may construct these errors, too. */
function checkedCopy<Fields extends object>(fields: Fields, ...texts: readonly string[]): Fields {
  try {
    const copy = { ...fields };
    const values = [...texts, ...Object.values({ ...copy, cause: undefined })];
    if (Object(fields) === fields && values.every((value) => /^(?:string|number|boolean|undefined)$/.test(typeof value))) return copy;
  } catch {
    // A proxy or a getter threw.
  }
  throw new ArgumentError('the fields of an error must be strings, numbers or booleans, besides its cause');
}

/** The base class of all errors of longshore. It is never thrown itself. */
export class LongshoreError extends Error {
  /** The code of the class, `"LONGSHORE_CONNECT"`. It does not change between versions. */
  readonly code: string;
  /** Whether the same call may succeed later if the caller changes nothing. */
  readonly transient: boolean;
  /** Set if the error happened during an exchange with an engine. */
  exchange: ExchangePlace | undefined;
  /** Set if the error made a copy fail: the side on which it happened. */
  copySide: 'source' | 'target' | undefined;

  constructor(code: string, message: string, options?: LongshoreErrorOptions) {
    const own = checkedCopy(options ?? {}, code, message);
    super(message, own);
    this.name = new.target.name;
    this.code = `LONGSHORE_${code}`;
    this.transient = own.transient ?? false;
    this.exchange = undefined;
    this.copySide = undefined;
  }

  /** Adds the exchange to the error and its message. Only the first call has an effect. */
  at(place: ExchangePlace): this {
    if (this.exchange !== undefined) return this;
    this.exchange = checkedCopy(place);
    this.message = `${place.method} ${place.target} on ${place.address}: ${this.message}`;
    return this;
  }
}

/** Each `LongshoreError` that a caller's function threw. */
const callerErrors = new WeakSet<object>();

/** Runs a caller's function. If it throws a `LongshoreError`, that error is marked: the call then rejects with it unchanged. */
export function runCallback<Value>(run: () => Value): Value {
  const rethrow = (error: unknown): never => {
    if (error instanceof LongshoreError) callerErrors.add(error);
    throw error;
  };
  try {
    const value = run();
    // Not `instanceof Promise`: a program may have replaced the global class, as zone.js does.
    const { then } = (value ?? {}) as { readonly then?: unknown };
    return typeof then === 'function' ? ((value as PromiseLike<unknown>).then(undefined, rethrow) as Value) : value;
  } catch (error) {
    return rethrow(error);
  }
}

/** Whether the error comes from the caller: it is the reason of `signal`, or a function in `runCallback` threw it. */
export function isCallerError(error: object, signal?: AbortSignal): boolean {
  return callerErrors.has(error) || (signal?.aborted === true && signal.reason === error);
}

/**
 * Connection errors after which a later attempt may succeed: the engine is starting (ENOENT: its socket does not exist yet), its
 * queue is full (EAGAIN), or the network or the name server fails for a moment. gRPC calls these errors UNAVAILABLE. ENOTFOUND
 * (unknown host name), EACCES and certificate errors are not among them.
 */
const TRANSIENT_ERRNOS: ReadonlySet<string | undefined> = new Set([
  'EADDRNOTAVAIL', 'EAGAIN', 'EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH',
  'EMFILE', 'ENETDOWN', 'ENETUNREACH', 'ENFILE', 'ENOBUFS', 'ENOENT', 'EPIPE', 'ETIMEDOUT',
]);

/** Thrown when a connection to the engine cannot be made, or the client has been closed. */
export class ConnectError extends LongshoreError {
  /** The address of the engine, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** The error name of the system, Node or OpenSSL, if there is one: `"ENOENT"`, `"ECONNREFUSED"`, `"CERT_HAS_EXPIRED"`. */
  readonly errno: string | undefined;
  /** The remedy; the message ends with it. */
  readonly hint: string | undefined;

  constructor(message: string, fields: LongshoreErrorOptions & { address: string; errno?: string | undefined; hint?: string | undefined }) {
    fields = checkedCopy(fields, message);
    const { cause, hint, transient = TRANSIENT_ERRNOS.has(fields.errno) } = fields;
    super('CONNECT', hint === undefined ? message : `${message}. ${hint}`, { cause, transient });
    this.address = fields.address;
    this.errno = fields.errno;
    this.hint = fields.hint;
  }
}

/** Thrown when the engine sends bytes that are not HTTP/1.1 as RFC 9112 defines it. */
export class ProtocolError extends LongshoreError {
  /** The position of the error in the response, in bytes from its start. */
  readonly offset: number;
  /** The violated rule, `"RFC 9112 §7.1"`. */
  readonly section: string;
  /** The invalid bytes, at most 64 of them, escaped. */
  readonly excerpt: string;

  constructor(message: string, fields: { offset: number; section: string; excerpt?: string }) {
    fields = checkedCopy(fields, message);
    const excerpt = fields.excerpt ?? '';
    super('PROTOCOL', `${message}${excerpt && ` "${excerpt}"`} at byte ${fields.offset} (${fields.section})`);
    this.offset = fields.offset;
    this.section = fields.section;
    this.excerpt = excerpt;
  }
}

/** Thrown when a response is missing or ends too early: usually the connection broke, or the engine was stopped. */
export class TruncatedError extends LongshoreError {
  /** The part that was being read: `"head"`, `"content"`, `"stream"` (JSON values) or `"archive"` (tar). */
  readonly phase: 'head' | 'content' | 'stream' | 'archive';
  /** How many bytes of that part were received. */
  readonly received: number;
  /** How many bytes were announced; undefined if no length was announced. */
  readonly expected: number | undefined;

  constructor(
    message: string,
    fields: LongshoreErrorOptions & Pick<TruncatedError, 'phase' | 'received'> & { expected?: number | undefined },
  ) {
    fields = checkedCopy(fields, message);
    super('TRUNCATED', message, { cause: fields.cause, transient: fields.transient ?? true });
    this.phase = fields.phase;
    this.received = fields.received;
    this.expected = fields.expected;
  }
}

/** Thrown when a saved archive lacks an entry that it refers to, or the entry does not have the expected digest. */
export class DigestError extends LongshoreError {
  /** The path of the entry in the archive. */
  readonly path: string;
  /** The digest that a name, a manifest or a config states for the entry, `"sha256:..."`; undefined if none of them does. */
  readonly expected: string | undefined;
  /** The digest of the entry; undefined if the entry is missing. */
  readonly actual: string | undefined;

  constructor(message: string, fields: Pick<DigestError, 'path' | 'expected' | 'actual'>) {
    fields = checkedCopy(fields, message);
    super('DIGEST', message);
    this.path = fields.path;
    this.expected = fields.expected;
    this.actual = fields.actual;
  }
}

/** Thrown when one of the `timeouts` of a call, or the one of `waitUntilReady`, expires. */
export class TimeoutError extends LongshoreError {
  /** Which timeout expired: `connectMs`, `headMs`, `idleMs`, or `timeoutMs` of `waitUntilReady`; `cause` is then why the engine is not ready. */
  readonly limit: 'connect' | 'head' | 'idle' | 'ready';
  /** The timeout, in milliseconds. */
  readonly limitMs: number;

  constructor(message: string, fields: Pick<TimeoutError, 'limit' | 'limitMs'> & { readonly cause?: unknown }) {
    fields = checkedCopy(fields, message);
    super('TIMEOUT', message, { cause: fields.cause, transient: true });
    this.limit = fields.limit;
    this.limitMs = fields.limitMs;
  }
}

/**
 * The meaning of the engine's message. `"unavailable"`: a registry or the engine cannot serve the request now; `"no-space"`: the
 * engine's disk is full; `"quota"`: the registry has no space left for this account; `"immutable"`: the registry does not allow the
 * tag to be overwritten.
 */
export type ApiErrorReason =
  'auth' | 'not-found' | 'rate-limit' | 'no-space' | 'platform' | 'network' | 'unavailable' | 'quota' | 'immutable';

/** The fields that an `ApiError` is made of. */
export type ApiErrorFields = Pick<ApiError, 'status' | 'method' | 'target' | 'daemonMessage'> &
  Partial<Pick<ApiError, 'inStream' | 'reason' | 'hint' | 'detailCode' | 'retryAfterMs'>> & { readonly transient?: boolean | undefined };

/** Thrown when the engine responds with an error. */
export class ApiError extends LongshoreError {
  /** The status of the response; 200 if `inStream` is true. */
  readonly status: number;
  /** The request method, `"GET"`. */
  readonly method: string;
  /** The request target, with `[redacted]` for values that may be secrets. */
  readonly target: string;
  /** The engine's own message; empty if only the client noticed the error. */
  readonly daemonMessage: string;
  /** Whether the operation failed after a success status: an error inside the stream, or a result that is not the requested one. */
  readonly inStream: boolean;
  /** The meaning of the message, if it is known. */
  readonly reason: ApiErrorReason | undefined;
  /** The number in an error inside a stream: a status of a registry, or an exit code. */
  readonly detailCode: number | undefined;
  /** The remedy; the message ends with it. */
  readonly hint: string | undefined;
  /** How long the engine or its registry asks to wait before the next request, in milliseconds, if it does (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, fields: ApiErrorFields) {
    fields = checkedCopy(fields, message);
    super('API', message, { transient: fields.transient });
    this.status = fields.status;
    this.method = fields.method;
    this.target = fields.target;
    this.daemonMessage = fields.daemonMessage;
    this.inStream = fields.inStream ?? false;
    this.reason = fields.reason;
    this.detailCode = fields.detailCode;
    this.hint = fields.hint;
    this.retryAfterMs = fields.retryAfterMs;
  }

  /** Sets only `exchange`, because the message already names the request. */
  override at(place: ExchangePlace): this {
    this.exchange ??= checkedCopy(place);
    return this;
  }
}

/** Thrown when the engine rejects the request as invalid (400). */
export class BadRequestError extends ApiError {}
/** Thrown when the engine or its registry requires other credentials (401, or the message says so). */
export class UnauthorizedError extends ApiError {}
/** Thrown when the engine forbids the request (403). */
export class ForbiddenError extends ApiError {}
/** Thrown when the engine says that something named in the request does not exist (404, or the message says so). */
export class NotFoundError extends ApiError {}
/** Thrown when the request conflicts with the state of the engine (409, or the message says so). */
export class ConflictError extends ApiError {}
/** Thrown when a registry limits the rate of requests (429, or the message says so). */
export class RateLimitError extends ApiError {}
/** Thrown when the engine fails (5xx). */
export class ServerError extends ApiError {}
/** Thrown when the engine, or a proxy in front of it, is temporarily unavailable (502, 503, 504). */
export class UnavailableError extends ServerError {}

/** Thrown when a response is not the expected JSON: not JSON at all, or a value of another type. */
export class DecodeError extends LongshoreError {
  /** The position of the error, in bytes from the start of the body. */
  readonly offset: number;

  constructor(message: string, fields: Pick<DecodeError, 'offset'>) {
    fields = checkedCopy(fields, message);
    super('DECODE', message);
    this.offset = fields.offset;
  }
}

/** Thrown when the caller's data for a request cannot be read; `cause` is the error of its source. */
export class UploadError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('UPLOAD', message, options);
  }
}

/** Thrown when a file cannot be found, created or written, or a socket of `longshore/testing` cannot be opened. */
export class FileError extends LongshoreError {
  /** The path of the file or socket, as the caller gave it. */
  readonly path: string;
  /** The error name of the system, `"ENOENT"`, `"EACCES"`, `"ENOSPC"`. */
  readonly errno: string | undefined;

  constructor(message: string, fields: { path: string; errno?: string | undefined; cause?: unknown }) {
    fields = checkedCopy(fields, message);
    super('FILE', message, { cause: fields.cause });
    this.path = fields.path;
    this.errno = fields.errno;
  }
}

/** Thrown when the engine's API version lacks an operation or a parameter, or the engine and this client share no API version. */
export class VersionError extends LongshoreError {
  /** The operation or parameter, `"removeImage.platforms"`; undefined if there is no common version. */
  readonly subject: string | undefined;
  /** The required version, `"1.50"`, or the range that this client supports. */
  readonly needed: string;
  /** The version in use, `"1.41"`, or the range that the engine supports. */
  readonly spoken: string;

  constructor(message: string, fields: { subject?: string | undefined; needed: string; spoken: string }) {
    fields = checkedCopy(fields, message);
    super('VERSION', message);
    this.subject = fields.subject;
    this.needed = fields.needed;
    this.spoken = fields.spoken;
  }
}

/** Thrown when configured credentials cannot be read, or must not be sent. */
export class CredentialError extends LongshoreError {
  /** The key of the registry, `"https://index.docker.io/v1/"`, `"localhost:5000"`; undefined if the error concerns all registries. */
  readonly registry: string | undefined;
  /** The credential helper that failed, `"docker-credential-pass"`, if there was one. */
  readonly helper: string | undefined;
  /** The member of config.json that names the helper: `"credsStore"`, `'credHelpers["localhost:5000"]'`. */
  readonly configKey: string | undefined;
  /** The exit code of the helper, if it exited. */
  readonly exitCode: number | undefined;

  // No `cause`: it might contain a secret.
  constructor(message: string, fields: Partial<Pick<CredentialError, 'registry' | 'helper' | 'configKey' | 'exitCode'>>) {
    fields = checkedCopy(fields, message);
    super('CREDENTIAL', message);
    this.registry = fields.registry;
    this.helper = fields.helper;
    this.configKey = fields.configKey;
    this.exitCode = fields.exitCode;
  }
}

/** Thrown when a host, an environment variable or a configuration file cannot be used. */
export class ConfigError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('CONFIG', message, options);
  }
}

/** Thrown when an argument is invalid; the request of that call was not sent. */
export class ArgumentError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown; code?: string }) {
    const own = checkedCopy(options ?? {}, message);
    super(own.code ?? 'ARGUMENT', message, own);
  }
}

/** Thrown when a text is not an image reference. */
export class InvalidReferenceError extends ArgumentError {
  constructor(message: string) {
    super(message, { code: 'INVALID_REFERENCE' });
  }
}

/** Thrown when an entry cannot be represented in a tar archive, or its path would leave the archive. */
export class TarError extends ArgumentError {
  /** The path of the entry, as the caller gave it. */
  readonly path: string | undefined;

  constructor(message: string, fields: { path?: string | undefined; cause?: unknown } = {}) {
    fields = checkedCopy(fields, message);
    super(message, { code: 'TAR', cause: fields.cause });
    this.path = fields.path;
  }
}
