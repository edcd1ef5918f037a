// Every error that longshore throws. A handler looks at the class, the `code` and the fields, never at the text.
// An abort is not among them: an aborted call rejects with its signal's own reason.

/** The exchange during which something failed: what a person looks at first, and what a retry loop needs. */
export interface ExchangePlace {
  /** The request method, `"GET"`. */
  readonly method: string;
  /** The request target, `"/v1.41/images/json"`, with `[redacted]` for values that may be secrets. */
  readonly target: string;
  /** The engine's address, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** Whether a byte of the request may have left: if so, the engine may have done what was asked. */
  readonly requestSent: boolean;
  /** Whether the connection had carried an exchange before. */
  readonly reusedSocket: boolean;
}

/** Options of every error of ours. `ErrorOptions`, which has `cause` too, needs the `lib` of ES2022. */
interface LongshoreErrorOptions {
  readonly cause?: unknown;
  readonly transient?: boolean | undefined;
}

/** A checked copy of what an error is made of: programs make errors of ours, too, and texts are made of the fields. */
function fieldsOf<Fields extends object>(fields: Fields, ...texts: readonly string[]): Fields {
  try {
    const own = { ...fields };
    const values = [...texts, ...Object.values({ ...own, cause: undefined })];
    if (Object(fields) === fields && values.every((value) => /^(?:string|number|boolean|undefined)$/.test(typeof value))) return own;
  } catch {
    // a proxy or a getter that throws
  }
  throw new ArgumentError('an error is made of texts, numbers and booleans, and a cause');
}

/** Thrown never as itself: the root of every error of ours. */
export class LongshoreError extends Error {
  /** Stable, one for each class: `"LONGSHORE_CONNECT"`. */
  readonly code: string;
  /** Whether the same call, repeated later with nothing changed on this side, may succeed. */
  readonly transient: boolean;
  /** Set where an exchange with an engine was under way. */
  exchange: ExchangePlace | undefined;

  constructor(code: string, message: string, options?: LongshoreErrorOptions) {
    const own = fieldsOf(options ?? {}, code, message);
    super(message, own);
    this.name = new.target.name;
    this.code = `LONGSHORE_${code}`;
    this.transient = own.transient ?? false;
    this.exchange = undefined;
  }

  /** Says where it happened, once: the first place named is the innermost. */
  at(place: ExchangePlace): this {
    if (this.exchange !== undefined) return this;
    this.exchange = fieldsOf(place);
    this.message = `${place.method} ${place.target} on ${place.address}: ${this.message}`;
    return this;
  }
}

/** The errors that came out of a caller's function. */
const callersOwn = new WeakSet<object>();

/** Runs a caller's function. An error of ours that it throws is the caller's, and is rejected as it is. */
export function callersCall<Value>(run: () => Value): Value {
  try {
    const value = run();
    return value instanceof Promise ? (value.catch(throwAsOwn) as Value) : value;
  } catch (error) {
    return throwAsOwn(error);
  }
}
function throwAsOwn(error: unknown): never {
  if (error instanceof LongshoreError) callersOwn.add(error);
  throw error;
}

/** Whether a caller made the error: as the reason of that signal, or in a function of its own. */
export function isCallersOwn(error: object, signal?: AbortSignal): boolean {
  return callersOwn.has(error) || (signal?.aborted === true && signal.reason === error);
}

/**
 * The failures to connect that pass: the engine starts or starts again (ENOENT: its socket is not there yet), its queue is
 * full (EAGAIN), the network or the name server recovers. gRPC has the same as UNAVAILABLE. Not among them: ENOTFOUND, a
 * name that does not exist; EACCES; and what a certificate has wrong.
 */
const PASSING: ReadonlySet<string | undefined> = new Set([
  'EADDRNOTAVAIL', 'EAGAIN', 'EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH',
  'EMFILE', 'ENETDOWN', 'ENETUNREACH', 'ENFILE', 'ENOBUFS', 'ENOENT', 'EPIPE', 'ETIMEDOUT',
]);

/** Thrown when no connection to the engine could be made, or it broke before the answer began. */
export class ConnectError extends LongshoreError {
  /** The address that was dialled, `"unix:///var/run/docker.sock"`. */
  readonly address: string;
  /** The name that the system, Node or OpenSSL gives it, `"ENOENT"`, `"ECONNREFUSED"`, `"CERT_HAS_EXPIRED"`, if any. */
  readonly errno: string | undefined;
  /** What to do about it; the message ends with it. */
  readonly hint: string | undefined;

  constructor(
    message: string,
    fields: LongshoreErrorOptions & { address: string; errno?: string | undefined; hint?: string | undefined },
  ) {
    fields = fieldsOf(fields, message);
    const { cause, hint, transient = PASSING.has(fields.errno) } = fields;
    super('CONNECT', hint === undefined ? message : `${message}. ${hint}`, { cause, transient });
    this.address = fields.address;
    this.errno = fields.errno;
    this.hint = fields.hint;
  }
}

/** Thrown when the other side's bytes are not HTTP/1.1 as RFC 9112 has it. */
export class ProtocolError extends LongshoreError {
  /** Where in the answer the offence is, in bytes from its start. */
  readonly offset: number;
  /** The rule broken, `"RFC 9112 §7.1"`. */
  readonly section: string;
  /** At most 64 of the offending bytes, escaped. */
  readonly excerpt: string;

  constructor(message: string, fields: { offset: number; section: string; excerpt?: string }) {
    fields = fieldsOf(fields, message);
    const excerpt = fields.excerpt ?? '';
    super('PROTOCOL', `${message}${excerpt && ` "${excerpt}"`} at byte ${fields.offset} (${fields.section})`);
    this.offset = fields.offset;
    this.section = fields.section;
    this.excerpt = excerpt;
  }
}

/** Thrown when an answer was valid as far as it went, and ended too early. */
export class TruncatedError extends LongshoreError {
  /** What was being read: `"head"`, `"content"`, `"stream"` (JSON values) or `"archive"` (a tar). */
  readonly phase: 'head' | 'content' | 'stream' | 'archive';
  /** Bytes of that part that came. */
  readonly received: number;
  /** Bytes that were announced, where a length was. */
  readonly expected: number | undefined;

  constructor(
    message: string,
    fields: LongshoreErrorOptions & {
      phase: TruncatedError['phase'];
      received: number;
      expected?: number | undefined;
    },
  ) {
    fields = fieldsOf(fields, message);
    // Most often a connection that broke, or an engine that was stopped.
    super('TRUNCATED', message, { cause: fields.cause, transient: fields.transient ?? true });
    this.phase = fields.phase;
    this.received = fields.received;
    this.expected = fields.expected;
  }
}

/** Thrown when a saved archive lacks what it refers to, or holds something else under that name. */
export class DigestError extends LongshoreError {
  /** The entry, by its path in the archive. */
  readonly path: string;
  /** The digest that a name, a manifest or a config gives for it, `"sha256:..."`; undefined where none does. */
  readonly expected: string | undefined;
  /** The digest of what is there; undefined where nothing is. */
  readonly actual: string | undefined;

  constructor(message: string, fields: { path: string; expected: string | undefined; actual: string | undefined }) {
    fields = fieldsOf(fields, message);
    super('DIGEST', message);
    this.path = fields.path;
    this.expected = fields.expected;
    this.actual = fields.actual;
  }
}

/** Thrown when one of the limits of time ran out. */
export class TimeoutError extends LongshoreError {
  /** Which limit: see `timeouts`. */
  readonly limit: 'connect' | 'head' | 'idle';
  /** The limit, in milliseconds. */
  readonly limitMs: number;

  constructor(message: string, fields: { limit: TimeoutError['limit']; limitMs: number }) {
    fields = fieldsOf(fields, message);
    super('TIMEOUT', message, { transient: true }); // an engine that was busy may be less so
    this.limit = fields.limit;
    this.limitMs = fields.limitMs;
  }
}

/**
 * What a daemon's words tell beyond its status. `"unavailable"`: a registry, or the engine itself, is not able to serve now;
 * `"quota"`: the registry has no room for more; `"immutable"`: the registry does not let a tag be changed.
 */
export type ApiErrorReason =
  | 'auth'
  | 'not-found'
  | 'rate-limit'
  | 'no-space'
  | 'platform'
  | 'network'
  | 'unavailable'
  | 'quota'
  | 'immutable';

/** What an `ApiError` is made of. */
export interface ApiErrorFields {
  /** The final status; 200 where the error stood inside a stream. */
  readonly status: number;
  /** The request method. */
  readonly method: string;
  /** The request target, with `[redacted]` for values that may be secrets. */
  readonly target: string;
  /** The daemon's own words. */
  readonly daemonMessage: string;
  /** Whether the error stood inside a stream that began well. */
  readonly inStream?: boolean;
  /** What those words tell. */
  readonly reason?: ApiErrorReason | undefined;
  /** Whether the words or the status tell of something that passes. Default false. */
  readonly transient?: boolean | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The number that an error inside a stream may have beside its words: a registry's status, or an exit code. */
  readonly detailCode?: number | undefined;
}

/** Thrown when the engine answered, and the answer is no success. */
export class ApiError extends LongshoreError implements ApiErrorFields {
  readonly status: number;
  readonly method: string;
  readonly target: string;
  readonly daemonMessage: string;
  readonly inStream: boolean;
  readonly reason: ApiErrorReason | undefined;
  readonly detailCode: number | undefined;
  /** What to do about it; the message ends with it. */
  readonly hint: string | undefined;

  constructor(message: string, fields: ApiErrorFields) {
    fields = fieldsOf(fields, message);
    super('API', message, { transient: fields.transient });
    this.status = fields.status;
    this.method = fields.method;
    this.target = fields.target;
    this.daemonMessage = fields.daemonMessage;
    this.inStream = fields.inStream ?? false;
    this.reason = fields.reason;
    this.detailCode = fields.detailCode;
    this.hint = fields.hint;
  }

  /** As its message says already what was asked and where, only the field is set. */
  override at(place: ExchangePlace): this {
    this.exchange ??= fieldsOf(place);
    return this;
  }
}

/** Thrown when the engine found the request wrong (400). */
export class BadRequestError extends ApiError {}

/** Thrown when the engine or its registry wants other credentials (401, or its words say so). */
export class UnauthorizedError extends ApiError {}

/** Thrown when the engine refuses (403). */
export class ForbiddenError extends ApiError {}

/** Thrown when the engine says that what was named is not there (404, or its words say so). */
export class NotFoundError extends ApiError {}

/** Thrown when the engine's state stands in the way (409, or its words say so). */
export class ConflictError extends ApiError {}

/** Thrown when a registry asks to slow down (429, or the words say so). */
export class RateLimitError extends ApiError {}

/** Thrown when the engine failed (5xx). */
export class ServerError extends ApiError {}

/** Thrown when the engine, or a proxy before it, is not able to serve now (502, 503, 504). */
export class UnavailableError extends ServerError {}

/** Thrown when an answer is not the JSON that it should be: not JSON at all, or a value of another kind. */
export class DecodeError extends LongshoreError {
  /** Where the offence is, in bytes from the start of the content. */
  readonly offset: number;

  constructor(message: string, fields: { offset: number }) {
    fields = fieldsOf(fields, message);
    super('DECODE', message);
    this.offset = fields.offset;
  }
}

/** Thrown when the bytes that you gave to be sent could not be read; `cause` is your source's own error. */
export class UploadError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('UPLOAD', message, options);
  }
}

/** Thrown when a file cannot be made or written, or a socket not be listened on. */
export class FileError extends LongshoreError {
  /** The file, as you named it. */
  readonly path: string;
  /** The system's error name, `"ENOENT"`, `"EACCES"`, `"ENOSPC"`. */
  readonly errno: string | undefined;

  constructor(message: string, fields: { path: string; errno?: string | undefined; cause?: unknown }) {
    fields = fieldsOf(fields, message);
    super('FILE', message, { cause: fields.cause });
    this.path = fields.path;
    this.errno = fields.errno;
  }
}

/** Thrown when the engine's API version lacks what was asked for, or its range does not meet ours. */
export class VersionError extends LongshoreError {
  /** The operation or parameter, `"removeImage.platforms"`; undefined where the ranges do not meet. */
  readonly subject: string | undefined;
  /** The version it needs, `"1.50"`, or the range that this client speaks. */
  readonly needed: string;
  /** The version spoken, `"1.41"`, or the range that the engine speaks. */
  readonly spoken: string;

  constructor(message: string, fields: { subject?: string | undefined; needed: string; spoken: string }) {
    fields = fieldsOf(fields, message);
    super('VERSION', message);
    this.subject = fields.subject;
    this.needed = fields.needed;
    this.spoken = fields.spoken;
  }
}

/** What a `CredentialError` is made of: no cause, which might know the secret. */
interface CredentialErrorFields {
  readonly registry?: string | undefined;
  readonly helper?: string | undefined;
  readonly configKey?: string | undefined;
  readonly exitCode?: number | undefined;
}

/** Thrown when credentials for a registry cannot be had though the configuration says where, or must not be sent. */
export class CredentialError extends LongshoreError {
  /** The registry they were wanted for, `"https://index.docker.io/v1/"`, `"localhost:5000"`; undefined: for any. */
  readonly registry: string | undefined;
  /** The program that was asked for them, `"docker-credential-pass"`, where one was. */
  readonly helper: string | undefined;
  /** The member of config.json that names the program: `"credsStore"`, `'credHelpers["localhost:5000"]'`. */
  readonly configKey: string | undefined;
  /** What the program ended with, where it ended by itself. */
  readonly exitCode: number | undefined;

  constructor(message: string, fields: CredentialErrorFields) {
    fields = fieldsOf(fields, message);
    super('CREDENTIAL', message);
    this.registry = fields.registry;
    this.helper = fields.helper;
    this.configKey = fields.configKey;
    this.exitCode = fields.exitCode;
  }
}

/** Thrown when a host, a variable or a configuration file cannot be used. */
export class ConfigError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super('CONFIG', message, options);
  }
}

/** Thrown before any byte is sent, when what a call was given cannot be meant. */
export class ArgumentError extends LongshoreError {
  constructor(message: string, options?: { readonly cause?: unknown; code?: string }) {
    const own = fieldsOf(options ?? {}, message);
    super(own.code ?? 'ARGUMENT', message, own);
  }
}

/** Thrown when a text is no image reference. */
export class InvalidReferenceError extends ArgumentError {
  constructor(message: string) {
    super(message, { code: 'INVALID_REFERENCE' });
  }
}

/** Thrown when an entry cannot be put into an archive without lying or escaping from it. */
export class TarError extends ArgumentError {
  /** The entry's path, as given. */
  readonly path: string | undefined;

  constructor(message: string, fields: { path?: string | undefined; cause?: unknown } = {}) {
    fields = fieldsOf(fields, message);
    super(message, { code: 'TAR', cause: fields.cause });
    this.path = fields.path;
  }
}
