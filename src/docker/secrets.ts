// What in a request is secret; and errors without it, for an engine may quote in its answer what it was sent.

import { Buffer } from 'node:buffer';
import { ELLIPSIS, asBuffer, escapeBytes, escapeText, utf8 } from '../bytes.ts';
import { LongshoreError, UploadError, isCallersOwn } from '../errors.ts';
import { hiddenValues } from './shown-target.ts';

const REDACTED = '[redacted]';

/** Shorter ones stand in too many words by chance, and the holes in a message would tell them. */
const SHORTEST_SECRET = 4;

/** A request, as far as it can hold secrets. */
export interface SecretBearer {
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body?: { readonly bytes: Uint8Array } | object | undefined;
  readonly signal?: AbortSignal | undefined;
}

// X-Registry-Auth and X-Registry-Config, HTTP's own three, and what others call theirs.
const secretFieldName = /auth|^x-registry-config$|cookie|token|secret|password|credential|api-?key/i;

/** Whether the value of a field is a secret. */
export function isSecretField(name: string): boolean {
  return secretFieldName.test(name);
}

/** Whether the content of a request is a secret, and its answer may hold one: `POST /auth`, a login. */
export function isLogin({ method, target }: { readonly method: string; readonly target: string }): boolean {
  return method === 'POST' && /\/auth(?:\?.*)?$/.test(target);
}

/** Whether a request carries somebody's credentials; `e30=` says that there are none. */
export function carriesCredentials(request: SecretBearer): boolean {
  return isLogin(request) || request.fields.some(([name, value]) => isSecretField(name) && value !== 'e30=');
}

/** The error, in whose texts nothing secret of the request is left. Errors that are not ours are their makers' affair. */
export function withoutSecrets(error: unknown, request: SecretBearer): unknown {
  if (!(error instanceof LongshoreError) || isCallersOwn(error, request.signal)) return error;
  const hide = hider(secretsIn(request));
  if (hide !== undefined) hideInTexts(error, hide);
  return error;
}

/** The fields that hold the words of others; the stack begins with the message. */
const texts = ['message', 'stack', 'daemonMessage', 'excerpt'] as const;

function hideInTexts(error: LongshoreError, hide: (text: string) => string): void {
  for (const name of texts) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text === 'string') Reflect.set(error, name, hide(text));
  }
  const isSourcesOwn = error instanceof UploadError; // then the cause is the error of the caller's source
  if (error.cause instanceof LongshoreError && !isSourcesOwn) hideInTexts(error.cause, hide);
}

function secretsIn(request: SecretBearer): string[] {
  const inFields = request.fields.filter(([name, value]) => isSecretField(name) && value !== 'e30=');
  const { body } = request;
  const login = isLogin(request) && body !== undefined && 'bytes' in body ? asBuffer(body.bytes).toString() : '';
  return [
    ...inFields.flatMap(([, value]) => [value, ...insideFieldValue(value)]),
    ...insideJson(login),
    ...hiddenValues(request.target).flatMap(insideHiddenValue),
  ];
}

/** `base64({"username":...,"password":...})`, `Basic base64(user:password)`, `Bearer token`, `name=session`. */
function insideFieldValue(value: string): string[] {
  const word = value.slice(value.lastIndexOf(' ') + 1);
  const decoded = Buffer.from(word, 'base64').toString(); // reads both alphabets
  if (/^basic /i.test(value)) return [word, behind(':', decoded)];
  return [word, behind('=', word), ...insideJson(decoded)];
}

function behind(mark: string, text: string): string {
  return text.slice(text.indexOf(mark) + 1);
}

const notSecret: ReadonlySet<string> = new Set(['username', 'serveraddress', 'email']);

/** The texts in credentials, wherever they stand in the JSON. */
function insideJson(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (typeof value === 'string' && !notSecret.has(key.toLowerCase())) found.push(value);
    });
  } catch {
    // No JSON: then there is nothing inside.
  }
  return found;
}

/** What in a hidden value of a target an engine must not be quoted with; the rest of a URL or a change says what failed. */
function insideHiddenValue([key, value]: readonly [key: string, value: string]): string[] {
  const decoded = new URLSearchParams(`value=${value}`).get('value') ?? '';
  if (key === 'fromSrc') return insideUrl(decoded);
  if (key === 'changes') return insideChange(decoded);
  return [value, decoded, behind(':', decoded)];
}

/** User information, and the query, which may be a signature. */
function insideUrl(url: string): string[] {
  const [, user = ''] = /\/\/(.*)@/.exec(url) ?? [];
  const query = url.includes('?') ? behind('?', url) : '';
  return [user, behind(':', user), query, ...query.split('&').map((pair) => behind('=', pair))];
}

/** `ENV TOKEN=value`, `LABEL a="b c"`, and the old `ENV TOKEN value`. */
function insideChange(change: string): string[] {
  const assigned = [...change.matchAll(/=\s*(?:"([^"]*)"|'([^']*)'|(\S+))/g)].flatMap(([, ...values]) => values);
  const [, last] = /^\s*(?:ENV|LABEL)\s+\S+\s+(.+)$/is.exec(change) ?? [];
  return [...assigned, last].filter((value) => value !== undefined);
}

/** Puts `[redacted]` for each secret, in whatever form it was quoted; undefined where there is none. */
function hider(secrets: readonly string[]): ((text: string) => string) | undefined {
  const known = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const forms = [...new Set(known.flatMap(formsOf))];
  return forms.length === 0 ? undefined : (text) => cutOut(text, forms.flatMap((form) => rangesOf(form, text)));
}

/** As it is and in JSON; each of these as our messages and URLs escape it, and in base64. */
function formsOf(secret: string): string[] {
  const plain = [secret, JSON.stringify(secret).slice(1, -1)];
  const escaped = plain.flatMap((text) => [text, escapeText(text), escapeBytes(utf8(text), Infinity), ...insideUrls(text)]);
  return [...escaped, ...plain.flatMap(insideBase64)].filter((form) => form.length >= SHORTEST_SECRET);
}

function insideUrls(text: string): string[] {
  const encoded = new URLSearchParams({ '': text }).toString().slice(1);
  return [encoded, encoded.replaceAll('%7E', '~'), encoded.replaceAll('+', '%20').replaceAll('%7E', '~')];
}

/** A text in base64 as it stands inside any longer one: three beginnings, less the characters that neighbours share. */
function insideBase64(text: string): string[] {
  const bytes = utf8(text);
  const standard = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    const shared = (shift + bytes.length) % 3 === 0 ? 0 : 1;
    return encoded.slice(shift === 0 ? 0 : shift + 1, encoded.length - shared);
  });
  return [...standard, ...standard.map((encoded) => encoded.replaceAll('+', '-').replaceAll('/', '_'))];
}

type Range = readonly [start: number, end: number];

/** Where a form stands; its beginning counts where a quotation ends within it, for excerpts are cut without looking. */
function rangesOf(form: string, text: string): Range[] {
  const ranges: Range[] = [];
  const beginning = form.slice(0, SHORTEST_SECRET);
  for (let at = text.indexOf(beginning); at !== -1; at = text.indexOf(beginning, at + 1)) {
    let end = at + beginning.length;
    while (end - at < form.length && text[end] === form[end - at]) end++;
    const isCut = end === text.length || text[end] === '"' || text[end] === ELLIPSIS;
    if (isCut || end - at === form.length) ranges.push([at, end]);
  }
  return ranges;
}

/** The text with `[redacted]` in place of the ranges, which may overlap. */
function cutOut(text: string, ranges: Range[]): string {
  let shown = '';
  let from = 0;
  for (const [start, end] of ranges.sort(([a], [b]) => a - b)) {
    if (start >= from) shown += text.slice(from, start) + REDACTED;
    from = Math.max(from, end);
  }
  return shown + text.slice(from);
}
