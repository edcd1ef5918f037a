// What a caller may give to be sent, as content of a request.

import { Readable } from 'node:stream';
import { isWellFormed, isDetached } from '../bytes.ts';
import type { ArchiveFiles } from '../system/files/archive-files.ts';
import type { RequestBody } from '../connection/engine-request.ts';
import { ArgumentError, LongshoreError, UploadError } from '../errors.ts';
import { describeKind, isBytes, isPlainObject, kind, readMember } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import type { OnUpload } from './progress-stream.ts';
import { readableGroups } from './node-stream-chunks.ts';
import { watchErrors } from '../tar/caller-input.ts';
import { packTar } from '../tar/pack.ts';
import type { TarEntries, TarEntry } from '../tar/pack.ts';

/** The body of a request, opened when it is sent. */
export interface BodySource {
  open(): RequestBody | Promise<RequestBody>;
  /** Whether it can be opened and sent again. */
  readonly repeatable: boolean;
  /** Releases a source from which nothing was read; a file stream, for example, keeps its file open. */
  discard?(): void;
}

/** What `fetch` resolves with, or an object like it. */
export interface FetchedBody {
  readonly ok: boolean;
  readonly status: number;
  readonly bodyUsed: boolean;
  readonly body: object | null;
}

/** Bytes, anything that yields bytes (Node's and the web's streams do), a Blob, a `Response`, or a file by its path. */
export type UploadData =
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | Blob
  | FetchedBody
  | { readonly path: string | URL };

/**
 * Checks the argument now; opens it when it is sent. From now on errors of a stream are listened to, and a relative path is
 * one from the working directory of now. `place` is for messages: `"loadImage: data"`.
 */
export function bodySource(data: unknown, files: ArchiveFiles, place: string): BodySource {
  let cause: unknown;
  try {
    const source = sourceOf(data, files, place);
    if (source !== undefined) return source;
  } catch (error) {
    if (error instanceof LongshoreError) throw error;
    cause = error; // a proxy or a getter that throws
  }
  const forms = 'a Uint8Array, an async iterable of bytes, a Blob, a Response or { path }';
  throw new ArgumentError(`${place} must be ${forms}, not ${describeKind(data)}${remedyFor(data)}`, { cause });
}

function sourceOf(data: unknown, files: ArchiveFiles, place: string): BodySource | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (data instanceof Uint8Array) return bytesSource(data, place);
  if (data instanceof Blob) return { open: () => ({ chunks: blobChunks(data), length: data.size }), repeatable: true };
  if (data instanceof Readable) return readableSource(data, files, place);
  if (isFetched(data)) return sourceOf(bodyOf(data, place), files, place);
  if (isAsyncIterable(data)) return iterableSource(data, place);
  if (!('path' in data)) return undefined;
  const path = files.absolutePath(data.path as string | URL, `${place}.path`);
  return { open: () => files.openFile(path), repeatable: true };
}

/** Their length is that of now: bytes that are transferred to a worker later have none. */
function bytesSource(data: Uint8Array, place: string): BodySource {
  if (isDetached(data)) throw new ArgumentError(`${place} has no bytes any more: its memory was transferred`);
  const { length } = data;
  return { open: () => ({ bytes: data, length }), repeatable: true };
}

function isFetched(data: object): data is FetchedBody {
  return 'bodyUsed' in data && 'body' in data;
}

function bodyOf({ ok, status, bodyUsed, body }: FetchedBody, place: string): object {
  if (ok === false) throw new ArgumentError(`${place} is a Response with status ${Number(status)}: it is not what was asked for`);
  if (bodyUsed) throw new ArgumentError(`${place} is a Response whose body has been read: fetch it again`);
  if (body === null) throw new ArgumentError(`${place} is a Response without a body`);
  return body;
}

/** A stream of Node's, which is read once. */
function readableSource(stream: Readable, files: ArchiveFiles, place: string): BodySource {
  watchErrors(stream);
  refuseRead(stream, place);
  // Node gives such a stream no `data`: it would be waited for, for ever.
  if (stream.listenerCount('readable') > 0) throw new ArgumentError(`${place} is a stream with a "readable" listener: remove it first`);
  let begun = false;
  const iterator = (): AsyncIterator<readonly Uint8Array[]> => {
    refuseRead(stream, place);
    begun = true;
    files.enlargeReads(stream);
    return readableGroups(stream);
  };
  const discard = (): void => {
    if (!begun) stream.destroy(); // its own iterator does nothing in `return` before its first step
  };
  return { open: () => ({ groups: { [Symbol.asyncIterator]: iterator } }), repeatable: false, discard };
}

/** What was read before would be missing, or all of it: an import would make an empty image. */
function refuseRead(stream: object, place: string): void {
  const { errored = null, locked } = stream as { readonly errored?: unknown; readonly locked?: unknown };
  if (locked === true) throw new ArgumentError(`${place} is a locked stream: something else reads it`);
  if (!Readable.isDisturbed(stream as Readable) || errored !== null) return;
  throw new ArgumentError(`${place} is a stream that has been read, or destroyed, before: make a new one for each call`);
}

/** A source that is walked once. Where no call came so far as to begin, it is begun to be told that it is over. */
function iterableSource(data: AsyncIterable<Uint8Array>, place: string): BodySource {
  const failure = watchErrors(data);
  refuseRead(data, place);
  let begun = false;
  const iterator = (): AsyncIterator<Uint8Array> => {
    const failed = failure();
    if (failed !== undefined) throw failed.error;
    refuseRead(data, place);
    begun = true;
    return data[Symbol.asyncIterator]();
  };
  const discard = (): void => {
    if (begun) return;
    begun = true;
    try {
      if ('destroy' in data && typeof data.destroy === 'function') data.destroy(); // somebody else's kind of stream
      else void Promise.resolve(data[Symbol.asyncIterator]().return?.()).catch(() => {}); // its complaints have no reader
    } catch {
      // the same
    }
  };
  return { open: () => ({ chunks: { [Symbol.asyncIterator]: iterator } }), repeatable: false, discard };
}

/** Of a stream, or the body of a `Response`: what yields bytes, and nothing else that `bodySource` takes. */
export function streamSource(stream: unknown, files: ArchiveFiles, place: string): BodySource {
  let cause: unknown;
  try {
    const isStream = typeof stream === 'object' && stream !== null && (isAsyncIterable(stream) || isFetched(stream));
    if (isStream) return bodySource(stream, files, place);
  } catch (error) {
    if (error instanceof LongshoreError) throw error;
    cause = error;
  }
  throw new ArgumentError(`${place} must be an async iterable of bytes, not ${describeKind(stream)}${importRemedyFor(stream)}`, { cause });
}

/** An address from which an engine fetches. */
export const WEB_ADDRESS: Kind = kind(
  'a URL that begins with http:// or https://',
  (value) => typeof value === 'string' && isWellFormed(value) && URL.canParse(value) && /^https?:\/\//i.test(value),
  (value) => (isUrl(value) ? value.href : value),
);

/** The address in a text or a URL that is to be imported; undefined if it is something else. */
export function addressOf(source: unknown): string | undefined {
  const text = isUrl(source) ? source.href : source;
  return typeof text === 'string' && /^https?:\/\//i.test(text) ? text : undefined;
}

/** Whether it is a `URL`. */
export function isUrl(source: unknown): source is URL {
  try {
    return typeof source === 'object' && source instanceof URL;
  } catch {
    return false; // a proxy that throws
  }
}

/** The image of `{ image }`. */
export function imageOf(source: unknown): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  return readMember('importImage', 'source.', source, 'image') as string | undefined;
}

/** Bytes, or entries that are packed here. */
export function entriesSource(data: unknown, place: string): BodySource {
  let cause: unknown;
  try {
    if (data instanceof Uint8Array) return bytesSource(data, place);
    if (isEntries(data)) {
      // Arrays and plain objects can be walked twice; an iterator cannot.
      const repeatable = Array.isArray(data) || !(Symbol.iterator in data || isAsyncIterable(data));
      const entries = repeatable ? data : isAsyncIterable(data) ? filledAsync(data, place) : filled(data as Iterable<TarEntry>, place);
      const first = packTar(entries); // which watches streams among the entries from now on
      let opened = false;
      const open = (): RequestBody => {
        const chunks = opened ? packTar(entries) : first;
        opened = true;
        return { chunks };
      };
      return { open, repeatable };
    }
  } catch (error) {
    if (error instanceof LongshoreError) throw error;
    cause = error;
  }
  throw new ArgumentError(`${place} must be a Uint8Array, an object of files or a list of entries, not ${describeKind(data)}${importRemedyFor(data)}`, { cause });
}

/** Yields the entries of an iterator. Throws if it has none: an engine makes an empty image of an iterator that was used up. */
function* filled(entries: Iterable<TarEntry>, place: string): Generator<TarEntry> {
  let isEmpty = true;
  for (const entry of entries) {
    isEmpty = false;
    yield entry;
  }
  if (isEmpty) throw noEntries(place);
}

/** The same for an async iterator. */
async function* filledAsync(entries: AsyncIterable<unknown>, place: string): AsyncGenerator<TarEntry> {
  let isEmpty = true;
  for await (const entry of entries) {
    isEmpty = false;
    yield entry as TarEntry;
  }
  if (isEmpty) throw noEntries(place);
}

function noEntries(place: string): UploadError {
  return new UploadError(`${place} gave no entries: make a new iterator for each call, or give a list`);
}

function isEntries(data: unknown): data is TarEntries & object {
  if (typeof data !== 'object' || data === null) return false;
  return isPlainObject(data) || Symbol.iterator in data || isAsyncIterable(data);
}

/** An upload event is given for so many bytes, in 512 MiB some 2000 times. */
const UPLOAD_EVENT_BYTES = 256 * 1024;

/** The same source, whose sending is told. */
export function watchedSource(source: BodySource, onUpload: OnUpload): BodySource {
  const open = async (): Promise<RequestBody> => {
    const body = await source.open();
    const total = 'bytes' in body ? body.bytes.length : body.length;
    let told = 0;
    const onSent = (bytes: number, isAll: boolean): void => {
      body.onSent?.(bytes, isAll);
      const done = isAll || bytes === total;
      if (bytes === told || (!done && bytes - told < UPLOAD_EVENT_BYTES)) return;
      told = bytes;
      onUpload({ type: 'upload', bytes, total }, done);
    };
    return { ...body, onSent };
  };
  return { ...source, open };
}

/** The same source, which must not be empty: of no bytes at all an engine makes an empty image. */
export function filledSource(source: BodySource, place: string): BodySource {
  const refuseEmpty = (bytes: number | undefined): void => {
    if (bytes === 0) throw new UploadError(`${place} gave no bytes, and a tar has some: has it been read before?`);
  };
  const open = async (): Promise<RequestBody> => {
    const body = await source.open();
    refuseEmpty('bytes' in body ? body.bytes.length : body.length);
    return { ...body, onSent: (bytes, isAll) => refuseEmpty(isAll ? bytes : undefined) };
  };
  return { ...source, open };
}

/** What people give instead, and what to give. */
function remedyFor(data: unknown): string {
  try {
    if (typeof data === 'string') return ': for a file, give { path }';
    if (typeof data === 'function') return ': give what it returns';
    if (typeof data !== 'object' || data === null) return '';
    if (isUrl(data)) return data.protocol === 'file:' ? ': give { path: url }' : ': fetch it, and give the Response';
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return ': wrap it, as in new Uint8Array(buffer)';
    if ('then' in data) return ': await the promise first';
    if ('createReadStream' in data) return ': give its createReadStream()';
    if ('file' in data || 'filename' in data) return ': give { path }';
    if (Symbol.iterator in data) return ': give Readable.from(it), or Buffer.concat(it)';
    return '';
  } catch {
    return '';
  }
}

/** The same for imports that take less than `importImage` does. */
function importRemedyFor(data: unknown): string {
  try {
    const isContent = typeof data === 'object' && data !== null && (isBytes(data) || data instanceof Blob || isFetched(data) || 'path' in data);
    return typeof data === 'string' || isUrl(data) || isContent ? ': importImage takes it' : remedyFor(data);
  } catch {
    return '';
  }
}

/** Whether `for await` takes it. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  // A Blob's stream is typed by the DOM, which Node's own types leave out.
  yield* blob.stream() as unknown as AsyncIterable<Uint8Array>;
}
