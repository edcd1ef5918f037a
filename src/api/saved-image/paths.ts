// Paths inside a saved image, and the digests that they promise.

import { escapeText } from '../../bytes.ts';
import { DigestError } from '../../errors.ts';
import { digestGrammar } from '../reference.ts';

/** A path without what says nothing: `../../docker/`, `//`, `a/../`. Above its top an archive has nothing. */
export function normal(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}

/**
 * Where a symbolic link leads. Throws where readers of archives disagree: for a target that begins with `/` or leads above
 * the top, and for `..` behind a name, which may be that of another link.
 */
export function linkTarget(path: string, linkname: string): string {
  const segments = linkname.split('/').filter((segment) => segment !== '' && segment !== '.');
  const ups = segments.findIndex((segment) => segment !== '..');
  const depth = path.split('/').length - 1;
  const isPlain = ups !== -1 && ups <= depth && !segments.includes('..', ups);
  if (isPlain && !linkname.startsWith('/')) return normal(`${path}/../${linkname}`);
  const message = `in the archive, the link ${quote(path)} leads to ${quote(linkname)}, which not all programs follow to the same file`;
  throw new DigestError(message, { path, expected: undefined, actual: undefined });
}

/**
 * The digest that a name promises: `blobs/sha256/<hex>` (OCI image-spec, "OCI Image Layout"), `<hex>.json` for a
 * config, and `<hex>.tar` for a layer of Podman's (containers/image `docker/internal/tarfile/writer.go`). Throws for any
 * other name below `blobs/`: nothing could vouch for what it holds.
 */
export function promisedDigest(path: string): string | undefined {
  const [, file] = /^([0-9a-f]{64})\.(?:json|tar)$/.exec(path) ?? [];
  if (file !== undefined) return `sha256:${file}`;
  if (!path.startsWith('blobs/')) return undefined;
  const digest = path.slice('blobs/'.length).replace('/', ':');
  if (digestGrammar.test(digest)) return digest;
  const message = `in the archive, ${quote(path)} is not named by a digest in SHA-256, SHA-384 or SHA-512`;
  throw new DigestError(message, { path, expected: undefined, actual: undefined });
}

/** Where the OCI layout has the content of that digest; throws for what is not a digest, and so could lead anywhere. */
export function blobPath(digest: string): string {
  if (digestGrammar.test(digest)) return `blobs/${digest.replace(':', '/')}`;
  const message = `the archive refers to ${quote(digest)}, which is not a digest in SHA-256, SHA-384 or SHA-512`;
  throw new DigestError(message, { path: digest, expected: undefined, actual: undefined });
}

/** A path for an error message. */
export function quote(path: string): string {
  return `"${escapeText(path)}"`;
}
