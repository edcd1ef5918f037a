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
import { askedFor, withoutNames } from './request-subject.ts';
import { PROXY_LOGIN, meaningOf } from './error-table.ts';
import type { Meaning, RequestKind } from './error-table.ts';
import { TOO_MANY_ITEMS, hasTooManyItems } from './json.ts';

/** The characters that are shown of an error body that is no JSON; nginx's own pages have below 1000. */
const TEXT_LIMIT = 4096;

/** The characters of an engine's words that an error keeps: eight pages, and few enough to be searched for secrets at once. */
const WORDS_LIMIT = 16_384;

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole JSON text, or its bytes. The error tells that it is none in our own words: V8's quote the input. */
export function decodeJson(content: Uint8Array | string): unknown {
  if (hasTooManyItems(content)) throw new DecodeError(TOO_MANY_ITEMS, { offset: 0 });
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
  /** The target as it was sent; errors do not show it. */
  readonly sent?: string;
}

/** An answer that is not a success. */
export interface UnsuccessfulAnswer {
  readonly status: number;
  /** What stands behind the status. */
  readonly reasonPhrase: string;
  readonly body: Uint8Array;
  /** Whether more of the body was to come, and did not. */
  readonly cut?: boolean;
  /** Whether its fields say that an engine sent it, and not something before the engine. */
  readonly fromEngine?: boolean;
  /** What to do about it, where the words tell nothing better. */
  readonly advice?: string | undefined;
}

/** The error that a final status and its body make. */
export function statusError(asked: Asked, answer: UnsuccessfulAnswer): ApiError {
  const { status, reasonPhrase, body, cut = false, fromEngine = false, advice } = answer;
  const { words: said, isJson } = bodyWords(body);
  const page = said === undefined ? undefined : pageTitle(said);
  const daemonMessage = page ?? said ?? (reasonPhrase || 'without a word');
  const isTls = !isJson && wantsTls(daemonMessage); // in JSON, an engine repeats a registry's
  const notes = [
    isTls ? ' (give tls, write https://, or set DOCKER_TLS_VERIFY)' : '',
    status >= 300 && status < 400 ? '; redirects are never followed' : '',
    page === undefined || isTls ? '' : ' (an HTML page, which no engine sends: something before the engine has answered)',
    said === undefined && status >= 500 ? ' (the answer says no more; the log of the engine may)' : '',
    cut ? ' (the answer was cut short here)' : '',
  ];
  const fields = { status, daemonMessage, inStream: false, isFromEngine: fromEngine, isJson, advice };
  return apiError(asked, fields, `answered ${status}: `, notes.join(''));
}

/** The title of a page of HTML, which is all that it has to say; undefined where a text is none. */
function pageTitle(text: string): string | undefined {
  if (!/^<(?:!doctype html|html|head|title)\b/i.test(text)) return undefined;
  const title = /<title[^<>]{0,200}>([^<]{1,200})/i.exec(text)?.[1]?.replace(/\s+/g, ' ').trim();
  return title || 'a page without a title';
}

/** Whether these are the words that a port for TLS has for plain text: those of Go, which dockerd says, and of nginx. */
export function wantsTls(message: string): boolean {
  return /HTTP request (?:to an HTTPS server|was sent to HTTPS port)/.test(message);
}

/**
 * The error that a message of a stream that began well reports, or undefined where it reports none. Any `errorDetail` and
 * any `error` is one, also without words: engines send neither with a success. So is the body of an error, `{"message"}`,
 * which dockerd and Podman append where they fail after the head of the answer.
 */
export function inStreamError(asked: Asked, message: JsonObject): ApiError | undefined {
  const { errorDetail, error, message: words, status, stream } = message;
  const isBody = typeof words === 'string' && status === undefined && stream === undefined;
  if ((errorDetail ?? error ?? undefined) === undefined && !isBody) return undefined;
  const text = errorText(message) ?? ((isBody && words) || 'without a word');
  const code = isJsonObject(errorDetail) ? errorDetail['code'] : undefined;
  const detailCode = typeof code === 'number' ? code : undefined;
  const fields = { status: 200, daemonMessage: text, inStream: true, detailCode, isFromEngine: true, isJson: true };
  return apiError(asked, fields, 'failed on the way: ', '');
}

/** What is known of a failure before its words are read. */
interface Failure extends Pick<ApiErrorFields, 'status' | 'daemonMessage' | 'detailCode'> {
  readonly inStream: boolean;
  readonly isFromEngine: boolean;
  readonly isJson: boolean;
  readonly advice?: string | undefined;
}

function apiError(asked: Asked, failure: Failure, verb: string, note: string): ApiError {
  const { method, target, address } = asked;
  const { status, daemonMessage: said, inStream, detailCode } = failure;
  const daemonMessage = cutTo(WORDS_LIMIT, said);
  const { kind, registry, names } = askedFor(asked.sent ?? target);
  const meaning = status === 407 ? PROXY_LOGIN : meaningOf(withoutNames(said, names), kind);
  const hint = remedyFor(meaning?.remedy, registry) ?? failure.advice;
  const message = `${method} ${target} on ${address} ${verb}${shownWords(daemonMessage)}${note}`;
  const Class = classOf(failure, kind, meaning, names.length > 0);
  return new Class(hint === undefined ? message : `${message}. ${hint}`, {
    status, daemonMessage, inStream, detailCode, method, target, hint,
    reason: meaning?.reason ?? reasonOf(status, Class),
    transient: meaning?.transient ?? (meaning?.reason === undefined && passing.has(status)),
  });
}

/** The remedy for that registry; the docker command takes the Docker Hub where none is named. */
function remedyFor(remedy: string | undefined, registry: string | undefined): string | undefined {
  if (registry === undefined) return remedy;
  const bare = registry === '' ? remedy?.replaceAll(/(docker log(?:in|out)) HOST/g, '$1') : remedy;
  return bare?.replaceAll(/\bHOST\b/g, () => escapeText(registry || 'docker.io'));
}

/** Several lines, as Podman writes them, stay lines, set in so that none passes for a line of a log. */
function shownWords(words: string): string {
  return words.trim().split(/\r?\n/).map((line) => escapeText(line)).join('\n  ');
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
  return bodyWords(body).words;
}

function bodyWords(body: Uint8Array): { readonly words: string | undefined; readonly isJson: boolean } {
  const text = new TextDecoder().decode(body).trim();
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) {
      const all = [value['message'], errorText(value), value['cause']];
      const found = all.find((word): word is string => typeof word === 'string' && word !== '');
      if (found !== undefined) return { words: found.trim(), isJson: true };
      if (Object.values(value).every((member) => member === '' || member === null)) return { words: undefined, isJson: true };
    }
  } catch {
    // Plain text, then: old engines and proxies answer so.
  }
  if (text === '') return { words: undefined, isJson: false };
  return { words: cutTo(TEXT_LIMIT, text), isJson: false };
}

function cutTo(limit: number, text: string): string {
  return text.length > limit ? text.slice(0, limit - 1) + ELLIPSIS : text;
}

type ApiErrorClass = new (message: string, fields: ApiErrorFields) => ApiError;

const byStatus: ReadonlyMap<number, ApiErrorClass> = new Map<number, ApiErrorClass>([
  [400, BadRequestError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [409, ConflictError],
  [429, RateLimitError],
  [502, UnavailableError],
  [503, UnavailableError],
  [504, UnavailableError],
]);

const byReason: ReadonlyMap<ApiErrorReason | undefined, ApiErrorClass> = new Map<ApiErrorReason, ApiErrorClass>([
  ['auth', UnauthorizedError],
  ['not-found', NotFoundError],
  ['rate-limit', RateLimitError],
]);

/** The statuses that pass: RFC 9110 §15.5.9 and §15.6.3 to §15.6.5, RFC 6585 §4. */
const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * The status tells, but for three: 200 before a stream that failed, 500, which Podman says of nearly everything, and 404,
 * which may be a proxy's.
 */
function classOf(failure: Failure, kind: RequestKind, meaning: Meaning | undefined, hasNames: boolean): ApiErrorClass {
  const { status, inStream } = failure;
  if (inStream) return byReason.get(meaning?.reason) ?? meaning?.as500 ?? ApiError;
  if (status === 404) return hasNames || kind === 'archive' ? classOf404(failure, kind, meaning) : ApiError;
  const meant = status === 500 ? meaning?.as500 : undefined;
  return byStatus.get(status) ?? meant ?? (status >= 500 ? ServerError : ApiError);
}

/** For a request that names something. Only the engine's own answer says that it is absent: its fields show that it is one, or its JSON words. */
function classOf404({ isFromEngine, isJson }: Failure, kind: RequestKind, meaning: Meaning | undefined): ApiErrorClass {
  if (kind === 'archive') return BadRequestError; // what the archive refers to: a load and an import name no image
  const isSpecific = meaning !== undefined && meaning.vague !== true;
  const isVagueOnly = meaning?.vague === true && meaning.reason === undefined;
  return !isVagueOnly && (isFromEngine || (isJson && isSpecific)) ? NotFoundError : ApiError;
}

/** What a status alone tells, where the words tell nothing. */
function reasonOf(status: number, Class: ApiErrorClass): ApiErrorReason | undefined {
  if (status === 401) return 'auth';
  if (status === 429) return 'rate-limit';
  return Class === UnavailableError ? 'unavailable' : undefined;
}
