// The bodies that callers pass for an upload: bytes, streams, blobs, responses, files and entries of a tar. Each is checked when
// the method is called and becomes a `BodySource`, which is opened when the request is sent.

import { Readable } from 'node:stream';
import { isWellFormed, isDetached } from '../bytes.ts';
import { files } from '../system/files/archive-files.ts';
import type { RequestBody } from '../connection/engine-request.ts';
import { ArgumentError, LongshoreError, UploadError } from '../errors.ts';
import { describeKind, isBytes, isPlainObject, kind, readMember } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import type { OnUpload } from './progress-stream.ts';
import { readableGroups } from './node-stream-chunks.ts';
import { isAsyncIterable, watchErrors } from '../tar/caller-input.ts';
import { packTar } from '../tar/pack.ts';
import type { TarEntries, TarEntry } from '../tar/pack.ts';

/** The body of a request, opened when it is sent. */
export interface BodySource {
  open(): RequestBody | Promise<RequestBody>;
  /** Whether the body can be opened and sent again. */
  readonly repeatable: boolean;
  /** Releases a source from which nothing was read; a file stream, for example, keeps its file open. */
  discard?(): void;
}

/** A `Response` of `fetch`, or an object like it. */
export interface FetchedBody {
  readonly ok: boolean;
  readonly status: number;
  readonly bodyUsed: boolean;
  readonly body: object | null;
}

/** Bytes, an async iterable of bytes (such as a Node stream or a web stream), a `Blob`, a `Response`, or the path of a file. */
export type UploadData =
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | Blob
  | FetchedBody
  | { readonly path: string | URL };

/**
 * Checks the body of a request. A stream is watched for errors from now on, and a relative path is resolved in the current working
 * directory now. `place` begins the error messages: `"loadImage: data"`.
 */
export function bodySource(data: unknown, place: string): BodySource {
  const forms = 'a Uint8Array, an async iterable of bytes, a Blob, a Response or { path }';
  return checkedSource(data, place, forms, remedyFor, () => sourceOf(data, place));
}

/** Returns the result of `make`. Throws an `ArgumentError` if it is undefined, or if `make` throws (a proxy or a getter of `data`). */
function checkedSource(
  data: unknown,
  place: string,
  wanted: string,
  remedy: (data: unknown) => string,
  make: () => BodySource | undefined,
): BodySource {
  let cause: unknown;
  try {
    const source = make();
    if (source !== undefined) return source;
  } catch (error) {
    if (error instanceof LongshoreError) throw error;
    cause = error;
  }
  let hint = '';
  try {
    hint = remedy(data);
  } catch {
    // A proxy or a getter threw: there is no remedy to suggest.
  }
  throw new ArgumentError(`${place} must be ${wanted}, not ${describeKind(data)}${hint}`, { cause });
}

function sourceOf(data: unknown, place: string): BodySource | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (data instanceof Uint8Array) return bytesSource(data, place);
  if (isBlob(data)) return { open: () => ({ chunks: blobChunks(data), length: data.size }), repeatable: true };
  if (isFetched(data)) return sourceOf(bodyOf(data, place), place);
  if (isAsyncIterable<Uint8Array>(data)) return iterableSource(data, place);
  if (!('path' in data)) return undefined;
  const path = files.absolutePath(data.path as string | URL, `${place}.path`);
  return { open: () => files.fileBody(path), repeatable: true };
}

/** Keeps the length, so that it differs if the bytes are transferred to a worker later: they then have length 0. */
function bytesSource(data: Uint8Array, place: string): BodySource {
  if (isDetached(data)) throw new ArgumentError(`${place} has no bytes: its memory was transferred to another thread`);
  const { length } = data;
  return { open: () => ({ bytes: data, length }), repeatable: true };
}

/** Not `instanceof Blob`, which fails for fetch-blob, and for Node's blobs if jsdom has replaced the global class. */
function isBlob(data: object): data is Blob {
  const { [Symbol.toStringTag]: tag, stream } = data as Partial<Blob & { readonly [Symbol.toStringTag]: unknown }>;
  return (tag === 'Blob' || tag === 'File') && typeof stream === 'function';
}

function isFetched(data: object): data is FetchedBody {
  return 'bodyUsed' in data && 'body' in data;
}

function bodyOf({ ok, status, bodyUsed, body }: FetchedBody, place: string): object {
  if (ok === false) throw new ArgumentError(`${place} is a Response with status ${Number(status)}: its body is an error, not the file`);
  if (bodyUsed) throw new ArgumentError(`${place} is a Response whose body has been read already: fetch it again`);
  if (body === null) throw new ArgumentError(`${place} is a Response without a body`);
  return body;
}

/** Refuses a stream that has been read: bytes would be missing, and an import could make an empty image. */
function refuseUsed(stream: object, place: string): void {
  const { errored = null, locked } = stream as { readonly errored?: unknown; readonly locked?: unknown };
  if (locked === true) throw new ArgumentError(`${place} is a locked stream: something else reads it`);
  if (usedIterators.has(stream)) throw new ArgumentError(`${place} is an iterator that has been read before: make a new one for each call`);
  if (Readable.isDisturbed(stream as Readable) && errored === null) {
    throw new ArgumentError(`${place} is a stream that has been read or destroyed before: make a new one for each call`);
  }
  // With a `readable` listener, a stream emits no `data` event: the upload would wait forever.
  const isListened = stream instanceof Readable && stream.listenerCount('readable') > 0;
  if (isListened) throw new ArgumentError(`${place} is a stream with a "readable" listener: remove it first`);
}

/** Generators and other iterators that a call has read or closed: nothing shows it, and they seem to be empty. */
const usedIterators = new WeakSet<object>();

function iteratorOf(data: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  const iterator = data[Symbol.asyncIterator]();
  if ((iterator as object) === data) usedIterators.add(data);
  return iterator;
}

/** A stream or another async iterable, which can be read once. If the call fails before it is read, it is closed. */
function iterableSource(data: AsyncIterable<Uint8Array>, place: string): BodySource {
  const failure = watchErrors(data);
  refuseUsed(data, place);
  let begun = false;
  const begin = (): void => {
    const failed = failure();
    if (failed !== undefined) throw failed.error;
    refuseUsed(data, place);
    begun = true;
  };
  const chunks = (): AsyncIterator<Uint8Array> => {
    begin();
    return iteratorOf(data);
  };
  const groups = (stream: Readable): AsyncIterator<readonly Uint8Array[]> => {
    begin();
    files.enlargeReads(stream);
    return readableGroups(stream);
  };
  const open = (): RequestBody => {
    if (data instanceof Readable) return { groups: { [Symbol.asyncIterator]: () => groups(data) } };
    return { chunks: { [Symbol.asyncIterator]: chunks } };
  };
  const discard = (): void => {
    if (begun) return;
    begun = true;
    try {
      if ('destroy' in data && typeof data.destroy === 'function') data.destroy(); // `return` of an unused iterator does nothing
      else void Promise.resolve(iteratorOf(data).return?.()).catch(() => {}); // the call has failed with another error
    } catch {
      // as above
    }
  };
  return { open, repeatable: false, discard };
}

/** Checks a stream or a `Response`, and refuses the other bodies of `bodySource`. */
export function streamSource(stream: unknown, place: string): BodySource {
  return checkedSource(stream, place, 'an async iterable of bytes', importRemedyFor, () => {
    const isStream = typeof stream === 'object' && stream !== null && (isAsyncIterable(stream) || isFetched(stream));
    return isStream ? sourceOf(stream, place) : undefined;
  });
}

/** A URL from which an engine can fetch. */
export const WEB_ADDRESS: Kind = kind(
  'a URL that begins with http:// or https://',
  (value) => typeof value === 'string' && isWellFormed(value) && URL.canParse(value) && /^https?:\/\//i.test(value),
  (value) => (isUrl(value) ? value.href : value),
);

/** Returns the http or https URL of an import's source; undefined if the source is not a URL. */
export function addressOf(source: unknown): string | undefined {
  const text = isUrl(source) ? source.href : source;
  return typeof text === 'string' && /^https?:\/\//i.test(text) ? text : undefined;
}

/** Whether a value is a `URL`. */
export function isUrl(source: unknown): source is URL {
  try {
    return typeof source === 'object' && source instanceof URL;
  } catch {
    return false; // a proxy threw
  }
}

/** Returns the image of a source `{ image }`; undefined for another source. */
export function imageOf(source: unknown): string | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  return readMember('importImage', 'source.', source, 'image') as string | undefined;
}

/** Checks bytes, or entries of a tar, which are packed when they are sent. */
export function entriesSource(data: unknown, place: string): BodySource {
  return checkedSource(data, place, 'a Uint8Array, an object of files or a list of entries', importRemedyFor, () => {
    if (data instanceof Uint8Array) return bytesSource(data, place);
    if (!isEntries(data)) return undefined;
    // Arrays and plain objects can be read twice; an iterator cannot.
    const repeatable = Array.isArray(data) || !(Symbol.iterator in data || isAsyncIterable(data));
    const entries = repeatable ? data : isAsyncIterable(data) ? filledAsync(data, place) : filled(data as Iterable<TarEntry>, place);
    // Packed now for the first `open`: this watches the streams among the entries from now on. Later calls of `open` pack again.
    let first: AsyncIterable<Uint8Array> | undefined = packTar(entries);
    const open = (): RequestBody => {
      const chunks = first ?? packTar(entries);
      first = undefined;
      return { chunks };
    };
    return { open, repeatable };
  });
}

/** Yields the entries of an iterator. Throws if it has none: from an exhausted iterator, an engine would make an empty image. */
function* filled(entries: Iterable<TarEntry>, place: string): Generator<TarEntry> {
  let isEmpty = true;
  for (const entry of entries) {
    isEmpty = false;
    yield entry;
  }
  if (isEmpty) throw noEntries(place);
}

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

/** The number of bytes between two upload events: 2000 events for 512 MiB. */
const UPLOAD_EVENT_BYTES = 256 * 1024;

/** Adds upload events to a source. */
export function watchedSource(source: BodySource, onUpload: OnUpload): BodySource {
  const open = async (): Promise<RequestBody> => {
    const body = await source.open();
    const total = 'bytes' in body ? body.bytes.length : body.length;
    let reported = 0;
    const onSent = (bytes: number, isAll: boolean): void => {
      body.onSent?.(bytes, isAll);
      const isLast = isAll || bytes === total;
      if (bytes === reported || (!isLast && bytes - reported < UPLOAD_EVENT_BYTES)) return;
      reported = bytes;
      onUpload({ type: 'upload', bytes, total }, isLast);
    };
    return { ...body, onSent };
  };
  return { ...source, open };
}

/** Rejects a source without bytes, from which an engine would make an empty image. */
export function filledSource(source: BodySource, place: string): BodySource {
  const refuseEmpty = (bytes: number | undefined): void => {
    if (bytes === 0) throw new UploadError(`${place} gave no bytes, which is not a tar: has it been read before?`);
  };
  const open = async (): Promise<RequestBody> => {
    const body = await source.open();
    refuseEmpty('bytes' in body ? body.bytes.length : body.length);
    const onSent = (bytes: number, isAll: boolean): void => {
      body.onSent?.(bytes, isAll);
      refuseEmpty(isAll ? bytes : undefined);
    };
    return { ...body, onSent };
  };
  return { ...source, open };
}

function remedyFor(data: unknown): string {
  if (typeof data === 'string') return ': for a file, give { path }';
  if (typeof data === 'function') return ': give what it returns';
  if (typeof data !== 'object' || data === null) return '';
  if (isUrl(data)) return data.protocol === 'file:' ? ': give { path: url }' : ': fetch it, and give the Response';
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return ': wrap it, as in new Uint8Array(buffer)';
  if ('then' in data) return ': await the promise first';
  if ('createReadStream' in data) return ': give its createReadStream()';
  if ('file' in data || 'filename' in data) return ': give { path }';
  return Symbol.iterator in data ? ': give Readable.from(it), or Buffer.concat(it)' : '';
}

/** Returns the remedy for a value; also for one that only `importImage` accepts. */
function importRemedyFor(data: unknown): string {
  const isObject = typeof data === 'object' && data !== null;
  const isContent = isObject && (isBytes(data) || isBlob(data) || isFetched(data) || 'path' in data);
  return typeof data === 'string' || isUrl(data) || isContent ? ': importImage takes it' : remedyFor(data);
}

async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  // The type of a Blob's stream comes from the DOM, which Node's types leave out.
  yield* blob.stream() as unknown as AsyncIterable<Uint8Array>;
}
