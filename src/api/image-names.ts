// What a name that a method is given means to it.

import { ArgumentError, InvalidReferenceError } from '../errors.ts';
import { formatReference, parseReference, withTag } from './reference.ts';
import type { Reference } from './reference.ts';

/** `latest` where neither a tag nor a digest is said. */
export function withDefaultTag(reference: Reference): Reference {
  return (reference.tag ?? reference.digest) === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** A digest is computed, never given to an image. */
export function withoutDigest(method: string, reference: Reference): Reference {
  if (reference.digest === undefined) return reference;
  throw new InvalidReferenceError(`${method} needs a tag, and "${formatReference(reference)}" has a digest`);
}

/** The name with its tag inside: Podman 4.3 ignores a tag beside it. */
export function importedName(repository: string | undefined, tag: string | undefined): string | undefined {
  if (repository === undefined) {
    if (tag !== undefined) throw new ArgumentError('a tag needs a repository');
    return undefined;
  }
  return formatReference(withDefaultTag(withoutDigest('importImage', withTag(parseReference(repository), tag))));
}

/** `"127.0.0.1:5000/x"` is searched there; a term without a host, on the Docker Hub. */
export function searchedHost(term: string): string {
  const first = term.split('/')[0] ?? '';
  return term.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/**
 * The term with the host of the registry that is meant. Podman searches a term without a host in the registries of its own
 * configuration, and sends them the credentials of the call; and it takes for a host what is before the first slash,
 * whatever it is.
 */
export function withSearchedHost(term: string): string {
  const host = searchedHost(term);
  return term.startsWith(`${host}/`) ? term : `${host}/${term}`;
}

/** An engine saves what a digest names without a name; the tag beside it is overlooked. */
export function warnOfLostName(image: string, warn: Warn): void {
  if (!image.includes('@')) return;
  const reference = parseReference(image);
  if (reference.tag === undefined) return;
  const named = formatReference({ ...reference, digest: undefined });
  const message = `${image} has a tag and a digest: engines save it without its name; to keep the name, give ${named}`;
  warn({ kind: 'lost-name', subject: image, message });
}

/** Tells of a warning; `Warn` of the client is one. */
type Warn = (warning: { readonly kind: 'lost-name'; readonly subject: string; readonly message: string }) => void;
