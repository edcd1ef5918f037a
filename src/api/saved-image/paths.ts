// Paths inside a saved image, and the digests that they contain.

import { escapeText } from '../../bytes.ts';
import { DigestError } from '../../errors.ts';
import { isDigest } from '../reference.ts';

/** Normalizes a path: resolves `.`, `..`, `//` and a slash at the end. `..` does not lead above the top of the archive. */
export function normalizePath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}

/**
 * The path that a symbolic link leads to. Throws a `DigestError` for targets that programs resolve differently: those that
 * begin with `/` or lead above the top, and `a/../b`, because `a` may be a link.
 */
export function linkTarget(path: string, linkname: string): string {
  const segments = linkname.split('/').filter((segment) => segment !== '' && segment !== '.');
  const ups = segments.findIndex((segment) => segment !== '..');
  const depth = path.split('/').length - 1;
  const isPlain = ups !== -1 && ups <= depth && !segments.includes('..', ups);
  if (isPlain && !linkname.startsWith('/')) return normalizePath(`${path}/../${linkname}`);
  throw digestError(`the archive has a link ${quote(path)} to ${quote(linkname)}, which programs resolve differently`, path);
}

/**
 * The digest that the path contains: `blobs/sha256/<hex>` (OCI image-spec, "OCI Image Layout"), `<hex>.json` for a config,
 * `<hex>.tar` for a layer that Podman saved (containers/image `docker/internal/tarfile/writer.go`). Throws a `DigestError`
 * for other names below `blobs/`: their content could not be verified.
 */
export function digestInPath(path: string): string | undefined {
  const [, hex] = /^([0-9a-f]{64})\.(?:json|tar)$/.exec(path) ?? [];
  if (hex !== undefined) return `sha256:${hex}`;
  if (!path.startsWith('blobs/')) return undefined;
  const digest = path.slice('blobs/'.length).replace('/', ':');
  if (isDigest(digest)) return digest;
  throw digestError(`the archive has a blob ${quote(path)} that is not named by a digest in SHA-256, SHA-384 or SHA-512`, path);
}

/** The path of a digest's content in the OCI layout. Throws a `DigestError` for a text that is not a digest. */
export function blobPath(digest: string): string {
  if (isDigest(digest)) return `blobs/${digest.replace(':', '/')}`;
  throw digestError(`the archive refers to ${quote(digest)}, which is not a digest in SHA-256, SHA-384 or SHA-512`, digest);
}

/** Makes the error for one path of the archive. */
export function digestError(message: string, path: string, expected?: string, actual?: string): DigestError {
  return new DigestError(message, { path, expected, actual });
}

/** A path or a digest for an error message. */
export function quote(path: string): string {
  return `"${escapeText(path)}"`;
}
