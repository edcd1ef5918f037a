// What an engine's answers say: JSON into values, and errors, in all their forms, into ours.

import { ELLIPSIS, decodeUtf8, escapeBytes, escapeText, utf8 } from '../bytes.ts';
import {
  ApiError,
  BadRequestError,
  ConflictError,
  DecodeError,
  ForbiddenError,
  NotFoundError,
  RateLimitError,
  ServerError,
  UnauthorizedError,
  UnavailableError,
} from '../errors.ts';
import type { ApiErrorFields, ApiErrorReason } from '../errors.ts';

/** The characters that are shown of an error body that is no JSON; nginx's own pages have below 1000. */
const TEXT_LIMIT = 4096;

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole JSON text, or its bytes. The error tells that it is none in our own words: V8's quote the input. */
export function decodeJson(content: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof content === 'string' ? content : decodeUtf8(content));
  } catch {
    const bytes = typeof content === 'string' ? utf8(content) : content;
    const message = bytes.length === 0 ? 'the answer has no content where JSON was due' : 'the answer is no JSON';
    throw new DecodeError(`${message}${bytes.length > 0 ? `: "${escapeBytes(bytes)}"` : ''}`, { offset: 0 });
  }
}

/** The request that was answered. */
export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly address: string;
}

/** The error that a final status and its body make; `cut`: more of the body was to come, and did not. */
export function statusError(asked: Asked, status: number, reasonPhrase: string, body: Uint8Array, cut = false): ApiError {
  const said = bodyMessage(body);
  const page = said === undefined ? undefined : pageTitle(said);
  const daemonMessage = page ?? said ?? (reasonPhrase || 'without a word');
  const isTls = wantsTls(daemonMessage);
  const hints = [
    isTls ? ' (give tls, write https://, or set DOCKER_TLS_VERIFY)' : '',
    status >= 300 && status < 400 ? '; redirects are never followed' : '',
    page === undefined || isTls ? '' : ' (a page of HTML, which no engine sends: something before the engine has answered)',
    said === undefined && status >= 500 ? ' (the answer says no more; the log of the engine may)' : '',
    cut ? ' (the answer was cut short here)' : '',
  ];
  return apiError(asked, { status, daemonMessage, inStream: false }, `answered ${status}: `, hints.join(''));
}

/** The title of a page of HTML, which is all that it has to say; undefined where a text is none. */
function pageTitle(text: string): string | undefined {
  if (!/^<(?:!doctype html|html|head|title)\b/i.test(text)) return undefined;
  const title = /<title[^>]*>([^<]{1,200})/i.exec(text)?.[1]?.replace(/\s+/g, ' ').trim();
  return title || 'a page without a title';
}

/** Whether these are the words that a port for TLS has for plain text: those of Go, which dockerd says, and of nginx. */
export function wantsTls(message: string): boolean {
  return /HTTP request (?:to an HTTPS server|was sent to HTTPS port)/.test(message);
}

/**
 * The error that a message of a stream that began well reports, or undefined where it reports none. Any `errorDetail` and
 * any `error` is one, also without words: engines send neither with a success.
 */
export function inStreamError(asked: Asked, message: JsonObject): ApiError | undefined {
  const { errorDetail, error } = message;
  if ((errorDetail ?? error ?? undefined) === undefined) return undefined;
  const text = errorText(message) ?? 'without a word';
  const code = isJsonObject(errorDetail) ? errorDetail['code'] : undefined;
  const detailCode = typeof code === 'number' ? code : undefined;
  return apiError(asked, { status: 200, daemonMessage: text, inStream: true, detailCode }, 'failed on the way: ', '');
}

function apiError(
  { method, target, address }: Asked,
  fields: Pick<ApiErrorFields, 'status' | 'daemonMessage' | 'detailCode'> & { readonly inStream: boolean },
  verb: string,
  hint: string,
): ApiError {
  const wording = wordings.find(({ pattern }) => pattern.test(fields.daemonMessage));
  const { reason } = wording ?? {};
  const Class = classOf(fields, wording);
  const advice = wording?.hint === undefined ? '' : `; ${wording.hint}`;
  const message = `${method} ${target} on ${address} ${verb}${escapeText(fields.daemonMessage)}${hint}${advice}`;
  const all: ApiErrorFields = { ...fields, method, target, reason };
  return new Class(message, all);
}

/** Wherever engines put their words: dockerd in `message`; streams, and Podman 5.8's push, in the other two. */
function errorText({ errorDetail, error }: JsonObject): string | undefined {
  return wordsOf(errorDetail) ?? wordsOf(error) ?? unusualText(errorDetail) ?? unusualText(error);
}

/** The words of an `errorDetail` or an `error`, which may be a text or an object with a `message`. */
function wordsOf(value: unknown): string | undefined {
  const words = isJsonObject(value) ? value['message'] : value;
  return typeof words === 'string' && words !== '' ? words : undefined;
}

/** What has no words, as JSON; undefined where it holds nothing. */
function unusualText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'object' && Object.keys(value).length === 0) return undefined;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // an object nested so deep that it exceeds the stack
  }
}

/** The words of an error body: JSON by its content, whatever its type says (Podman 5.4 sends none); else its text. */
export function bodyMessage(body: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(body).trim();
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) {
      const words = [value['message'], errorText(value), value['cause']];
      const found = words.find((word): word is string => typeof word === 'string' && word !== '');
      if (found !== undefined) return found.trim();
    }
  } catch {
    // Plain text, then: old engines and proxies answer so.
  }
  if (text === '') return undefined;
  return text.length > TEXT_LIMIT ? text.slice(0, TEXT_LIMIT - 1) + ELLIPSIS : text;
}

type ApiErrorClass = new (message: string, fields: ApiErrorFields) => ApiError;

const byStatus: ReadonlyMap<number, ApiErrorClass> = new Map<number, ApiErrorClass>([
  [400, BadRequestError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [409, ConflictError],
  [429, RateLimitError],
  [503, UnavailableError],
]);

const byReason: ReadonlyMap<ApiErrorReason | undefined, ApiErrorClass> = new Map<ApiErrorReason, ApiErrorClass>([
  ['auth', UnauthorizedError],
  ['not-found', NotFoundError],
  ['rate-limit', RateLimitError],
]);

/** The status tells, but for two: 200 before a stream that failed, and 500, which Podman says of nearly everything. */
function classOf(
  { status, inStream }: { readonly status: number; readonly inStream: boolean },
  wording: Wording | undefined,
): ApiErrorClass {
  const named = inStream ? byReason.get(wording?.reason) : byStatus.get(status);
  const meant = status === 500 ? wording?.as500 : undefined;
  return named ?? meant ?? (status >= 500 ? ServerError : ApiError);
}

/** What some words mean. */
interface Wording {
  readonly pattern: RegExp;
  readonly reason?: ApiErrorReason;
  /** The class of a 500 that says so, where other engines have a status for it; only for words that leave no doubt. */
  readonly as500?: ApiErrorClass;
  /** What it means, where the words alone lead nobody to it. */
  readonly hint?: string;
}

/** What engines and registries say, and what it means; the first that matches. The only place that reads English. */
const wordings: readonly Wording[] = [
  { pattern: /toomanyrequests|too many requests|rate limit/i, reason: 'rate-limit', as500: RateLimitError },
  { pattern: /no space left on device|disk quota exceeded/i, reason: 'no-space' },
  {
    pattern: /no basic auth credentials|authentication required|401 unauthorized|unauthorized|insufficient_scope/i,
    reason: 'auth',
    as500: UnauthorizedError,
  },
  {
    pattern: /access denied|access to the resource is denied|\bdenied:/i,
    reason: 'auth',
    as500: UnauthorizedError,
  },
  {
    pattern: /does not match the specified platform|no match(?:ing manifest)? for platform|no matching manifest/i,
    reason: 'platform',
  },
  {
    // The containerd store, of an image that lacks it, and of an archive that lacked it.
    pattern: /(?:does not|doesn't) provide (?:any|the (?:specified|requested)) platform/i,
    reason: 'platform',
  },
  {
    // Docker 28.5's containerd store, of the save of an image of which it has another platform's variant alone.
    pattern: /unable to create manifests file: NotFound: content digest \S+ not found/i,
    reason: 'platform',
    hint: "the image is there, and the variant for the engine's own platform is not: say which platform",
  },
  // Podman of an index; Docker of a save.
  { pattern: /no image found in (?:image index|manifest list)|no suitable export target found/i, reason: 'platform' },
  {
    pattern: /unknown operating system or architecture|operating system is not supported|invalid platform/i,
    reason: 'platform',
  },
  { pattern: /platform .* not (?:found|supported)/i, reason: 'platform' },
  { pattern: /no such image|image not known/i, reason: 'not-found', as500: NotFoundError },
  // Podman, of an id without "sha256:" that no image has.
  { pattern: /cannot specify 64-byte hexadecimal strings/i, reason: 'not-found', as500: NotFoundError },
  { pattern: /image does not exist|manifest unknown|name unknown|repository .*not found/i, reason: 'not-found' },
  { pattern: /not found|does not exist/i, reason: 'not-found' },
  {
    pattern: /connection refused|no such host|i\/o timeout|network is unreachable|dial tcp|server misbehaving/i,
    reason: 'network',
  },
  { pattern: /tls:|x509:|server gave HTTP response to HTTPS client/i, reason: 'network' },
  // Podman, of an image with several names that is to be removed by its id.
  { pattern: /by ID with more than one tag .*force removal/i, as500: ConflictError },
];
