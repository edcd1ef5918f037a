// Makes an ApiError from an error response, or from an error message inside a stream that began with status 200. This file extracts
// the message; `error-table.ts` has the meanings of statuses and messages.

import { escapeText, truncateText } from '../bytes.ts';
import { ApiError, BadRequestError, NotFoundError, RateLimitError, ServerError, UnauthorizedError } from '../errors.ts';
import type { ApiErrorFields, ApiErrorReason } from '../errors.ts';
import { meaningOf, statusMeanings } from './error-table.ts';
import type { ApiErrorClass, RequestKind } from './error-table.ts';
import { isJsonObject, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';
import { askedFor, withoutNames } from './request-subject.ts';
import { retryAfterInMessage } from './retry-after.ts';

/** The longest part of an error body that is shown if it is not JSON, in characters; nginx's own pages have fewer than 1000. */
const TEXT_LIMIT = 4096;
/** The longest text in an error, in characters: eight pages, and few enough that searching them for secrets takes milliseconds. */
export const ERROR_TEXT_LIMIT = 16_384;
/** The `daemonMessage` of an error without a message. */
const NO_MESSAGE = 'no message';

/** The request that failed, as its error describes it. */
export interface RequestSummary {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  /** The original target, if `target` is redacted. Errors do not show it. */
  readonly sent?: string;
}

/** A response with a status other than success. */
export interface StatusAndBody {
  readonly status: number;
  readonly reasonPhrase: string;
  readonly body: Uint8Array;
  /** Whether the body is incomplete. */
  readonly isTruncated?: boolean;
  /** Whether header fields prove that it was sent by an engine and not by a proxy. */
  readonly isFromEngine?: boolean;
  /** The delay that the field Retry-After asks for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The remedy that is used if the error table has none for the message. */
  readonly advice?: string | undefined;
}

/** Makes the error for a response with a status other than success. */
export function statusError(request: RequestSummary, response: StatusAndBody): ApiError {
  const { status, reasonPhrase, body, isTruncated = false, isFromEngine = false, retryAfterMs, advice } = response;
  const { text, isJson } = readErrorBody(body);
  const title = text === undefined ? undefined : pageTitle(text);
  const daemonMessage = title ?? text ?? (reasonPhrase || NO_MESSAGE);
  const isTls = !isJson && expectsTls(daemonMessage); // in JSON, an engine may quote a registry
  const notes = [
    isTls ? ' (set the option tls, write https://, or set DOCKER_TLS_VERIFY)' : '',
    status >= 300 && status < 400 ? '; redirects are not followed' : '',
    title === undefined || isTls ? '' : ' (an HTML page: it comes from a proxy or another server, not from an engine)',
    text === undefined && status >= 500 ? " (the response has no message; see the engine's log)" : '',
    isTruncated ? ' (the response is truncated here)' : '',
  ];
  const failure = { status, daemonMessage, inStream: false, isFromEngine, isJson, retryAfterMs, advice };
  return apiError(request, failure, `answered ${status}: `, notes.join(''));
}

function pageTitle(text: string): string | undefined {
  if (!/^<(?:!doctype html|html|head|title)\b/i.test(text)) return undefined;
  const title = /<title[^<>]{0,200}>([^<]{1,200})/i.exec(text)?.[1]?.replace(/\s+/g, ' ').trim();
  return title || 'a page without a title';
}

/** Whether a message says that the port expects TLS, in the words of Go's server (which dockerd uses) or of nginx. */
export function expectsTls(message: string): boolean {
  return /HTTP request (?:to an HTTPS server|was sent to HTTPS port)/.test(message);
}

/**
 * The error that an object of a stream reports; undefined if it reports none. Every `errorDetail` and every `error` is an error,
 * even an empty one: engines never send them with a success. `{"message"}` is an error, too: it is the body of an error response,
 * which dockerd and Podman append to a stream if they fail after its head.
 */
export function inStreamError(request: RequestSummary, message: JsonObject): ApiError | undefined {
  const { errorDetail, error, message: text, status, stream } = message;
  const isBody = typeof text === 'string' && status === undefined && stream === undefined;
  if ((errorDetail ?? error ?? undefined) === undefined && !isBody) return undefined;
  const daemonMessage = errorText(message) ?? ((isBody && text) || NO_MESSAGE);
  const code = isJsonObject(errorDetail) ? errorDetail['code'] : undefined;
  const detailCode = typeof code === 'number' ? code : undefined;
  return apiError(request, { status: 200, daemonMessage, inStream: true, detailCode, isFromEngine: true, isJson: true }, 'failed: ', '');
}

interface Failure extends Pick<ApiErrorFields, 'status' | 'daemonMessage' | 'detailCode' | 'retryAfterMs'> {
  readonly inStream: boolean;
  readonly isFromEngine: boolean;
  readonly isJson: boolean;
  readonly advice?: string | undefined;
}

function apiError(request: RequestSummary, failure: Failure, verb: string, note: string): ApiError {
  const { method, target, address } = request;
  const { status, inStream, detailCode } = failure;
  const daemonMessage = truncateText(failure.daemonMessage, ERROR_TEXT_LIMIT);
  const { kind, registry, names } = askedFor(request.sent ?? target);
  const ofStatus = inStream ? undefined : statusMeanings.get(status);
  const words = withoutNames(failure.daemonMessage, names);
  const meaning = ofStatus?.remedy === undefined ? meaningOf(words, kind) : undefined;
  const hint = remedyFor(meaning?.remedy ?? ofStatus?.remedy, registry, kind) ?? failure.advice;
  const message = `${method} ${target} on ${address} ${verb}${indentedLines(daemonMessage)}${note}`;
  const ErrorClass = classOf(failure, kind, meaning, names.length > 0);
  return new ErrorClass(hint === undefined ? message : `${message}. ${hint}`, {
    status, daemonMessage, inStream, detailCode, method, target, hint,
    reason: meaning?.reason ?? ofStatus?.reason,
    retryAfterMs: failure.retryAfterMs ?? retryAfterInMessage(words),
    transient: meaning?.transient ?? (meaning?.reason === undefined && ofStatus?.transient === true),
  });
}

/**
 * Replaces `HOST` in a remedy by the registry; `docker login` needs no host for the Docker Hub. If the engine was to fetch a URL, returns no
 * remedy that is about a registry.
 */
function remedyFor(remedy: string | undefined, registry: string | undefined, kind: RequestKind): string | undefined {
  if (kind === 'url' && /\bregistry\b/.test(remedy ?? '')) return undefined;
  if (registry === undefined) return remedy;
  const withoutHost = registry === '' ? remedy?.replaceAll(/(docker log(?:in|out)) HOST/g, '$1') : remedy;
  return withoutHost?.replaceAll(/\bHOST\b/g, () => escapeText(registry || 'docker.io'));
}

/** Podman's messages may have several lines. They are indented, so that none looks like a line of a log. */
function indentedLines(message: string): string {
  return message.trim().split(/\r?\n/).map((line) => escapeText(line)).join('\n  ');
}

/** The text of an error object in a stream or in a body. (Podman 5.8 sends such a body for a push.) */
function errorText({ errorDetail, error }: JsonObject): string | undefined {
  return messageIn(errorDetail) ?? messageIn(error) ?? jsonText(errorDetail) ?? jsonText(error);
}

/** An `errorDetail` or `error` is a text, or an object with a `message`. */
function messageIn(value: unknown): string | undefined {
  const text = isJsonObject(value) ? value['message'] : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** A value without a message, as JSON; undefined if it is empty. */
function jsonText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'object' && Object.keys(value).length === 0) return undefined;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // nested so deeply that it exceeds the stack
  }
}

/** The message in an error body: a member if the body is JSON (Podman 5.4 sends no Content-Type), else all of its text. */
export function readErrorBody(body: Uint8Array): { readonly text: string | undefined; readonly isJson: boolean } {
  const text = new TextDecoder().decode(body).trim();
  const value = parseJson(text);
  if (isJsonObject(value)) { // old engines and proxies send plain text
    const candidates = [value['message'], errorText(value), value['cause']];
    const found = candidates.find((candidate): candidate is string => typeof candidate === 'string' && candidate !== '');
    if (found !== undefined) return { text: found.trim(), isJson: true };
    if (Object.values(value).every((member) => member === '' || member === null)) return { text: undefined, isJson: true };
  }
  return { text: text === '' ? undefined : truncateText(text, TEXT_LIMIT), isJson: false };
}

/** The class of an error inside a stream, where the status does not show it. */
const classOfReason: ReadonlyMap<ApiErrorReason | undefined, ApiErrorClass> = new Map<ApiErrorReason, ApiErrorClass>([
  ['auth', UnauthorizedError],
  ['not-found', NotFoundError],
  ['rate-limit', RateLimitError],
]);

type Meaning = ReturnType<typeof meaningOf>;

/**
 * The status determines the class, except for three statuses: 200 of a stream that failed later, 500, which Podman sends for nearly
 * every error, and 404, which may come from a proxy.
 */
function classOf(failure: Failure, kind: RequestKind, meaning: Meaning, hasNames: boolean): ApiErrorClass {
  const { status, inStream } = failure;
  if (inStream) return classOfReason.get(meaning?.reason) ?? meaning?.classOf500 ?? ApiError;
  if (status === 404) return hasNames || kind === 'archive' ? classOf404(failure, kind, meaning) : ApiError;
  const fromMessage = status === 500 ? meaning?.classOf500 : undefined;
  return statusMeanings.get(status)?.errorClass ?? fromMessage ?? (status >= 500 ? ServerError : ApiError);
}

/** The class of a 404 for a request with names. It proves an absence only if its fields or JSON message show that an engine sent it. */
function classOf404({ isFromEngine, isJson }: Failure, kind: RequestKind, meaning: Meaning): ApiErrorClass {
  if (kind === 'archive') return BadRequestError; // the archive refers to something absent; a load or an import names no image
  const isSpecific = meaning !== undefined && meaning.vague !== true;
  const isVagueOnly = meaning?.vague === true && meaning.reason === undefined;
  return !isVagueOnly && (isFromEngine || (isJson && isSpecific)) ? NotFoundError : ApiError;
}
