// What an engine's answers say: JSON into values, and errors, in all their forms, into ours.

import { decodeUtf8, escapeBytes, escapeText } from '../bytes.ts';
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

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole JSON text. The error shows where it began to go wrong by our own words: V8's quote the input. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch {
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

/** The error that a final status and its body make. */
export function statusError(asked: Asked, status: number, reasonPhrase: string, body: Uint8Array): ApiError {
  const daemonMessage = bodyMessage(body) ?? (reasonPhrase || 'without a word');
  const hint = status >= 300 && status < 400 ? '; redirects are never followed' : '';
  return apiError(asked, { status, daemonMessage, inStream: false }, `answered ${status}: `, hint);
}

/** The error that stands in a stream that began well, or undefined where a message is none. */
export function inStreamError(asked: Asked, message: JsonObject): ApiError | undefined {
  const text = errorText(message);
  if (text === undefined) return undefined;
  return apiError(asked, { status: 200, daemonMessage: text, inStream: true }, 'failed on the way: ', '');
}

function apiError(
  { method, target, address }: Asked,
  fields: { status: number; daemonMessage: string; inStream: boolean },
  verb: string,
  hint: string,
): ApiError {
  const reason = reasonOf(fields.daemonMessage);
  const Class = classOf(fields.status, fields.inStream ? reason : undefined);
  const message = `${method} ${target} on ${address} ${verb}${escapeText(fields.daemonMessage)}${hint}`;
  const all: ApiErrorFields = { ...fields, method, target, reason };
  return new Class(message, all);
}

/** Wherever engines put their words: dockerd in `message`; streams, and Podman 5.8's push, in the other two. */
function errorText(object: JsonObject): string | undefined {
  const detail = object['errorDetail'];
  const texts = [isJsonObject(detail) ? detail['message'] : undefined, object['error']];
  const found = texts.find((text): text is string => typeof text === 'string' && text !== '');
  return found ?? (isJsonObject(detail) && Object.keys(detail).length > 0 ? JSON.stringify(detail) : undefined);
}

/** The words of an error body: JSON by its content, whatever its type says (Podman 5.4 sends none); else its text. */
function bodyMessage(body: Uint8Array): string | undefined {
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
  return text === '' ? undefined : text.slice(0, 4096);
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

const byReason: ReadonlyMap<ApiErrorReason, ApiErrorClass> = new Map<ApiErrorReason, ApiErrorClass>([
  ['auth', UnauthorizedError],
  ['not-found', NotFoundError],
  ['rate-limit', RateLimitError],
]);

function classOf(status: number, reason: ApiErrorReason | undefined): ApiErrorClass {
  const named = reason === undefined ? byStatus.get(status) : byReason.get(reason);
  return named ?? (status >= 500 ? ServerError : ApiError);
}

/** What engines and registries say, and what it means; the first that matches. The only place that reads English. */
const wordings: ReadonlyArray<readonly [RegExp, ApiErrorReason]> = [
  [/toomanyrequests|too many requests|rate limit/i, 'rate-limit'],
  [/no space left on device|disk quota exceeded/i, 'no-space'],
  [/no basic auth credentials|authentication required|401 unauthorized|unauthorized|insufficient_scope/i, 'auth'],
  [/access denied|access to the resource is denied|\bdenied:/i, 'auth'],
  [/does not match the specified platform|no match(?:ing manifest)? for platform|no matching manifest/i, 'platform'],
  [/unknown operating system or architecture|invalid platform|platform .* not (?:found|supported)/i, 'platform'],
  [/no such image|image does not exist|image not known|manifest unknown|name unknown|repository .*not found/i, 'not-found'],
  [/not found|does not exist/i, 'not-found'],
  [/connection refused|no such host|i\/o timeout|network is unreachable|tls:|x509:|dial tcp|server misbehaving/i, 'network'],
  [/server gave HTTP response to HTTPS client/i, 'network'],
];

function reasonOf(daemonMessage: string): ApiErrorReason | undefined {
  return wordings.find(([pattern]) => pattern.test(daemonMessage))?.[1];
}
