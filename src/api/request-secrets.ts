// What in a request is secret, and errors without it: an engine may quote in its answer what it was sent. Each secret is
// taken apart by its own syntax here; `redaction.ts` finds every writing of the parts in a text.

import { Buffer } from 'node:buffer';
import { ELLIPSIS, asBuffer, escapeText, utf8 } from '../bytes.ts';
import { ApiError, LongshoreError, UploadError, isCallersOwn } from '../errors.ts';
import { isJsonObject } from './api-error.ts';
import { REDACTED, redactor } from './redaction.ts';
import { hiddenValues } from './redacted-target.ts';

/** A request, as far as it can hold secrets. */
export interface SecretBearer {
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body?: { readonly bytes: Uint8Array } | object | undefined;
  readonly signal?: AbortSignal | undefined;
}

// X-Registry-Auth and X-Registry-Config, HTTP's own three, and what others call theirs.
const secretFieldName = /auth|^x-registry-config$|cookie|token|secret|password|credential|api-?key|session|signature|csrf|jwt/i;

/** Whether the value of a field is a secret. */
export function isSecretField(name: string): boolean {
  return secretFieldName.test(name);
}

/**
 * Whether a request is a login, `POST /auth`: its content is secret, and its answer may hold a token. The path is compared
 * as engines read it, with percent-encoding undone and without empty segments, `.` and `..`. What an engine refuses, and
 * was meant as a login, is one, too: `/auth;`, `/AUTH`.
 */
export function isLogin({ method, target }: { readonly method: string; readonly target: string }): boolean {
  return method.toUpperCase() === 'POST' && /^\W*auth(?![\w.-])/i.test(lastSegment(target) ?? '');
}

function lastSegment(target: string): string | undefined {
  const [path = ''] = target.split('?', 1);
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.at(-1);
}

/** Whether a request carries somebody's credentials; `e30=` says that there are none. */
export function carriesCredentials(request: SecretBearer): boolean {
  return isLogin(request) || secretFields(request).length > 0;
}

function secretFields({ fields }: SecretBearer): SecretBearer['fields'] {
  return fields.filter(([name, value]) => isSecretField(name) && value !== 'e30=');
}

/**
 * The body of a refused login as an error may quote it. An engine's own message says why; anything else, and a message in
 * which a token has a value, may be the answer to a login that succeeded (moby's `postAuth` gives a token only then).
 */
export function quotableRefusal(body: Uint8Array): Uint8Array {
  if (body.length === 0) return body;
  try {
    const value: unknown = JSON.parse(asBuffer(body).toString());
    if (isJsonObject(value) && typeof value['message'] === 'string' && !/token[^\w\s]*[:=]/i.test(value['message'])) {
      return utf8(JSON.stringify({ message: value['message'] }));
    }
  } catch {
    // Not JSON: a page of a proxy, or an answer that broke.
  }
  return utf8(JSON.stringify({ message: 'the answer is not shown, as the answer to a login may hold a token' }));
}

/**
 * The error, with nothing secret of the request left in its texts, and of the answer to a login no excerpt at all. Errors
 * that are not ours are left as they are.
 */
export function withoutSecrets(error: unknown, request: SecretBearer): unknown {
  if (!(error instanceof LongshoreError) || isCallersOwn(error, request.signal)) return error;
  // `quotableRefusal` has seen to the words of an ApiError; in other messages the bytes of an answer stand in quotes.
  if (isLogin(request) && !(error instanceof ApiError)) hideInTexts(error, (text) => text.replace(/".*"/g, `"${REDACTED}"`));
  const hide = redactor(secretsIn(request));
  if (hide !== undefined) hideInTexts(error, hide);
  return error;
}

/** The fields that hold the words of others; the stack begins with the message. */
const texts = ['message', 'stack', 'daemonMessage'] as const;

/** The characters of such a text that are kept: eight pages, and little enough to be searched in milliseconds. */
const LONGEST_TEXT = 16_384;

function hideInTexts(error: LongshoreError, hide: (text: string) => string): void {
  // Words that were cut within a secret end in a part of it, which could not be told behind the words of the message.
  if (error instanceof ApiError && error.daemonMessage !== '') {
    const [said, shown] = [escapeText(error.daemonMessage), escapeText(hide(error.daemonMessage))];
    error.message = error.message.replaceAll(said, () => shown);
    if (error.stack !== undefined) error.stack = error.stack.replaceAll(said, () => shown);
  }
  for (const name of texts) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text !== 'string') continue;
    Reflect.set(error, name, hide(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) + ELLIPSIS : text));
  }
  // An excerpt is what stands in quotes in the message.
  const excerpt: unknown = Reflect.get(error, 'excerpt');
  if (typeof excerpt === 'string' && excerpt !== '') Reflect.set(error, 'excerpt', hide(`"${excerpt}"`).slice(1, -1));
  const isSourcesOwn = error instanceof UploadError; // then the cause is the error of the caller's source
  if (error.cause instanceof LongshoreError && !isSourcesOwn) hideInTexts(error.cause, hide);
}

/** The secrets of a request, and the parts of them that could be quoted alone. */
function secretsIn(request: SecretBearer): string[] {
  const { body } = request;
  const login = isLogin(request) && body !== undefined && 'bytes' in body ? asBuffer(body.bytes).toString() : '';
  return [
    ...secretFields(request).flatMap(([name, value]) => insideField(name, value)),
    ...insideLogin(login),
    ...hiddenValues(request.target).flatMap(insideHiddenValue),
  ];
}

function insideLogin(content: string): string[] {
  const found = insideJson(content);
  return found.length > 0 ? found : [content];
}

/** Names whose values are not secret: in credentials, and of the parameters of Authorization. */
const notSecret: ReadonlySet<string> = new Set([
  'username', 'serveraddress', 'email', 'realm', 'uri', 'algorithm', 'qop', 'nc', 'service', 'scope',
]);

// A word may hold quoted strings; the last alternatives are a quote that is never closed, and a final backslash.
const headerWord = /(?:"(?:\\[^]|[^"\\])*"|\\[^]|[^\s;,"\\]|["\\])+/g;
const instructionWord = /(?:"(?:\\[^]|[^"\\])*"|'[^']*'|\\[^]|[^\s'"\\]|['"\\])+/g;

/** `base64({"username":...})`, `Basic base64(user:password)`, `Digest response="..."`, `name=session; name=session`. */
function insideField(name: string, value: string): string[] {
  const words = value.match(headerWord) ?? [];
  const hasScheme = /authorization$/i.test(name) && words.length > 1;
  return [value, ...words.slice(hasScheme ? 1 : 0).flatMap(insideWord)];
}

function insideWord(word: string): string[] {
  const [name, value] = split('=', word);
  if (notSecret.has(name.toLowerCase())) return [];
  const decoded = Buffer.from(word, 'base64').toString(); // reads both alphabets
  return [word, value, unquoted(value), ...insideJson(decoded), ...(decoded.includes(':') ? insideUserInfo(decoded) : [])];
}

/** The text before a mark and the text behind it; without the mark all of it is before. */
function split(mark: string, text: string): [before: string, behind: string] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** Without quotes and backslashes; one quote at the beginning may never be closed. */
function unquoted(text: string): string {
  return text.replace(/"((?:\\[^]|[^"\\])*)"|'([^']*)'|\\([^])|^["']/g, '$1$2$3');
}

/** `user:password`. Some registries take a token as the user's name, with an empty password. */
function insideUserInfo(text: string): string[] {
  const [user, password] = split(':', text);
  return [text, password || user];
}

/** The texts in credentials, wherever they stand in JSON. */
function insideJson(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === 'object' && value !== null) found.push(...insideMembers(Object.entries(value)));
      return value;
    });
  } catch {
    // Not JSON: nothing is inside.
  }
  return found;
}

function insideMembers(members: ReadonlyArray<readonly [name: string, value: unknown]>): string[] {
  const given = members.map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : ''] as const);
  const secret = given.filter(([name, value]) => value !== '' && !notSecret.has(name));
  // Without a secret beside it, the user's name is a token.
  const meant = secret.length > 0 ? secret : given.filter(([name]) => name === 'username');
  return meant.flatMap(([name, value]) => (name === 'auth' ? insideWord(value) : [value]));
}

/** The parts of a hidden value with which an engine must not be quoted; the rest of a URL or a change says what failed. */
function insideHiddenValue([key, value]: readonly [key: string, value: string]): string[] {
  const decoded = new URLSearchParams(`value=${value}`).get('value') ?? '';
  if (key === 'fromSrc') return insideUrl(decoded);
  if (key === 'changes') return insideChange(decoded);
  return [value, decoded, ...insideUserInfo(decoded), ...insideUrl(decoded), ...insideJson(decoded)];
}

/** User information, and query and fragment, which may be a signature. */
function insideUrl(url: string): string[] {
  const [, rest] = split('//', url);
  const user = rest.slice(0, Math.max(0, rest.lastIndexOf('@')));
  const query = rest.slice(rest.search(/[?#]|$/) + 1);
  return [...insideUserInfo(user), query, ...query.split(/[&;?#]/).map((pair) => split('=', pair)[1])];
}

/** `ENV TOKEN=value`, `LABEL a="b c"`, and the old `ENV TOKEN value`. */
function insideChange(change: string): string[] {
  const assigned = [change, ...(change.match(instructionWord) ?? [])].map((word) => split('=', word)[1]);
  const [, last = ''] = /^\s*(?:ENV|LABEL)\s+\S+\s+(.+)$/is.exec(change) ?? [];
  return [...assigned, last].flatMap((value) => [value, unquoted(value)]);
}
