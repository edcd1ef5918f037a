// Finds the secrets of a request and redacts them from errors, because an engine's response may quote the request.
// This file splits each secret according to its syntax; `redaction.ts` finds the parts in a text, however they are encoded.

import { Buffer } from 'node:buffer';
import { REDACTED, asBuffer, escapeText, truncateText, utf8 } from '../bytes.ts';
import { ApiError, LongshoreError, UploadError, isCallerError } from '../errors.ts';
import { ERROR_TEXT_LIMIT } from './api-error.ts';
import { isJsonObject, parseJson } from './json.ts';
import { hiddenValues, redactor } from './redaction.ts';

/** The parts of a request that can contain secrets. */
export interface RequestWithSecrets {
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body?: { readonly bytes: Uint8Array } | object | undefined;
  readonly signal?: AbortSignal | undefined;
}

// X-Registry-Auth, X-Registry-Config, the HTTP fields Authorization, Proxy-Authorization and Cookie, and names of other software.
const secretFieldName = /auth|^x-registry-config$|cookie|token|secret|password|credential|api-?key|session|signature|csrf|jwt/i;

/** Whether the value of a field is a secret, by the field's name. */
export function isSecretField(name: string): boolean {
  return secretFieldName.test(name);
}

/**
 * Whether a request is a login, `POST /auth`: its body is secret, and its response may contain a token. The path is normalized
 * as engines do it: percent-encoding, empty segments, `.` and `..`. A misspelt login such as `/auth;` or `/AUTH` counts, too.
 */
export function isLogin({ method, target }: { readonly method: string; readonly target: string }): boolean {
  if (method.toUpperCase() !== 'POST') return false;
  const [path = ''] = target.split('?', 1);
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return /^\W*auth(?![\w.-])/i.test(segments.at(-1) ?? '');
}

/** Whether a request carries credentials. */
export function carriesCredentials(request: RequestWithSecrets): boolean {
  return isLogin(request) || secretFields(request).length > 0;
}

/** The fields that contain credentials. `e30=` is `{}`, which means an anonymous request. */
function secretFields({ fields }: RequestWithSecrets): RequestWithSecrets['fields'] {
  return fields.filter(([name, value]) => isSecretField(name) && value !== 'e30=');
}

/**
 * The part of a failed login's body that an error may quote: the engine's `message`, unless it seems to contain a token. Any other
 * body may be the response to a successful login (only then does moby's `postAuth` return a token).
 */
export function loginErrorBody(body: Uint8Array): Uint8Array {
  if (body.length === 0) return body;
  const value = parseJson(asBuffer(body).toString());
  if (isJsonObject(value) && typeof value['message'] === 'string' && !/token[^\w\s]*[:=]/i.test(value['message'])) {
    return utf8(JSON.stringify({ message: value['message'] }));
  }
  return utf8(JSON.stringify({ message: 'the response is not shown, because the response to a login may contain a token' }));
}

/**
 * Redacts the secrets of a request from the texts of a `LongshoreError`, in place, and returns the error. For a login, everything
 * that is quoted from the response is redacted. Other errors, and errors from the caller, are returned unchanged.
 */
export function redactError(error: unknown, request: RequestWithSecrets): unknown {
  if (!(error instanceof LongshoreError) || isCallerError(error, request.signal)) return error;
  // An ApiError quotes only what `loginErrorBody` returned; other errors quote bytes of the response between double quotes.
  if (isLogin(request) && !(error instanceof ApiError)) redactTexts(error, (text) => text.replace(/".*"/g, `"${REDACTED}"`));
  const redact = redactor(secretsOf(request));
  if (redact !== undefined) redactTexts(error, redact);
  return error;
}

function redactTexts(error: LongshoreError, redact: (text: string) => string): void {
  // A daemon message that is truncated within a secret ends with a part of it. That part can only be recognized at the end of
  // a text, so the daemon message is redacted first and then replaced in the error's message and stack.
  if (error instanceof ApiError && error.daemonMessage !== '') {
    const [quoted, redacted] = [escapeText(error.daemonMessage), escapeText(redact(error.daemonMessage))];
    error.message = error.message.replaceAll(quoted, () => redacted);
    if (error.stack !== undefined) error.stack = error.stack.replaceAll(quoted, () => redacted);
  }
  for (const name of ['message', 'stack', 'daemonMessage']) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text === 'string') Reflect.set(error, name, redact(truncateText(text, ERROR_TEXT_LIMIT)));
  }
  const excerpt: unknown = Reflect.get(error, 'excerpt'); // redacted in quotes: a quote shows where a secret is truncated
  if (typeof excerpt === 'string' && excerpt !== '') Reflect.set(error, 'excerpt', redact(`"${excerpt}"`).slice(1, -1));
  // The cause of an UploadError is the error of the caller's own source.
  if (error.cause instanceof LongshoreError && !(error instanceof UploadError)) redactTexts(error.cause, redact);
}

/** The secrets of a request, and the parts of them that could be quoted alone. */
function secretsOf(request: RequestWithSecrets): string[] {
  const { body } = request;
  const login = isLogin(request) && body !== undefined && 'bytes' in body ? asBuffer(body.bytes).toString() : '';
  const inLogin = secretsInJson(login);
  return [
    ...secretFields(request).flatMap(([name, value]) => secretsInField(name, value)),
    ...(inLogin.length > 0 ? inLogin : [login]),
    ...hiddenValues(request.target).flatMap(secretsInHiddenValue),
  ];
}

/** Members of credentials, and parameters of the field Authorization, whose values are not secret. */
const PUBLIC_NAMES: ReadonlySet<string> = new Set([
  'username', 'serveraddress', 'email', 'realm', 'uri', 'algorithm', 'qop', 'nc', 'service', 'scope',
]);

// Words, which may contain quoted strings. The last alternatives are a quote that is never closed, and a final backslash.
const fieldWord = /(?:"(?:\\[^]|[^"\\])*"|\\[^]|[^\s;,"\\]|["\\])+/g;
const instructionWord = /(?:"(?:\\[^]|[^"\\])*"|'[^']*'|\\[^]|[^\s'"\\]|['"\\])+/g;

/** `base64({"username":...})`, `Basic base64(user:password)`, `Digest response="..."`, `name=session; name=session`. */
function secretsInField(name: string, value: string): string[] {
  const words = value.match(fieldWord) ?? [];
  const hasScheme = /authorization$/i.test(name) && words.length > 1;
  return [value, ...words.slice(hasScheme ? 1 : 0).flatMap(secretsInWord)];
}

function secretsInWord(word: string): string[] {
  const [name, value] = splitAt('=', word);
  if (PUBLIC_NAMES.has(name.toLowerCase())) return [];
  const decoded = Buffer.from(word, 'base64').toString(); // reads both alphabets
  return [word, value, unquoted(value), ...secretsInJson(decoded), ...(decoded.includes(':') ? secretsInUserInfo(decoded) : [])];
}

/** `user:password`. Some registries take a token as the user name, with an empty password. */
function secretsInUserInfo(text: string): string[] {
  const [user, password] = splitAt(':', text);
  return [text, password || user];
}

/** The secret members of all objects in a JSON text. */
function secretsInJson(text: string): string[] {
  const secrets: string[] = [];
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === 'object' && value !== null) secrets.push(...secretsInMembers(Object.entries(value)));
      return value;
    });
  } catch {
    // Not JSON, so it has no members.
  }
  return secrets;
}

function secretsInMembers(members: ReadonlyArray<readonly [name: string, value: unknown]>): string[] {
  const texts = members.map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : ''] as const);
  const secret = texts.filter(([name, value]) => value !== '' && !PUBLIC_NAMES.has(name));
  // A user name without another secret is a token.
  const found = secret.length > 0 ? secret : texts.filter(([name]) => name === 'username');
  return found.flatMap(([name, value]) => (name === 'auth' ? secretsInWord(value) : [value]));
}

/** Returns only the secret parts of a URL or a change; the rest shows the user what failed. */
function secretsInHiddenValue([key, value]: readonly [key: string, value: string]): string[] {
  const decoded = new URLSearchParams(`value=${value}`).get('value') ?? '';
  if (key === 'fromSrc') return secretsInUrl(decoded);
  if (key === 'changes') return secretsInChange(decoded);
  return [value, decoded, ...secretsInUserInfo(decoded), ...secretsInUrl(decoded), ...secretsInJson(decoded)];
}

/** The user information of a URL, and its query and fragment, which may contain a signature. */
function secretsInUrl(url: string): string[] {
  const [, behindScheme] = splitAt('//', url);
  const userInfo = behindScheme.slice(0, Math.max(0, behindScheme.lastIndexOf('@')));
  const query = behindScheme.slice(behindScheme.search(/[?#]|$/) + 1);
  return [...secretsInUserInfo(userInfo), query, ...query.split(/[&;?#]/).map((pair) => splitAt('=', pair)[1])];
}

/** `ENV TOKEN=value`, `LABEL a="b c"`, and the old form `ENV TOKEN value`. */
function secretsInChange(change: string): string[] {
  const assigned = [change, ...(change.match(instructionWord) ?? [])].map((word) => splitAt('=', word)[1]);
  const [, last = ''] = /^\s*(?:ENV|LABEL)\s+\S+\s+(.+)$/is.exec(change) ?? [];
  return [...assigned, last].flatMap((value) => [value, unquoted(value)]);
}

/** The text before a separator and the text after it, which is empty if the separator is absent. */
function splitAt(separator: string, text: string): [before: string, behind: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** The text without quotes and backslashes; a quote at the beginning may never be closed. */
function unquoted(text: string): string {
  return text.replace(/"((?:\\[^]|[^"\\])*)"|'([^']*)'|\\([^])|^["']/g, '$1$2$3');
}
