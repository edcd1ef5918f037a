// What a caller may give to be sent, as content of a request.

import { Readable } from 'node:stream';
import type { ArchiveFiles } from './connection/files.ts';
import type { RequestBody } from './connection/wire.ts';
import type { BodySource } from './engine.ts';
import { ArgumentError } from './errors.ts';
import type { OnUpload } from './progress-stream.ts';
import { readableGroups } from './readable-groups.ts';

/** Bytes, anything that yields bytes (Node's and the web's streams do), a Blob, or a file by its path. */
export type UploadData = Uint8Array | AsyncIterable<Uint8Array> | Blob | { readonly path: string };

/** Checks the argument now; opens it when it is sent. */
export function bodySource(data: unknown, files: ArchiveFiles): BodySource {
  if (data instanceof Uint8Array) return { open: () => ({ bytes: data }), repeatable: true };
  if (data instanceof Blob) return { open: () => ({ chunks: blobChunks(data), length: data.size }), repeatable: true };
  if (data instanceof Readable) return streamSource(data, files);
  if (isAsyncIterable(data)) return iterableSource(data);
  const path = typeof data === 'object' && data !== null && 'path' in data ? data.path : undefined;
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) {
    return { open: () => files.openFile(path), repeatable: true };
  }
  throw new ArgumentError('the data must be a Uint8Array, an async iterable of them, a Blob, or { path }');
}

/** A stream of Node's, which is read once. */
function streamSource(stream: Readable, files: ArchiveFiles): BodySource {
  let begun = false;
  const iterator = (): AsyncIterator<readonly Uint8Array[]> => {
    begun = true;
    files.inLargeReads(stream);
    return readableGroups(stream);
  };
  const discard = (): void => {
    if (!begun) stream.destroy(); // its own iterator does nothing in `return` before its first step
  };
  return { open: () => ({ groups: { [Symbol.asyncIterator]: iterator } }), repeatable: false, discard };
}

/** A source that is walked once. Where no call came so far as to begin, it is begun to be told that it is over. */
function iterableSource(data: AsyncIterable<Uint8Array>): BodySource {
  let begun = false;
  const iterator = (): AsyncIterator<Uint8Array> => {
    begun = true;
    return data[Symbol.asyncIterator]();
  };
  const discard = (): void => {
    if (begun) return;
    if ('destroy' in data && typeof data.destroy === 'function') data.destroy(); // somebody else's kind of stream
    else void Promise.resolve(iterator().return?.()).catch(() => {}); // its complaints have no reader
  };
  return { open: () => ({ chunks: { [Symbol.asyncIterator]: iterator } }), repeatable: false, discard };
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
      const done = isAll || bytes === total;
      if (bytes === told || (!done && bytes - told < UPLOAD_EVENT_BYTES)) return;
      told = bytes;
      onUpload({ type: 'upload', bytes, total }, done);
    };
    return { ...body, onSent };
  };
  return { ...source, open };
}

/** A source of chunks that are made anew each time. */
export function chunksSource(make: () => AsyncIterable<Uint8Array>, repeatable: boolean): BodySource {
  return { open: (): RequestBody => ({ chunks: make() }), repeatable };
}

/** Whether `for await` takes it. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  // A Blob's stream is typed by the DOM, which Node's own types leave out.
  yield* blob.stream() as unknown as AsyncIterable<Uint8Array>;
}
