// File access for archives. The code that reads and writes files is loaded when it is first used.

import { ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { RequestBody } from '../../connection/engine-request.ts';
import type { Format } from '../compression.ts';
import { absolutePath } from './paths.ts';
import type { CompressedFile, FileSink } from './write-archive.ts';

/** What the client does with files. */
export const files = {
  absolutePath,
  enlargeReads,
  /** Returns a file as the content of a request; see read-archive.ts. */
  fileBody: async (path: string): Promise<RequestBody> => (await import('./read-archive.ts')).fileBody(path),
  /** Opens a sink that creates or replaces a file; see write-archive.ts. */
  createFile: async (path: string): Promise<FileSink> => (await import('./write-archive.ts')).createFile(path),
  /** Opens a sink that compresses into a file; see ../compression.ts. */
  createCompressedFile: async (path: string, format: Format): Promise<CompressedFile> => {
    const { compressedFile } = await import('../compression.ts');
    return compressedFile(() => files.createFile(path), format);
  },
};

/** The high-water mark of `createReadStream` by default. */
const DEFAULT_READ_BYTES = 64 * 1024;
/** The size of enlarged reads. */
const LARGE_READ_BYTES = 1024 * 1024;

/**
 * Makes a file stream read in large blocks, if it is unused and has the default high-water mark: a Node stream raises its mark
 * when more bytes are requested. This halves the time of a load. (The path is not opened again, because that would lose
 * the range, the signal and the file system of the stream.)
 */
function enlargeReads(stream: Readable): void {
  if (!(stream instanceof ReadStream)) return;
  const { readableFlowing, readableLength, bytesRead, destroyed, readableHighWaterMark } = stream;
  const isNew = readableFlowing === null && readableLength === 0 && bytesRead === 0 && stream.listenerCount('readable') === 0;
  if (isNew && !destroyed && readableHighWaterMark === DEFAULT_READ_BYTES) stream.read(LARGE_READ_BYTES); // returns null, and raises the mark
}
